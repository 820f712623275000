/** The files by which an agent speaks: its hooks' reports, its status file, its transcript. Read, never written. */
import { mkdirSync, readdirSync, readFileSync, statSync, unlinkSync, watch, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mirror } from '../../panes/mirror.js';
import type { ReadPane } from '../../panes/pane.js';
import { candidates, isZombie } from '../../panes/process.js';
import { environmentOf, startTicks, type Proc } from '../../tmux/proc.js';
import type { PaneRow } from '../../tmux/formats.js';
import type { AgentEvent, AgentFacts, AgentLaunchPlan, AgentRecord, AgentStatus } from '../contract.js';
import type { SessionRecord } from '../session/record.js';
import { GrowingFile } from './growing.js';

/** A report and when it was made, in nanoseconds since the epoch as text that sorts. */
export type StampedEvent = AgentEvent & { readonly at: string; readonly path: string };

/** When a report was made, in milliseconds since the epoch. */
export const madeAt = ({ at }: StampedEvent): number => Number(at) / 1e6;

interface Transcript {
  readonly file: GrowingFile;
  reader: ReturnType<AgentFacts['recordReader']>;
}

/** Transcripts that are kept in memory. */
const KEPT_TRANSCRIPTS = 100;

/** Of processes that were not asked for, nothing is known. */
const nothing: Proc = (path) => {
  throw new Error(`no ${path}`);
};

export class AgentFiles {
  readonly #facts: AgentFacts;
  /** Reports are immutable: each file is read once. */
  readonly #events = new Map<string, StampedEvent | undefined>();
  /** Conversations that were read lately, the latest last. */
  readonly #transcripts = new Map<string, Transcript>();

  readonly #mirror: Mirror | undefined;
  /** What was last fetched of panes' processes, by the pane's own. */
  readonly #processes = new Map<number, Proc>();
  #settling: Promise<unknown> = Promise.resolve();

  /** @param mirror of the machine on which the program runs; absent for this one */
  constructor(facts: AgentFacts, mirror?: Mirror) {
    this.#facts = facts;
    this.#mirror = mirror;
  }

  /** Where a file of the program's is to be read: itself, or its copy. */
  at(path: string): string {
    return this.#mirror?.at(path) ?? path;
  }

  /** Whether the files are on another machine. */
  get isFar(): boolean {
    return this.#mirror !== undefined;
  }

