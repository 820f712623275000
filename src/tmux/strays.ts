/**
 * Control clients whose Panewright was killed. They see the end of their input and ask to go, but tmux 3.3a never
 * lets go of one for which it still has output: it is kept for, and at its end the server waits for it. So whoever
 * comes next ends them. Each carries who started it, for a process has no other way to tell.
 */
import { machineId } from './machine-id.js';
import { environmentOf, startTicks } from './proc.js';

const VARIABLE = 'PANEWRIGHT_OWNER';

/** What the environment of our control clients says; empty where there is no /proc. */
export function ownerMark(): NodeJS.ProcessEnv {
  const ticks = startTicks(process.pid);
  return ticks === undefined ? {} : { [VARIABLE]: `${process.pid} ${ticks} ${machineId()}` };
}

/** Whether the process is a control client of a Panewright that is gone. */
export function isStray(pid: number): boolean {
  const [, owner, ticks, machine] = /^(\d+) (\d+) (\w+)$/.exec(environmentOf(pid)?.[VARIABLE] ?? '') ?? [];
  // What runs in another container counts its processes otherwise.
  return machine === machineId() && startTicks(Number(owner)) !== ticks;
}

export function endStray(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just gone.
  }
}
