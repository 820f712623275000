/** Sets a log aside when it has grown: `x.log` becomes `x.log.1`, that becomes `x.log.2`, the oldest goes. */
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';

/** A lock older than this was left behind by a process that died in between. */
const STALE_MS = 10_000;

/**
 * Does nothing while the file is small or absent. Whatever goes wrong leaves the log where it is: a log that
 * grows too large is better than a line that is lost.
 * @param maxBytes size from which on the file is set aside
 * @param keep how many old files stay
 */
export function rotate(path: string, maxBytes: number, keep: number): void {
  if (!isFull(path, maxBytes)) return;
  const lock = `${path}.rotating`;
  try {
    const stats = statSync(lock, { throwIfNoEntry: false });
    // One from the future was left behind before the clock was set back.
    if (stats && Math.abs(Date.now() - stats.mtimeMs) > STALE_MS) rmSync(lock, { force: true });
    // Two servers may share a log; rotating twice would drop a file too many.
    closeSync(openSync(lock, 'wx', 0o600));
  } catch {
    return;
  }
  try {
    if (isFull(path, maxBytes)) shift(path, keep);
  } catch {
    // The next record tries again.
  } finally {
    rmSync(lock, { force: true });
  }
}

function isFull(path: string, maxBytes: number): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size >= maxBytes;
}

function shift(path: string, keep: number): void {
  for (let age = keep - 1; age >= 1; age -= 1) {
    if (existsSync(`${path}.${age}`)) renameSync(`${path}.${age}`, `${path}.${age + 1}`);
  }
  if (keep > 0) renameSync(path, `${path}.1`);
  else rmSync(path);
}
