/** What records are called on disk, and what is said when one is not there or cannot be written. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { PanewrightError } from '../../errors.js';
import { heldElsewhere } from './store-lock.js';

/** Tells one content of a file from another; undefined where there is none, or no folder that could hold it. */
export function stampOf(path: string): string | undefined {
  try {
    // With the time of change, which nobody can set.
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return undefined;
  }
}

/** Why a file cannot be written now, in one word; undefined for any other error. */
export function reasonOf(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return heldElsewhere(error) ? 'locked by another process' : /^E[A-Z]+$/.test(code ?? '') ? code : undefined;
}

/** A name that any file system takes and that no two sessions share. */
export function fileName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,80}$/.test(name)) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40)}~${digest}`;
}

export function unknown(name: string): PanewrightError {
  return new PanewrightError(
    'AGENT_NOT_FOUND',
    `no session ${JSON.stringify(name)} is known.`,
    'Start it with session_start, or call session_list for those that are.',
  );
}

/** What an error of the file system means to the caller; one that is known already stays what it is. */
export function unwritable(name: string, error: unknown): PanewrightError {
  if (error instanceof PanewrightError) return error;
  return new PanewrightError(
    'STATE_UNWRITABLE',
    `the state of session ${JSON.stringify(name)} cannot be written: ${reasonOf(error) ?? String(error)}.`,
    'Make room in the state directory, or make it writable, and try again.',
  );
}
