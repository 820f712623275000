/**
 * Records on disk: written whole and atomically, changed under a lock that all processes share, set aside when
 * damaged, never overwritten with nothing. Folder 0700, files 0600.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { PanewrightError } from '../../errors.js';
import type { SessionRecord } from './record.js';

/** What must be there for a record to be of use; whatever else is in the file is kept as it is. */
const Shape = z.looseObject({
  version: z.literal(1),
  name: z.string().min(1),
  profile: z.string().min(1),
  working_dir: z.string(),
  turns: z.array(z.looseObject({ turn_id: z.string(), prompt: z.string(), outcome: z.string() })),
  next_turn: z.int(),
});

export class SessionStore {
  readonly #directory: string;
  /** Records as they were last read; every write makes another file, so its stamp tells whether one still holds. */
  readonly #known = new Map<string, { readonly stamp: string; readonly record: SessionRecord }>();
  /** Files that were set aside since this process started, for `health`. */
  readonly damaged: string[] = [];

  /** @param stateDir made when first needed */
  constructor(stateDir: string) {
    this.#directory = join(stateDir, 'sessions');
  }

  /** A folder of the session's own beside its record, made if need be. */
  folder(name: string, part: string): string {
    const path = join(this.#ready(), `${fileName(name)}.${part}`);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** The record, or undefined; a damaged file is set aside and reported. Not to be changed: see `update`. */
  get(name: string): SessionRecord | undefined {
    return this.#recall(this.#path(name));
  }

  list(): SessionRecord[] {
    let names: string[];
    try {
      names = readdirSync(this.#directory);
    } catch {
      return [];
    }
    return names
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => this.#recall(join(this.#directory, name)) ?? [])
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * Changes a record under its lock, starting from `initial` if there is none yet.
   * @returns the record as written
   */
  async update(
    name: string,
    change: (record: SessionRecord) => void,
    initial?: () => SessionRecord,
  ): Promise<SessionRecord> {
    return this.#locked(name, this.#path(name), async (path) => {
      const record = this.#read(path) ?? initial?.();
      if (!record) throw unknown(name);
      change(record);
      // Loaded late: many servers never keep a session.
      const { default: writeFileAtomic } = await import('write-file-atomic');
      await writeFileAtomic(path, JSON.stringify(record, null, 1) + '\n', { mode: 0o600 });
      return record;
    });
  }

  async remove(name: string): Promise<void> {
    await this.#locked(name, this.#path(name), (path) => {
      rmSync(path, { force: true });
      for (const part of readdirSync(this.#directory))
        if (part.startsWith(`${fileName(name)}.`) && !part.endsWith('.lock'))
          rmSync(join(this.#directory, part), {
            recursive: true,
            force: true,
            maxRetries: 8,
            retryDelay: 40,
          });
      return Promise.resolve();
    });
  }

  /** Runs one such action per session at a time, in all processes: starting a program. */
  alone<T>(name: string, action: () => Promise<T>): Promise<T> {
    return this.#locked(name, `${this.#path(name)}.start`, action);
  }

  async #locked<T>(name: string, path: string, action: (path: string) => Promise<T>): Promise<T> {
    this.#ready();
    const { default: lockfile } = await import('proper-lockfile');
    let release: () => Promise<void>;
    try {
      release = await lockfile.lock(path, {
        realpath: false,
        // A process that was killed leaves its lock behind: it is waited for until it counts as stale.
        stale: 10_000,
        retries: { retries: 100, minTimeout: 10, maxTimeout: 150, randomize: true },
        // The machine slept, say. By default this would end the whole server.
        onCompromised: () => undefined,
      });
    } catch (error) {
      throw new PanewrightError(
        'STATE_LOCKED',
        `the state of session ${JSON.stringify(name)} cannot be locked: ${(error as Error).message}.`,
        'Another process holds it, or the state directory cannot be written; try again.',
      );
    }
    try {
      return await action(path);
    } finally {
      await release().catch(() => undefined); // taken over as stale
    }
  }

  #recall(path: string): SessionRecord | undefined {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    const stamp = `${stats?.ino} ${stats?.size} ${stats?.mtimeNs}`;
    const known = this.#known.get(path);
    if (stats && known?.stamp === stamp) return known.record;
    const record = this.#read(path);
    if (record) this.#known.set(path, { stamp, record });
    else this.#known.delete(path);
    return record;
  }

  #read(path: string): SessionRecord | undefined {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
    try {
      return Shape.parse(JSON.parse(text)) as unknown as SessionRecord;
    } catch {
      const aside = `${path}.damaged-${Date.now()}`;
      renameSync(path, aside);
      this.damaged.push(aside);
      return undefined;
    }
  }

  #ready(): string {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    chmodSync(this.#directory, 0o700);
    return this.#directory;
  }

  #path(name: string): string {
    return join(this.#directory, `${fileName(name)}.json`);
  }
}

/** A name that any file system takes and that no two sessions share. */
function fileName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,80}$/.test(name)) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40)}~${digest}`;
}

function unknown(name: string): PanewrightError {
  return new PanewrightError(
    'AGENT_NOT_FOUND',
    `no session ${JSON.stringify(name)} is known.`,
    'Start it with session_start, or call session_list for those that are.',
  );
}
