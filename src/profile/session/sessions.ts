/**
 * The sessions that tools speak of by name: those on record, started by us or adopted, and every live tmux
 * session besides. Finds the record, the profile and the driver; the drivers do the rest.
 */
import { PanewrightError } from '../../errors.js';
import type { Machine } from '../../panes/machine.js';
import type { ReadPane, WritePane } from '../../panes/pane.js';
import { checkedName, type SessionOptions } from '../../panes/session.js';
import { TmuxSilent } from '../../tmux/lost.js';
import type { Profile } from '../contract.js';
import type { LaunchSite } from '../agent/launch.js';
import type { Engine } from '../engine.js';
import type { Driver, Launch, Subject } from './driver.js';
import { nameConversation, newRecord, type SessionRecord } from './record.js';
import type { SessionStore } from './store.js';

export interface StartRequest {
  readonly name?: string | undefined;
  readonly profile?: string | undefined;
  readonly conversation?: string | undefined;
  readonly workingDir?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly trust: 'ask' | 'accept';
}

/** What the permission room lets a call do. */
export interface Door {
  /** The pane of the live session, or undefined when there is none of this name. */
  find(name: string): Promise<WritePane | undefined>;
  create(options: SessionOptions): Promise<WritePane>;
}

export interface SessionDrivers {
  for(profile: Profile): Driver;
  /** What must be known of the machine before a program is launched there. */
  site(record: SessionRecord, profile: Profile): Promise<LaunchSite | undefined>;
  /** May change the record: a conversation id, a folder for events. */
  launch(record: SessionRecord, profile: Profile, site: LaunchSite | undefined): Launch;
  /** After the program was started: answers what the caller allowed to be answered. */
  started?(subject: Subject<WritePane>): Promise<void>;
}

export class Sessions {
  readonly #engine: Engine;
  readonly #store: SessionStore;
  readonly #drivers: SessionDrivers;
  readonly #machine: Machine;

  /** @param machine on which the sessions run */
  constructor(engine: Engine, store: SessionStore, drivers: SessionDrivers, machine: Machine) {
    this.#machine = machine;
    this.#engine = engine;
    this.#store = store;
    this.#drivers = drivers;
  }

  profileNamed(name: string | undefined): Profile {
    const { catalog } = this.#engine;
    const profile = name === undefined ? catalog.defaultProfile() : catalog.named(name);
    if (profile?.launch) return profile;
    const known = catalog
      .all()
      .filter((p) => p.launch)
      .map((p) => p.name);
    throw new PanewrightError(
      'PROFILE_UNKNOWN',
      `there is no profile ${JSON.stringify(name)} that can be started. Profiles: ${known.join(', ')}.`,
      'Use one of these, or add a profile file.',
    );
  }

  /** Name of the program that sessions are started with by default. */
  defaultProgram(): string | undefined {
    return this.#engine.catalog.defaultProfile()?.launch?.[0];
  }

