/** The files by which an agent speaks: its hooks' reports, its status file, its transcript. Read, never written. */
import { mkdirSync, readdirSync, readFileSync, statSync, unlinkSync, watch, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { candidates, environmentOf, startTicks } from '../../panes/process.js';
import type { PaneRow } from '../../tmux/formats.js';
import type { AgentEvent, AgentFacts, AgentLaunchPlan, AgentRecord, AgentStatus } from '../contract.js';

/** A report and when it was made, in nanoseconds since the epoch as text that sorts. */
export type StampedEvent = AgentEvent & { readonly at: string };

export class AgentFiles {
  readonly #facts: AgentFacts;
  /** Reports are immutable: each file is read once. */
  readonly #events = new Map<string, StampedEvent | undefined>();
  #transcript: { stamp: string; record: AgentRecord } | undefined;

  constructor(facts: AgentFacts) {
    this.#facts = facts;
  }

  /** All reports in the session's spool, oldest first. */
  events(spool: string): StampedEvent[] {
    const folder = this.#facts.eventFolder(spool);
    const found: StampedEvent[] = [];
    for (const name of list(folder)) {
      if (!name.endsWith('.json')) continue;
      const path = join(folder, name);
      if (!this.#events.has(path)) this.#events.set(path, this.#read(path));
      const event = this.#events.get(path);
      if (event) found.push(event);
    }
    return found.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  }

  /** Removes reports made before a moment: the turns they were about are over. */
  prune(spool: string, before: string): void {
    const folder = this.#facts.eventFolder(spool);
    for (const name of list(folder)) {
      const path = join(folder, name);
      const event = this.#events.get(path);
      if (!event || event.at >= before || event.type === 'started') continue;
      this.#events.delete(path);
      try {
        unlinkSync(path);
      } catch {
        // Another process was faster.
      }
    }
  }

  #read(path: string): StampedEvent | undefined {
    try {
      const at = statSync(path, { bigint: true }).mtimeNs.toString().padStart(20, '0');
      const event = this.#facts.readEvent(readFileSync(path, 'utf8'));
      return event && { ...event, at };
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
      if (status?.pid !== pid) continue;
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

  /** The conversation as the program wrote it down; parsed again only when it has grown. */
  record(path: string): AgentRecord {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return { turns: [], queued: [] };
    const stamp = `${path} ${stats.size} ${stats.mtimeMs}`;
    if (this.#transcript?.stamp !== stamp)
      this.#transcript = { stamp, record: this.#facts.readRecord(tryRead(path) ?? '') };
    return this.#transcript.record;
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
