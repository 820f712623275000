/** Processes that are no children of ours. */
import { spawnSync } from 'node:child_process';

/** Resolves when a process that is no child of ours has ended; nothing announces that, so it is asked for. */
export async function processGone(pid: number, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (!isAlive(pid)) return;
    if (performance.now() > deadline)
      throw new Error(`process ${pid} did not end in ${withinMs} ms: ${ps(pid, 'args=')}`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** An orphan that nobody reaps has ended all the same. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const state = ps(pid, 'stat=');
  return state !== '' && !state.startsWith('Z');
}

function ps(pid: number, format: string): string {
  return spawnSync('ps', ['-o', format, '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
}
