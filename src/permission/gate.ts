/**
 * The only maker of pane handles: finds what a caller named by exact comparison, lets the policy judge it, and
 * hands out the handle that fits the access asked for, no more.
 */
import { PanewrightError } from '../errors.js';
import type { LoadedConfig } from '../config/schema.js';
import {
  DestroyPane,
  ReadPane,
  WritePane,
  type HandleFor,
  type Leave,
  type Terminal,
} from '../panes/pane.js';
import { newSessionCommand, unusableName, type SessionOptions } from '../panes/session.js';
import { pickPane, pickSession, stillMeans, type Target } from '../panes/targets.js';
import type { Condition } from '../tmux/conditions.js';
import {
  BRIEF_LISTING,
  isLinked,
  LISTING,
  type BriefRow,
  type ListedRow,
  type PaneRow,
  type RowFormat,
} from '../tmux/formats.js';
import { judge, visible, type Access } from './policy.js';

const HANDLES: {
  [A in Access]: new (row: PaneRow, terminal: Terminal, condition?: Condition, leave?: Leave) => HandleFor[A];
} = {
  read: ReadPane,
  write: WritePane,
  destroy: DestroyPane,
};

/** A handle and the rule that let it be made. */
export interface Admission<A extends Access> {
  readonly pane: HandleFor[A];
  readonly rule: string;
  /** All sessions that the pane can be reached from; each was judged. */
  readonly sessions: readonly string[];
}

/** Makes what a handle asks before it writes. @param sessions all that were judged @param rule that let it be made */
export type LeaveFor = (sessions: readonly string[], rule: string) => Leave;

