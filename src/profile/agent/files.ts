/** The files by which an agent speaks: its hooks' reports, its status file, its transcript. Read, never written. */
import { mkdirSync, readdirSync, readFileSync, statSync, unlinkSync, watch, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { candidates, environmentOf, isZombie, startTicks } from '../../panes/process.js';
import type { PaneRow } from '../../tmux/formats.js';
import type { AgentEvent, AgentFacts, AgentLaunchPlan, AgentRecord, AgentStatus } from '../contract.js';
import { GrowingFile } from './growing.js';

/** A report and when it was made, in nanoseconds since the epoch as text that sorts. */
export type StampedEvent = AgentEvent & { readonly at: string; readonly path: string };

interface Transcript {
  readonly file: GrowingFile;
  reader: ReturnType<AgentFacts['recordReader']>;
}

/** Transcripts that are kept in memory. */
const KEPT_TRANSCRIPTS = 100;

export class AgentFiles {
  readonly #facts: AgentFacts;
  /** Reports are immutable: each file is read once. */
  readonly #events = new Map<string, StampedEvent | undefined>();
  /** Conversations that were read lately, the latest last. */
  readonly #transcripts = new Map<string, Transcript>();

  constructor(facts: AgentFacts) {
    this.#facts = facts;
  }

  /** All reports in the session's spool, oldest first. */
  events(spool: string): StampedEvent[] {
    const folder = this.#facts.eventFolder(spool);
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
    for (const pid of candidates(row)) {
      const env = environmentOf(pid);
      if (env?.['HOME'] !== undefined) return this.#facts.home(env);
    }
    return this.#facts.home(fallback);
  }

  /** The program's own word on what it does, if it is the program of this pane that speaks. */
  status(row: Pick<PaneRow, 'pid'>, home: string): AgentStatus | undefined {
    for (const pid of candidates(row)) {
      const text = tryRead(this.#facts.statusFile(home, pid));
      const status = text === undefined ? undefined : this.#facts.readStatus(text);
      if (status?.pid !== pid || isZombie(pid)) continue;
      const ticks = startTicks(pid);
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
    const transcript = known ?? { file: new GrowingFile(path), reader: this.#facts.recordReader() };
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

  /** Puts the files of a launch in place. */
  prepare(plan: AgentLaunchPlan): void {
    for (const { path, text, mode } of plan.files) {
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
