/**
 * The profiles that users add: found, read with suspicion, checked, and kept until their files change. A file
 * that cannot be used is reported and skipped; it never stops the server. How files are read is handed in, so
 * that the rules for configuration files hold here as well.
 */
import { readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PanewrightError } from '../errors.js';
import type { Profile } from './contract.js';
import { profileFrom } from './schema.js';

const EXTENSIONS = ['.json', '.js', '.mjs', '.ts'];
/** How long a profile in JavaScript may take to load, in milliseconds. */
const IMPORT_MS = 5_000;

export interface GuardedFiles {
  /** What changes when the file does; null when nothing is there. */
  stamp(path: string): string | null;
  /** @throws Error whose message names the file and why it is not to be trusted */
  read(path: string): { readonly text: string };
}

export interface LoadedProfiles {
  /** The first one that matches wins. */
  readonly profiles: readonly Profile[];
  /** One per file that cannot be used; the text names the file and the reason. */
  readonly problems: readonly PanewrightError[];
}

export interface ProfileLoaderOptions {
  /** Last in the order. One whose name a user's profile has is left out. */
  readonly builtin: readonly Profile[];
  /** The user's folder; need not exist. */
  readonly folder: string;
  readonly files: GuardedFiles;
  /** Gets each problem once. */
  log(line: string): void;
}

/** What a good file gave when it had this stamp. */
interface Kept {
  readonly stamp: string;
  readonly profile: Profile;
}

export class ProfileLoader {
  readonly #options: ProfileLoaderOptions;
  #stamps: string | undefined;
  #current: Promise<LoadedProfiles> = Promise.resolve({ profiles: [], problems: [] });
  #kept = new Map<string, Kept>();
  #told = new Set<string>();

  constructor(options: ProfileLoaderOptions) {
    this.#options = options;
  }

  /**
   * The profiles in force now; files are looked at (a few stat calls) but read only when they changed.
   * @param places more files and folders, in order; all must exist. The user's folder comes after them.
   */
  load(places: readonly string[]): Promise<LoadedProfiles> {
    const { folder, files } = this.#options;
    const optional = files.stamp(folder) === null ? [] : [folder];
    const paths = [...new Set([...places, ...optional].flatMap(profileFiles))];
    const stamped = paths.map((path): [string, string] => [path, files.stamp(path) ?? 'missing']);
    // With the folders': whether a file is to be trusted depends on its folder, too.
    const folders = [...new Set(paths.map((path) => dirname(path)))].map((path) => files.stamp(path) ?? '');
    const stamps = [...stamped.flat(), ...folders].join('\n');
    if (stamps !== this.#stamps) {
      this.#stamps = stamps;
      // One after the other, so that each sees what the one before has read.
      this.#current = this.#current.then(() => this.#read(stamped));
    }
    return this.#current;
  }

  async #read(stamped: readonly (readonly [path: string, stamp: string])[]): Promise<LoadedProfiles> {
    const kept = new Map<string, Kept>();
    const owners = new Map<string, string>();
    const problems: PanewrightError[] = [];
    for (const [path, stamp] of stamped) {
      try {
        const before = this.#kept.get(path);
        const profile = before?.stamp === stamp ? before.profile : await this.#profile(path, stamp);
        const owner = owners.get(profile.name);
        if (owner !== undefined) throw new Error(`has the same name as ${owner}: "${profile.name}"`);
        owners.set(profile.name, path);
        kept.set(path, { stamp, profile });
      } catch (error) {
        problems.push(invalid(path, error));
      }
    }
    this.#kept = kept;
    this.#tell(problems);
    const mine = [...kept.values()].map(({ profile }) => profile);
    return {
      profiles: [...mine, ...this.#options.builtin.filter(({ name }) => !owners.has(name))],
      problems,
    };
  }

  #tell(problems: readonly PanewrightError[]): void {
    const texts = problems.map(({ text }) => text);
    for (const text of texts) if (!this.#told.has(text)) this.#options.log(`[panewright] ${text}`);
    this.#told = new Set(texts);
  }

  async #profile(path: string, stamp: string): Promise<Profile> {
    const { text } = this.#options.files.read(path);
    const real = realpathSync(path);
    if (extname(path) === '.json') return profileFrom(parsed(text), 'json');
    return profileFrom(await imported(real, stamp), 'code');
  }
}

function invalid(path: string, error: unknown): PanewrightError {
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  return new PanewrightError(
    'PROFILE_INVALID',
    `${path}: ${reason}.`,
    'The file is ignored; once it is mended, the next call reads it.',
  );
}

/** A file itself, or the files of a folder that may hold profiles, by name. */
function profileFiles(place: string): string[] {
  try {
    return readdirSync(place)
      .filter((name) => EXTENSIONS.includes(extname(name)) && !/^\.|\.d\.ts$|\.schema\.json$/.test(name))
      .sort()
      .map((name) => join(place, name));
  } catch {
    // No folder, or none that can be listed: reading it as a file gives the reason.
    return [place];
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
}

async function imported(path: string, stamp: string): Promise<unknown> {
  if (!EXTENSIONS.includes(extname(path))) throw new Error(`must end in one of ${EXTENSIONS.join(' ')}`);
  if (extname(path) === '.ts' && !('typescript' in process.features && process.features.typescript))
    throw new Error(
      `is TypeScript, which Node ${process.versions.node} cannot run; Node 22.18 and later can`,
    );
  // Modules are kept by their address, and CommonJS also by the path in it: another stamp, another module.
  delete createRequire(path).cache[path];
  const address = pathToFileURL(path);
  address.search = stamp;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`takes more than ${IMPORT_MS / 1000} s to load`)), IMPORT_MS);
  });
  try {
    const module = (await Promise.race([import(address.href), late])) as { default?: unknown };
    if (module.default === undefined) throw new Error('exports no profile; write `export default { ... }`');
    return module.default;
  } finally {
    clearTimeout(timer);
  }
}
