/**
 * Finds configuration files and reads them with suspicion: only regular files that nobody but the user and
 * root can change. Never looks into the working directory.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { otherWriterOf } from '../ownership.js';
import { configHome, expandHome, homeDir, type Env } from './env.js';
import { ConfigProblem } from './problem.js';

/** A configuration is a page, not a book: larger is a mistake or an attack. */
const MAX_BYTES = 1_000_000;

/** How long a YAML file must have been left alone to be whole, and how long a call waits for that. */
const LEFT_ALONE_MS = 500;
const PATIENCE_MS = 2_500;

/** Files to try, first one that exists wins. `explicit`: somebody named it, so its absence is an error. */
export interface Lookup {
  readonly paths: readonly string[];
  readonly explicit: boolean;
}

/** @param flag value of `--config`; relative to where the command was typed */
export function lookup(flag: string | undefined, env: Env): Lookup {
  if (flag !== undefined) return { paths: [resolve(expandHome(flag, env))], explicit: true };
  const named = env['PANEWRIGHT_CONFIG'];
  // A relative path here is kept relative, and refused on reading: it would mean the working directory.
  if (named !== undefined && named !== '') return { paths: [expandHome(named, env)], explicit: true };
  const home = join(homeDir(env), '.config');
  const folders = [...new Set([configHome(env), home])].map((folder) => join(folder, 'panewright'));
  const ours = folders.flatMap((folder) => [join(folder, 'config.json'), join(folder, 'config.yaml')]);
  return { paths: [...ours, join(home, 'mcp-tmux', 'config.json')], explicit: false };
}

/**
 * What changes when a file's content or rights change; null when nothing is there. Costs some microseconds.
 * A link that leads nowhere is something: it must not read as "no configuration".
 */
export function stampOf(path: string): string | null {
  try {
    const link = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (!link) return null;
    const target = link.isSymbolicLink() ? statSync(path, { bigint: true, throwIfNoEntry: false }) : link;
    return target ? identity(target) : 'dangling';
  } catch (error) {
    return `error ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`;
  }
}

const identity = (stats: BigIntStats): string =>
  `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;

/** Text of a file, when it was last written (milliseconds since the epoch), and what changes when it does. */
export interface FileText {
  readonly text: string;
  readonly modified: number;
  readonly stamp: string;
}

/** @throws ConfigProblem naming the file and the reason */
export function readGuarded(path: string): FileText {
  const file = readUnlessWritten(path);
  if (!file) throw new ConfigProblem(path, BEING_WRITTEN);
  return file;
}

const BEING_WRITTEN = 'is being written right now';

/** Undefined when it was written to while it was read. */
function readUnlessWritten(path: string): FileText | undefined {
  if (!isAbsolute(path)) throw new ConfigProblem(path, 'must be an absolute path');
  let fd: number;
  try {
    // Without NONBLOCK, opening a named pipe would wait for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new ConfigProblem(path, unreadable(error));
  }
  try {
    const before = fstatSync(fd, { bigint: true });
    refuseUnsafe(path, fd, before);
    const text = readFileSync(fd, 'utf8').replace(/^\uFEFF/, '');
    if (identity(fstatSync(fd, { bigint: true })) !== identity(before)) return undefined;
    return { text, modified: Number(before.mtimeNs / 1_000_000n), stamp: identity(before) };
  } catch (error) {
    throw error instanceof ConfigProblem ? error : new ConfigProblem(path, unreadable(error));
  } finally {
    closeSync(fd);
  }
}

/**
 * The same once the file has been left alone for a moment. Half a YAML file is mostly a valid one, which may allow
 * what the whole does not; nothing tells that its writer is done but that no more comes.
 * @throws ConfigProblem also when more keeps coming
 */
export async function readSettled(path: string): Promise<FileText> {
  const deadline = performance.now() + PATIENCE_MS;
  let file = readUnlessWritten(path);
  let age = file ? Math.max(0, Date.now() - file.modified) : 0;
  while (!file || age < LEFT_ALONE_MS) {
    const left = LEFT_ALONE_MS - age;
    if (performance.now() + left > deadline) throw new ConfigProblem(path, BEING_WRITTEN);
    await new Promise((wake) => setTimeout(wake, left));
    const again = readUnlessWritten(path);
    // From here on by our own clock: the file's may be another machine's.
    age = again && again.stamp === file?.stamp ? LEFT_ALONE_MS : 0;
    file = again;
  }
  return file;
}

function unreadable(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  return `cannot be read (${code ?? 'unknown error'})`;
}

function refuseUnsafe(path: string, fd: number, stats: BigIntStats): void {
  if (!stats.isFile()) throw new ConfigProblem(path, 'is not a regular file');
  if (stats.size > MAX_BYTES) throw new ConfigProblem(path, `is larger than ${MAX_BYTES} bytes`);
  const reason = otherWriterOf(fd, path);
  if (reason !== undefined) throw new ConfigProblem(path, reason);
}
