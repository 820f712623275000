/**
 * Records on disk: written whole and atomically, changed under a lock that all processes share, set aside when
 * damaged, never overwritten with nothing. What cannot be written (a full disk, say) is kept in memory, is what
 * this process goes by, and is written as soon as that can be done. Folder 0700, files 0600; a record says what is
 * run, so one that others could have written is refused.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { PanewrightError } from '../../errors.js';
import { otherWriter, ownFolder, readOwn } from '../../ownership.js';
import { merged, type SessionRecord } from './record.js';
import { fileName, reasonOf, stampOf, unknown, unwritable } from './store-files.js';
import { heldElsewhere, locked } from './store-lock.js';

/** What must be there for a record to be of use; whatever else is in the file is kept as it is. */
const Shape = z.looseObject({
  version: z.literal(1),
  name: z.string().min(1),
  profile: z.string().min(1),
  working_dir: z.string(),
  turns: z.array(z.looseObject({ turn_id: z.string(), prompt: z.string(), outcome: z.string() })),
  next_turn: z.int(),
});

/** How long another process's start of the same session is waited for. */
const START_MS = 15_000;

/** A record that is newer than what is on disk. */
interface Unsaved {
  readonly record: SessionRecord;
  /** Why it could not be written: `ENOSPC`. */
  readonly reason: string;
}

export class SessionStore {
  readonly #stateDir: string;
  readonly #directory: string;
  /** Records as they were last read; every write makes another file, so its stamp tells whether one still holds. */
  readonly #known = new Map<string, { readonly stamp: string; readonly record: SessionRecord }>();
  /** Files that were set aside since this process started, for `health`. */
  readonly damaged: string[] = [];
  readonly #unsaved = new Map<string, Unsaved>();
  /** The last change of each record that is under way in this process. */
  readonly #changing = new Map<string, Promise<unknown>>();

  readonly #host: string | undefined;

  /**
   * @param stateDir made when first needed
   * @param host whose sessions these are: two hosts may have sessions of the same name
   */
  constructor(stateDir: string, host?: string) {
    this.#host = host;
    this.#stateDir = stateDir;
    this.#directory = join(stateDir, ...(host === undefined ? [] : ['hosts', host]), 'sessions');
  }