export class Gate {
  readonly #terminal: Terminal;
  /** What targets meant when they were last looked up; tmux checks at every act whether they still do. */
  readonly #found = new Map<string, Found>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /**
   * Resolves with a handle, or rejects with what the policy or the lookup says.
   * @param trusting take the pane that the target meant last time. Every act of the handle is conditional on the
   *   target still meaning that pane, in the same sessions; when not, it rejects with PaneMoved, nothing done.
   */
  async open<A extends Access>(
    target: Target,
    access: A,
    config: LoadedConfig,
    trusting = false,
    leaveFor?: LeaveFor,
  ): Promise<Admission<A>> {
    // The name alone is judged first: a refusal must not tell whether the session exists.
    const verdict = judgeOrThrow(access, [target.session], config, target.session);
    const known = trusting ? this.#known(target, access, config) : undefined;
    const { row, sessions, condition } = known ?? (await this.#find(target, config));
    const rule = sessions.length > 1 ? judgeOrThrow(access, sessions, config, target.session) : verdict;
    const pane = new HANDLES[access](row, this.#terminal, condition, leaveFor?.(sessions, rule));
    return { pane, rule, sessions };
  }

  /** What the target meant last, unless that cannot be checked, or would be refused: a refusal must be true now. */
  #known(target: Target, access: Access, config: LoadedConfig): Found | undefined {
    const found = this.#found.get(keyOf(target));
    const asked = target.session;
    return found && !isLinked(found.row) && judge({ access, sessions: found.sessions, config, asked }).allow
      ? found
      : undefined;
  }

  async #find(target: Target, config: LoadedConfig): Promise<Found> {
    this.#found.delete(keyOf(target));
    const rows = await this.#rows(target.session, config);
    const row = await this.#pick(rows, target, config);
    const found = { row, sessions: await this.#sessionsOf(row), condition: stillMeans(target, row) };
    if (this.#found.size > 1_000) this.#found.clear();
    this.#found.set(keyOf(target), found);
    return found;
  }

  /** The pane meant; an error lists only what may be seen. */
  async #pick(rows: readonly PaneRow[], target: Target, config: LoadedConfig): Promise<PaneRow> {
    try {
      return pickPane(rows, target);
    } catch (error) {
      if (!rows.some(isLinked)) throw error;
      const seen = new Set((await this.visiblePanes(config)).map(({ paneId }) => paneId));
      const rest = rows.filter(({ paneId }) => seen.has(paneId));
      if (rest.length > 0) pickPane(rest, target);
      // What was meant by default is hidden.
      judgeOrThrow('read', [], config, target.session);
      throw error;
    }
  }

  /** The sessions that the pane can be reached from now; undefined when it is gone. */
  async sessionsNow({ row: before }: ReadPane): Promise<string[] | undefined> {
    const { tmux } = this.#terminal;
    const row = await tmux.pane(before);
    if (row?.serverPid === before.serverPid && !isLinked(row)) return [row.sessionName];
    const rows = (await tmux.panes()).filter(({ serverPid }) => serverPid === before.serverPid);
    const here = rows.filter(({ paneId }) => paneId === before.paneId);
    // Of a pane that is gone, its session under the name that it has now.
    const found = here.length > 0 ? here : rows.filter(({ sessionId }) => sessionId === before.sessionId);
    return found.length > 0 ? [...new Set(found.map(({ sessionName }) => sessionName))] : undefined;
  }

  /** Makes a session and resolves with the handle of its pane. */
  async create(
    options: SessionOptions,
    config: LoadedConfig,
    leaveFor?: LeaveFor,
    judged?: (rule: string) => void,
  ): Promise<WritePane> {
    const { tmux, machine } = this.#terminal;
    const rule = judgeOrThrow('write', [options.name], config, options.name);
    if ((await tmux.sessions()).some((session) => session.sessionName === options.name))
      throw sessionExists(options.name);
    const workingDir = await machine.directory(options.workingDir);
    const command = newSessionCommand({ ...options, workingDir });
    judged?.(rule);
    const made = await tmux.start(command).catch((error: unknown) => {
      // Somebody may have made it just now; tmux takes no name twice.
      const isTaken = error instanceof PanewrightError && error.message.includes('duplicate session');
      throw isTaken ? sessionExists(options.name) : error;
    });
    const [sessionId = '', , paneId = ''] = made.split('\t');
    const row = await tmux.pane({ sessionId, paneId: paneId.trim() });
    if (row?.sessionName === options.name)
      return new WritePane(row, this.#terminal, undefined, leaveFor?.([options.name], rule));
    if (row) {
      // What can be shown is for the C library of its machine to say: this name was changed, and is another's.
      await tmux.run(['kill-session', '-t', sessionId]);
      throw unusableName(options.name);
    }
    throw new PanewrightError(
      'AGENT_NOT_FOUND',
      `the program of session ${JSON.stringify(options.name)} ended as soon as it was started.`,
      'Check that it is installed, on PATH, and runs by hand in that directory.',
    );
  }

  /** Judges what touches no existing pane: a session by name, or nothing at all. */
  admit(access: Access, session: string | null, config: LoadedConfig): string {
    return judgeOrThrow(access, session === null ? null : [session], config, session ?? undefined);
  }

  /** Every pane of every session that may be seen. */
  visibleRows(config: LoadedConfig): Promise<ListedRow[]> {
    return this.#visible(LISTING, config);
  }

  /** The same, with less of each. */
  visiblePanes(config: LoadedConfig): Promise<BriefRow[]> {
    return this.#visible(BRIEF_LISTING, config);
  }

  async #visible<Row extends BriefRow>(format: RowFormat<Row>, config: LoadedConfig): Promise<Row[]> {
    const rows = await this.#terminal.tmux.listing(format);
    const names = new Set(rows.map((row) => row.sessionName));
    const seen = new Set([...names].filter((name) => visible(name, config)));
    if (seen.size === names.size) return rows;
    // A pane that can also be reached from a hidden session is hidden with it.
    const hidden = new Set(rows.filter((row) => !seen.has(row.sessionName)).map((row) => row.paneId));
    return rows.filter((row) => !hidden.has(row.paneId));
  }

  async #rows(session: string, config: LoadedConfig): Promise<PaneRow[]> {
    const { tmux } = this.#terminal;
    // Twice at most: a session may end, and its name be taken by another, between the two questions.
    for (let attempt = 0; attempt < 2; attempt++) {
      const { sessionId } = pickSession(await tmux.sessions(), session, (name) => visible(name, config));
      const rows = await tmux.panes(sessionId).catch((error: unknown) => {
        if (error instanceof PanewrightError && error.code === 'TMUX_ERROR') return [];
        throw error;
      });
      if (rows[0]?.sessionName === session) return rows;
    }
    throw new PanewrightError(
      'SESSION_NOT_FOUND',
      `session ${JSON.stringify(session)} is coming and going.`,
      'Call list_sessions and try again.',
    );
  }

  /** All sessions that the pane can be reached from: its window may be linked, or its session grouped. */
  async #sessionsOf(row: PaneRow): Promise<string[]> {
    if (!isLinked(row)) return [row.sessionName];
    const rows = await this.#terminal.tmux.panes();
    return [...new Set(rows.filter((r) => r.paneId === row.paneId).map((r) => r.sessionName))];
  }
}

/** What a target meant. */
interface Found {
  readonly row: PaneRow;
  /** All sessions that the pane can be reached from. */
  readonly sessions: readonly string[];
  readonly condition: Condition;
}

function keyOf({ session, window, pane }: Target): string {
  return JSON.stringify([session, window ?? null, pane ?? null]);
}

function sessionExists(name: string): PanewrightError {
  return new PanewrightError(
    'SESSION_EXISTS',
    `there is a tmux session ${JSON.stringify(name)} already.`,
    'Use it by its name with session_send, or choose another name.',
  );
}

export function judgeOrThrow(
  access: Access,
  sessions: readonly string[] | null,
  config: LoadedConfig,
  asked: string | undefined,
): string {
  const verdict = judge({ access, sessions, config, asked });
  if (verdict.allow) return verdict.rule;
  throw new PanewrightError(verdict.code, verdict.text);
}
