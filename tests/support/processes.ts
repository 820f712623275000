/** Processes that are no children of ours. */
import { spawnSync } from 'node:child_process';

/** What a line of ps shows at most: the whole of a long command line tells no more. */
const LINE = 200;

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

/**
 * Where those processes stand whose command line names a directory of the run: the tmux server, its clients,
 * Panewright. For the error of something that has not ended: the state and the function of the kernel that each
 * sleeps in (`wchan`) tell whether it was stopped, waits for another or works.
 */
export function standing(directory: string): string {
  const wchan = process.platform === 'linux' ? 'wchan:24' : 'wchan';
  const format = ['pid', 'ppid', 'stat', wchan, 'time', 'comm', 'args'].join(',');
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', format], { encoding: 'utf8' });
  const [head = '', ...rows] = stdout.split('\n');
  const ours = rows.filter((row) => row.includes(`${directory}/`));
  return [head, ...ours].map((row) => row.slice(0, LINE)).join('\n');
}
