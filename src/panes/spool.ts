/**
 * Full outputs that were too long for a result, each in a file of its own (0600, in a 0700 directory), readable
 * under an id for as long as the process lives. Bounded: of a giant output the last part is kept, and of many
 * outputs the latest.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PanewrightError } from '../errors.js';
import { ownFolder } from '../ownership.js';
import type { OutputSink } from './output.js';

/** Text up to this size stays in memory until somebody needs the file. */
const IN_MEMORY = 128 * 1024;
/** Size of one of the two files of an output; the older one is dropped when the newer is full. */
const HALF = 32 * 1024 * 1024;
const KEPT = 50;

export class Spool implements OutputSink {
  #id: string | undefined;
  /** What its writer holds back, for a reader who comes before the end. */
  rest: () => string = () => '';
  readonly #directory: string;
  #memory: string[] = [];
  #size = 0;
  #fd: number | undefined;
  #written = 0;
  #rotated = 0;
  #failed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get id(): string {
    return (this.#id ??= randomBytes(8).toString('hex'));
  }

  write(text: string): void {
    this.#memory.push(text);
    this.#size += text.length;
    if (this.#size > IN_MEMORY) this.#flush();
  }

  /** Everything kept; says at its front when something is missing. */
  read(): string {
    const rest = this.rest();
    if (this.#written === 0 && this.#rotated === 0 && !this.#failed) return this.#memory.join('') + rest;
    this.#flush();
    const read = (name: string): string => {
      try {
        return readFileSync(name, 'utf8');
      } catch {
        return '';
      }
    };
    const lost = this.#rotated > 1 || this.#failed;
    const front = lost ? '[a part of this output is not kept]\n' : '';
    return (
      front +
      (this.#rotated > 0 ? read(this.#path('.1')) : '') +
      read(this.#path('')) +
      this.#memory.join('') +
      rest
    );
  }

  /** Somebody may ask for it by its id from now on. */
  isLinked = false;

  /** Lets go of what nobody can ask for. */
  release(): void {
    if (!this.isLinked) this.remove();
  }

  /** Forgets all that was written, and begins anew under the same id. */
  empty(): void {
    this.remove();
    this.#size = 0;
    this.#written = 0;
    this.#rotated = 0;
    this.#failed = false;
  }

  remove(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#memory = [];
    if (this.#id === undefined) return;
    for (const suffix of ['', '.1']) rmSync(this.#path(suffix), { force: true });
  }

  #path(suffix: string): string {
    return join(this.#directory, `${this.id}${suffix}.txt`);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#memory.join(''));
    let written = 0;
    this.#memory = [];
    this.#size = 0;
    try {
      if (this.#fd === undefined) {
        ownFolder(this.#directory);
        this.#fd = openSync(this.#path(''), 'w', 0o600);
      }
      written = writeSync(this.#fd, bytes);
      this.#written += written;
      // An almost full disk takes a part and says nothing.
      if (written < bytes.length) throw new RangeError('no space left');
      if (this.#written < HALF) return;
      closeSync(this.#fd);
      this.#fd = undefined;
      renameSync(this.#path(''), this.#path('.1'));
      this.#rotated++;
      this.#written = 0;
    } catch {
      // A full disk must not cost the caller the result: the end is kept, and the resource says what it lacks.
      this.#failed = true;
      const end = bytes.subarray(Math.max(written, bytes.length - IN_MEMORY / 2)).toString();
      if (end !== '') this.#memory.push(end);
      this.#size = end.length;
    }
  }
}

/** Where an output came from: who may not see all of these sessions may not read it. */
interface Source {
  /** What they were called. */
  readonly names: ReadonlySet<string>;
  /** What those are called that its pane can be reached from now. */
  readonly now: () => Promise<readonly string[]>;
}

/** The outputs that results link to. */
export class SpoolShelf {
  readonly #directory: string;
  readonly #kept = new Map<string, Spool>();
  readonly #sources = new Map<string, Source>();

  /** @param directory made at the first need */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A spool that is not on the shelf yet. */
  create(): Spool {
    return new Spool(this.#directory);
  }

  keep(spool: Spool): void {
    spool.isLinked = true;
    this.#kept.delete(spool.id);
    this.#kept.set(spool.id, spool);
    for (const [id, old] of this.#kept) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(id);
      this.#sources.delete(id);
      old.remove();
    }
  }

  /** Notes that an output came from these sessions too. Before the first note nobody may read it. */
  noteSource(id: string, names: readonly string[], now: Source['now']): void {
    const known = this.#sources.get(id)?.names ?? [];
    this.#sources.set(id, { names: new Set([...known, ...names]), now });
  }

  /** @param visible whether the caller may see a session; an output that may not be seen is not there */
  async read(id: string, visible: (session: string) => boolean): Promise<string> {
    const isOpen = await this.#isOpen(id, visible);
    const spool = this.#kept.get(id);
    if (spool && isOpen) return spool.read();
    throw new PanewrightError(
      'OUTPUT_NOT_FOUND',
      `no output ${JSON.stringify(id.slice(0, 40))} is kept; only the last ${KEPT} are, while the server runs.`,
      'Run the command again.',
    );
  }

  async ids(visible: (session: string) => boolean): Promise<string[]> {
    const ids = [...this.#kept.keys()];
    const open = await Promise.all(ids.map((id) => this.#isOpen(id, visible).catch(() => false)));
    return ids.filter((_, i) => open[i]);
  }

  async #isOpen(id: string, visible: (session: string) => boolean): Promise<boolean> {
    const source = this.#sources.get(id);
    return source !== undefined && [...source.names].every(visible) && (await source.now()).every(visible);
  }

  close(): void {
    for (const spool of this.#kept.values()) spool.remove();
    this.#kept.clear();
    this.#sources.clear();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
