/** The lock that all Panewright processes take before they change a record. It is held for milliseconds. */
import { rmdirSync, statSync } from 'node:fs';

/** A lock this old was left behind by a process that died; the least that proper-lockfile takes. */
const STALE_MS = 2_000;
/** How long another process's lock is waited for: longer than one that was left behind lasts. */
const PATIENCE_MS = 2_400;
const RETRY_MS = 15;

/** Runs the action under the lock of `path`, whose folder exists. Rejects with what `heldElsewhere` knows. */
export async function locked<T>(path: string, action: () => Promise<T>, patience = PATIENCE_MS): Promise<T> {
  const { default: lockfile } = await import('proper-lockfile');
  const deadline = performance.now() + patience;
  for (;;) {
    let release: () => Promise<void>;
    try {
      release = await lockfile.lock(path, {
        realpath: false,
        stale: STALE_MS,
        // By default it throws where nobody can catch it. A lock lost to somebody who took us for dead: what is
        // written under it is whole all the same.
        onCompromised: () => undefined,
      });
    } catch (error) {
      if (!heldElsewhere(error) || performance.now() > deadline) throw error;
      removeFuture(`${path}.lock`);
      // Locks are let go without a sound.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    try {
      return await action();
    } finally {
      await release().catch(() => undefined); // taken over as stale
    }
  }
}

export function heldElsewhere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ELOCKED';
}

/** After the clock was set back, a lock that was left behind would not look old for as long as it went back. */
function removeFuture(lock: string): void {
  try {
    if (statSync(lock).mtimeMs > Date.now() + STALE_MS) rmdirSync(lock);
  } catch {
    // It has just been let go.
  }
}