  /** A folder of the session's own beside its record, made if need be. Rejects with STATE_UNWRITABLE. */
  folder(name: string, part: string): string {
    try {
      const path = join(this.#ready(), `${fileName(name)}.${part}`);
      mkdirSync(path, { recursive: true, mode: 0o700 });
      return path;
    } catch (error) {
      throw unwritable(name, error);
    }
  }

  /**
   * The record, or undefined; a damaged file is set aside and reported. Not to be changed: see `update`.
   * @throws PanewrightError STATE_UNTRUSTED
   */
  get(name: string): SessionRecord | undefined {
    const path = this.#path(name);
    return this.#unsaved.has(name) ? this.#latest(name, path) : this.#recall(path);
  }

  /** All records that can be believed. */
  list(): SessionRecord[] {
    const onDisk = this.#files().flatMap((path) => believed(() => this.#recall(path)) ?? []);
    const names = new Set([...onDisk.map((record) => record.name), ...this.#unsaved.keys()]);
    const all = [...names].flatMap((name) => believed(() => this.get(name)) ?? []);
    return all.sort((a, b) => a.name.localeCompare(b.name));
  }

  /** What is not believed: the folder, or single records in it. */
  get distrusted(): { readonly path: string; readonly reason: string }[] {
    const judged = (path: string) => {
      const reason = otherWriter(path);
      return reason === undefined ? [] : [{ path, reason }];
    };
    const folder = judged(this.#directory);
    return folder.length > 0 ? folder : this.#files().flatMap(judged);
  }

  #files(): string[] {
    try {
      const files = readdirSync(this.#directory).filter((file) => file.endsWith('.json'));
      return files.map((file) => join(this.#directory, file));
    } catch {
      return []; // Nothing was ever written.
    }
  }

  /** Why the newest state of a record is not on disk; undefined when it is. */
  unsaved(name: string): string | undefined {
    return this.#unsaved.get(name)?.reason;
  }

  get unsavedNames(): string[] {
    return [...this.#unsaved.keys()];
  }

  /**
   * Changes a record under its lock, starting from `initial` if there is none yet. Where it cannot be written the
   * change holds for this process, and `unsaved` says why.
   * @returns the record as it is now
   */
  update(
    name: string,
    change: (record: SessionRecord) => void,
    initial?: () => SessionRecord,
  ): Promise<SessionRecord> {
    return this.#alone(name, async () => {
      const path = this.#path(name);
      let changed: SessionRecord | undefined;
      const now = (): SessionRecord => {
        if (changed) return changed;
        const record = this.#latest(name, path) ?? initial?.();
        if (!record) throw unknown(name);
        change(record);
        if (this.#host !== undefined) record.host = this.#host;
        return (changed = record);
      };
      try {
        this.#ready();
        await locked(path, async () => {
          // Loaded late: many servers never keep a session.
          const { default: writeFileAtomic } = await import('write-file-atomic');
          await writeFileAtomic(path, JSON.stringify(now(), null, 1) + '\n', { mode: 0o600 });
        });
        this.#unsaved.delete(name);
      } catch (error) {
        const reason = reasonOf(error);
        if (reason === undefined) throw error;
        this.#unsaved.set(name, { record: structuredClone(now()), reason });
      }
      return now();
    });
  }

  /** Forgets a record and all that lies beside it. Rejects with STATE_UNWRITABLE or STATE_LOCKED. */
  remove(name: string): Promise<void> {
    return this.#alone(name, async () => {
      this.#unsaved.delete(name);
      try {
        this.#ready();
        await locked(this.#path(name), () => {
          this.#erase(name);
          return Promise.resolve();
        });
      } catch (error) {
        // What was never written needs no removing.
        if (!existsSync(this.#path(name))) return;
        if (heldElsewhere(error))
          throw new PanewrightError(
            'STATE_LOCKED',
            `the state of session ${JSON.stringify(name)} is being changed by another process.`,
            'Nothing was removed; try again.',
          );
        throw unwritable(name, error);
      }
    });
  }

  /** Runs one such action per session at a time, in all processes: starting a program. */
  async starting<T>(name: string, action: () => Promise<T>): Promise<T> {
    let isLocked = false;
    const once = (): Promise<T> => {
      isLocked = true;
      return action();
    };
    try {
      this.#ready();
      return await locked(`${this.#path(name)}.start`, once, START_MS);
    } catch (error) {
      if (isLocked || error instanceof PanewrightError) throw error;
      // Where nothing can be written there is nothing to agree through; tmux takes no name twice.
      if (!heldElsewhere(error)) return action();
      throw new PanewrightError(
        'STATE_LOCKED',
        `session ${JSON.stringify(name)} is being started by another process.`,
        'Try again in a moment.',
      );
    }
  }

  #erase(name: string): void {
    rmSync(this.#path(name), { force: true });
    for (const part of readdirSync(this.#directory))
      if (part.startsWith(`${fileName(name)}.`) && !part.endsWith('.lock'))
        rmSync(join(this.#directory, part), { recursive: true, force: true, maxRetries: 8, retryDelay: 40 });
  }

  /** One change of a record at a time, in the order in which they were asked for. */
  #alone<T>(name: string, action: () => Promise<T>): Promise<T> {
    const result = (this.#changing.get(name) ?? Promise.resolve()).then(action, action);
    const settled = result.catch(() => undefined);
    this.#changing.set(name, settled);
    void settled.then(() => {
      if (this.#changing.get(name) === settled) this.#changing.delete(name);
    });
    return result;
  }

  /** What is on disk, with what could not be written there. */
  #latest(name: string, path: string): SessionRecord | undefined {
    const written = this.#read(path);
    const unsaved = this.#unsaved.get(name)?.record;
    return unsaved ? merged(written, structuredClone(unsaved)) : written;
  }

  #recall(path: string): SessionRecord | undefined {
    const stamp = stampOf(path);
    const known = this.#known.get(path);
    if (known && known.stamp === stamp) return known.record;
    const record = stamp === undefined ? undefined : this.#read(path);
    if (record && stamp !== undefined) this.#known.set(path, { stamp, record });
    else this.#known.delete(path);
    return record;
  }

  #read(path: string): SessionRecord | undefined {
    const text = readOwn(path);
    if (text === undefined) return undefined;
    try {
      return Shape.parse(JSON.parse(text)) as unknown as SessionRecord;
    } catch {
      this.#setAside(path);
      return undefined;
    }
  }

  #setAside(path: string): void {
    const aside = `${path}.damaged-${Date.now()}`;
    try {
      renameSync(path, aside);
      this.damaged.push(aside);
    } catch {
      // Another process was faster, or nothing can be written here: then nothing overwrites it either.
      if (!this.damaged.includes(path)) this.damaged.push(path);
    }
  }

  #ready(): string {
    ownFolder(this.#stateDir);
    ownFolder(this.#directory);
    return this.#directory;
  }

  #path(name: string): string {
    return join(this.#directory, `${fileName(name)}.json`);
  }
}

function believed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof PanewrightError && error.code === 'STATE_UNTRUSTED') return undefined;
    throw error;
  }
}