  /**
   * Starts a program in a new session under the first free name: `<profile>-1`, `-2` and so on. Another call, or
   * another process, may take it first.
   * @param admit rejects a name that the caller may not use
   */
  async startUnnamed(
    request: StartRequest,
    door: Door,
    taken: ReadonlySet<string>,
    admit: (name: string) => void,
  ): Promise<Subject<WritePane>> {
    const profile = this.profileNamed(request.profile);
    for (let n = 1; ; n++) {
      const name = `${profile.name}-${n}`;
      if (taken.has(name) || this.#store.get(name)) continue;
      admit(name);
      try {
        return await this.start(name, request, door, true);
      } catch (error) {
        if (!isTaken(error)) throw error;
      }
    }
  }

  /**
   * Starts a program in a new session of its own.
   * @param isNew whether a session on record that is not running is in the way, too
   */
  async start(name: string, request: StartRequest, door: Door, isNew = false): Promise<Subject<WritePane>> {
    checkedName(name);
    const profile = this.profileNamed(request.profile);
    const workingDir = await this.#machine.directory(request.workingDir ?? '~');
    return this.#store.starting(name, async () => {
      if ((isNew && this.#store.get(name)) || (await door.find(name)))
        throw new PanewrightError(
          'SESSION_EXISTS',
          `there is a session ${JSON.stringify(name)} already.`,
          'Send to it with session_send, or choose another name.',
        );
      const before = structuredClone(this.#store.get(name));
      await this.#store.update(
        name,
        (record) => {
          record.profile = profile.name;
          record.created = new Date().toISOString();
          record.working_dir = workingDir;
          record.args = [...(request.args ?? [])];
          record.env = { ...request.env };
          record.conversation_id = null;
          delete record.named;
          delete record.transcript;
          if (request.conversation !== undefined) nameConversation(record, request.conversation);
          record.events_dir = null;
          record.owned = null;
          record.trust = request.trust;
          record.turns = [];
          record.next_turn = 1;
        },
        () => newRecord(name, profile.name, workingDir),
      );
      try {
        return await this.#launch(name, door);
      } catch (error) {
        // What could not be started leaves no trace, and takes nothing away. A tmux that did not answer is not asked
        // again: the caller has waited for it. A session that was there first is another's.
        const isAsked = !(error instanceof TmuxSilent) && !isTaken(error);
        const isAlive = isAsked ? await door.find(name) : this.#store.get(name)?.owned != null;
        if (!isAlive) await this.#restore(name, before);
        throw error;
      }
    });
  }

  async #restore(name: string, before: SessionRecord | undefined): Promise<void> {
    if (!before) await this.#store.remove(name);
    else
      await this.#store.update(name, (record) => {
        for (const key of Object.keys(record)) Reflect.deleteProperty(record, key);
        Object.assign(record, before);
      });
  }

  /** The session on record, its program started again in a new session or in the pane that outlived it. */
  revive(name: string, door: Door): Promise<Subject<WritePane>> {
    return this.#store.starting(name, async () => {
      const pane = await door.find(name);
      if (!pane) return this.#launch(name, door);
      const subject = await this.subject(pane, name);
      const ended =
        pane.row.dead || (await this.driver(subject.profile).status(subject, false)).state === 'exited';
      // Another call was faster.
      return ended ? this.#launch(name, door, pane) : subject;
    });
  }

  async #launch(name: string, door: Door, dead?: WritePane): Promise<Subject<WritePane>> {
    await this.#machine.directory(this.#store.get(name)?.working_dir ?? '~');
    await this.caughtUp(name);
    let started: { profile: Profile; launch: Launch } | undefined;
    const known = this.#store.get(name);
    const site = known && (await this.#drivers.site(known, this.profileNamed(known.profile)));
    const record = await this.#store.update(name, (now) => {
      const profile = this.profileNamed(now.profile);
      started = { profile, launch: this.#drivers.launch(now, profile, site) };
    });
    await site?.settled();
    const { profile, launch } = started as unknown as { profile: Profile; launch: Launch };
    const options = { ...launch, env: { ...record.env, ...launch.env }, workingDir: record.working_dir };
    if (dead) await dead.respawn(options);
    const pane = dead ? await dead.renewed() : await door.create({ name, ...options });
    const owned = { pane_id: pane.id, server_pid: pane.row.serverPid };
    const written = await this.#store.update(name, (now) => {
      now.owned = owned;
    });
    if (profile.shell === undefined) await pane.remainOnExit(true);
    const subject = { record: written, profile, pane };
    await this.#drivers.started?.(subject);
    return subject;
  }

  /** The live session behind a name, with its record; a session without one is adopted by what runs in it. */
  async subject<P extends ReadPane>(pane: P, name: string): Promise<Subject<P>> {
    const known = this.#store.get(name);
    const running = await this.running(pane);
    if (known) {
      const profile = this.#engine.catalog.named(known.profile) ?? running;
      if (profile) return { record: known, profile, pane };
    }
    if (running) return { record: newRecord(name, running.name, pane.row.path), profile: running, pane };
    throw new PanewrightError(
      'AGENT_NOT_FOUND',
      `nothing that a profile knows runs in ${pane.target}: it is ${pane.row.command || 'unknown'}.`,
      'Use the terminal tools there, or start a program with session_start.',
    );
  }

  /** What runs in a pane, as far as a profile knows it: the shell, too, while it waits for its command. */
  async running({ row, machine }: ReadPane): Promise<Profile | undefined> {
    const { catalog } = this.#engine;
    const profile = notCarrier(await catalog.ofPane(row, machine));
    return profile ?? notCarrier(catalog.forCommand((await machine.nameOf(row.pid)) ?? ''));
  }

  driver(profile: Profile): Driver {
    return this.#drivers.for(profile);
  }

  record(name: string): SessionRecord | undefined {
    return this.#store.get(name);
  }

  /** The record, in which how turns ended that nobody waited for is noted. */
  async caughtUp(name: string, pane?: ReadPane): Promise<SessionRecord | undefined> {
    const record = this.#store.get(name);
    const profile = record && this.#engine.catalog.named(record.profile);
    return profile ? ((await this.driver(profile).catchUp?.(record, pane)) ?? record) : record;
  }

  records(): SessionRecord[] {
    return this.#store.list();
  }

  get damaged(): readonly string[] {
    return this.#store.damaged;
  }

  get distrusted(): SessionStore['distrusted'] {
    return this.#store.distrusted;
  }

  /** Sets the conversation that the session goes on with when it is started again. */
  nameConversation(name: string, id: string, initial?: SessionRecord): Promise<SessionRecord> {
    return this.#store.update(
      name,
      (record) => {
        nameConversation(record, id);
      },
      initial && (() => initial),
    );
  }

  /** Why the newest state of a session is not on disk; undefined when it is. */
  unsaved(name: string): string | undefined {
    return this.#store.unsaved(name);
  }

  get unsavedNames(): readonly string[] {
    return this.#store.unsavedNames;
  }

  async forget(name: string): Promise<void> {
    const folder = this.#store.get(name)?.events_dir;
    if (folder != null) await this.#machine.mirror?.remove(folder);
    return this.#store.remove(name);
  }

  /** Whether the pane is the one that was made for the record. */
  owns(record: SessionRecord | undefined, pane: ReadPane): boolean {
    return record?.owned?.pane_id === pane.id && record.owned.server_pid === pane.row.serverPid;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof PanewrightError && error.code === 'SESSION_EXISTS';
}

function notCarrier(profile: Profile | undefined): Profile | undefined {
  return profile?.carrier === true ? undefined : profile;
}
