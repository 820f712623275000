/** What the session tools have at hand besides: sessions by name, each opened through the gate. */
import type { LoadedConfig } from '../config/schema.js';
import { PanewrightError } from '../errors.js';
import type { DestroyPane, HandleFor } from '../panes/pane.js';
import type { Permit } from '../permission/permit.js';
import { judge, visible, type Access } from '../permission/policy.js';
import type { SessionRecord } from '../profile/session/record.js';
import type { Door, Sessions } from '../profile/session/sessions.js';
import type { Terminals } from './terminals.js';

export interface SessionContext {
  readonly sessions: Sessions;
  readonly door: Door;
  /** Names of the live tmux sessions that may be seen. */
  sessionNames(): Promise<ReadonlySet<string>>;
  /** Rejects what the policy does not allow the running tool to do to a session of this name. */
  admit(name: string): void;
  /** To be called before anything is changed that belongs to no pane; rejects like `admit`. */
  attempt(name: string): Promise<void>;
  maySee(name: string): boolean;
  /** The session's pane, for ending it; undefined when it is not alive. */
  destroyable(name: string): Promise<DestroyPane | undefined>;
  /**
   * To be called when there is no session of the record's name: rejects when it was only renamed, or the pane that was
   * made for it moved to another one.
   */
  notElsewhere(record: SessionRecord, hint: string): Promise<void>;
  isInstalled(program: string): Promise<boolean>;
}

export function sessionContext(
  terminals: Terminals,
  { access, queues }: { readonly access: Access; readonly queues?: boolean },
  permit: Permit,
  config: LoadedConfig,
): SessionContext {
  const find = async <A extends Access>(name: string, as: A): Promise<HandleFor[A] | undefined> => {
    try {
      const { pane, rule } = await permit.open({ session: name }, as);
      if (!queues) permit.attempted(rule);
      return pane;
    } catch (error) {
      if (error instanceof PanewrightError && error.code === 'SESSION_NOT_FOUND') return undefined;
      throw error;
    }
  };
  return {
    sessions: terminals.sessions,
    door: {
      // Judged as what the tool is: a tool that only reads gets a handle whose writing parts it must not use, so
      // what it may call is limited by the driver's types.
      find: (name) => find(name, access === 'read' ? 'read' : 'write') as ReturnType<Door['find']>,
      create: (options) => permit.create(options),
    },
    sessionNames: async () =>
      new Set(
        (await terminals.tmux.sessions()).map((s) => s.sessionName).filter((name) => visible(name, config)),
      ),
    admit: (name) => {
      const verdict = judge({ access, sessions: [name], config, asked: name });
      if (!verdict.allow) throw new PanewrightError(verdict.code, verdict.text);
    },
    attempt: async (name) => permit.attempted(await permit.admit(access, name)),
    maySee: (name) => visible(name, config),
    destroyable: (name) => find(name, 'destroy'),
    async notElsewhere({ name, owned }, hint) {
      const row = (await terminals.tmux.panes()).find(
        ({ paneId, serverPid }) => paneId === owned?.pane_id && serverPid === owned.server_pid,
      );
      if (!row || (row.dead && access !== 'destroy')) return;
      const home = visible(row.sessionName, config)
        ? `session ${JSON.stringify(row.sessionName)}`
        : 'another session';
      throw new PanewrightError(
        'SESSION_NOT_FOUND',
        `what was started as session ${JSON.stringify(name)} lives on in ${home}.`,
        hint,
      );
    },
    isInstalled: (program) => terminals.terminal.machine.isInstalled(program),
  };
}