  /** Fetches all that a look at a session needs from another machine; here it is all there. */
  async pull(
    { row, machine }: Pick<ReadPane, 'row' | 'machine'>,
    record: Pick<SessionRecord, 'events_dir' | 'transcript' | 'conversation_id' | 'working_dir' | 'env'>,
  ): Promise<void> {
    if (!this.#mirror) return;
    const [processes, env] = await Promise.all([machine.processes(row), machine.environment()]);
    this.#processes.set(row.pid, processes);
    const home = this.home(row, { ...env, ...record.env });
    const status = candidates(row, processes).map((pid) => this.#facts.statusFile(home, pid));
    await Promise.all([this.#mirror.pull(status), this.fetch(record.events_dir, [])]);
    const said = this.status(row, home);
    const event = record.events_dir === null ? undefined : this.events(record.events_dir).at(-1);
    const id = said?.conversation ?? event?.conversation ?? record.conversation_id;
    const directory = said?.directory || record.working_dir;
    const computed = id === null ? [] : [this.transcriptPath(home, directory, id)];
    await this.fetch(null, [record.transcript, event?.transcript, ...computed]);
  }

  /** Fetches reports and transcripts from another machine. */
  async fetch(spool: string | null, transcripts: readonly (string | undefined)[]): Promise<void> {
    if (!this.#mirror) return;
    if (spool !== null) await this.#mirror.pullFolder(this.#facts.eventFolder(spool), '.json');
    const paths = transcripts.flatMap((path) => (path === undefined || path === '' ? [] : [path]));
    await this.#mirror.pull(paths, new Set(paths));
  }

  /** Resolves when what was written is in place. */
  async settled(): Promise<void> {
    await this.#settling;
  }

  #proc(row: Pick<PaneRow, 'pid'>): Proc | undefined {
    return this.#mirror && (this.#processes.get(row.pid) ?? nothing);
  }

  /** All reports in the session's spool, oldest first. */
  events(spool: string): StampedEvent[] {
    const folder = this.at(this.#facts.eventFolder(spool));
    const found: StampedEvent[] = [];
    const paths = list(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(folder, name));
    this.#forgetAllBut(folder, paths);
    for (const path of paths) {
      if (!this.#events.has(path)) this.#events.set(path, this.#read(path));
      const event = this.#events.get(path);
      if (event) found.push(event);
    }
    return found.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  /** Removes reports made before a moment: the turns they were about are over. */
  prune(spool: string, before: string): void {
    const all = this.events(spool);
    const started = all.findLast((event) => event.type === 'started');
    for (const event of all) if (event.at < before && event !== started) this.#remove(event.path);
  }

  #remove(path: string): void {
    this.#events.delete(path);
    if (this.#mirror) void this.#mirror.remove(this.#mirror.origin(path));
    try {
      unlinkSync(path);
    } catch {
      // Another process was faster.
    }
  }

  /** Removes all reports. */
  forget(spool: string): void {
    for (const event of this.events(spool)) this.#remove(event.path);
  }

  /** Reports that another process has removed. */
  #forgetAllBut(folder: string, paths: readonly string[]): void {
    if (this.#events.size <= paths.length) return;
    const there = new Set(paths);
    for (const path of this.#events.keys())
      if (dirname(path) === folder && !there.has(path)) this.#events.delete(path);
  }

  #read(path: string): StampedEvent | undefined {
    try {
      const at = statSync(path, { bigint: true }).mtimeNs.toString().padStart(20, '0');
      const event = this.#facts.readEvent(readFileSync(path, 'utf8'));
      return event && { ...event, at, path };
    } catch {
      return undefined;
    }
  }

  /** Where the program of the pane keeps its files. */
  home(row: Pick<PaneRow, 'pid'>, fallback: Readonly<Record<string, string | undefined>>): string {
    for (const pid of candidates(row, this.#proc(row))) {
      const env = environmentOf(pid, this.#proc(row));
      if (env?.['HOME'] !== undefined) return this.#facts.home(env);
    }
    return this.#facts.home(fallback);
  }

  /** The program's own word on what it does, if it is the program of this pane that speaks. */
  status(row: Pick<PaneRow, 'pid'>, home: string): AgentStatus | undefined {
    for (const pid of candidates(row, this.#proc(row))) {
      const text = tryRead(this.at(this.#facts.statusFile(home, pid)));
      const status = text === undefined ? undefined : this.#facts.readStatus(text);
      const proc = this.#proc(row);
      if (status?.pid !== pid || isZombie(pid, proc)) continue;
      const ticks = startTicks(pid, proc);
      // A process id is used again sooner or later; its start time is not.
      if (status.procStart === undefined || ticks === undefined || status.procStart === ticks) return status;
    }
    return undefined;
  }

  statusFolder(home: string): string {
    return dirname(this.#facts.statusFile(home, 1));
  }

  transcriptPath(home: string, directory: string, conversation: string): string {
    return this.#facts.transcriptFile(home, directory, conversation);
  }

  /** The conversation as the program wrote it down; only what was added since the last time is read. */
  record(path: string): AgentRecord {
    const known = this.#transcripts.get(path);
    const transcript = known ?? { file: new GrowingFile(this.at(path)), reader: this.#facts.recordReader() };
    this.#transcripts.delete(path);
    const more = transcript.file.more();
    if (more === undefined) return { turns: [], queued: [] };
    // Another file under this name: what was read before means nothing.
    if (more.afresh) transcript.reader = this.#facts.recordReader();
    for (const lines of more.lines) transcript.reader.add(lines);
    this.#transcripts.set(path, transcript);
    const [oldest] = this.#transcripts.keys();
    if (this.#transcripts.size > KEPT_TRANSCRIPTS && oldest !== undefined) this.#transcripts.delete(oldest);
    return transcript.reader.record;
  }

  /** Whether anything was said in a conversation; reads on no further than to the first word. */
  isSaid(path: string): boolean {
    const reader = this.#facts.recordReader();
    for (const lines of new GrowingFile(this.at(path)).more()?.lines ?? []) {
      reader.add(lines);
      if (reader.record.said !== false) return true;
    }
    return reader.record.said !== false;
  }

  /** Puts the files of a launch in place. */
  prepare(plan: AgentLaunchPlan): void {
    const { files } = plan;
    const mirror = this.#mirror;
    if (mirror) {
      this.#settling = Promise.all(files.map(({ path, text, mode }) => mirror.push(path, text, mode)));
      this.#settling.catch(() => undefined);
      return;
    }
    for (const { path, text, mode } of files) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, text, { mode });
    }
  }
}

/** Calls back when something changes in one of the folders; those that are missing are passed over. */
export function watchFolders(folders: readonly string[], changed: () => void): () => void {
  const watchers = folders.flatMap((folder) => {
    try {
      const watcher = watch(folder, { persistent: false }, changed);
      watcher.on('error', () => undefined);
      return [watcher];
    } catch {
      return [];
    }
  });
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}

export function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
