/**
 * Control clients whose Panewright was killed. They see the end of their input and ask to go, but tmux 3.3a never
 * lets go of one for which it still has output: it is kept for, and at its end the server waits for it. So whoever
 * comes next ends them. Each carries who started it, for a process has no other way to tell.
 */
import { readFileSync, readlinkSync } from 'node:fs';

const VARIABLE = 'PANEWRIGHT_OWNER';

/** What the environment of our control clients says; empty where there is no /proc. */
export function ownerMark(): NodeJS.ProcessEnv {
  const self = identity(process.pid);
  return self === undefined ? {} : { [VARIABLE]: self };
}

/** Whether the process is a control client of a Panewright that is gone. */
export function isStray(pid: number): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    const owner = variables.find((text) => text.startsWith(`${VARIABLE}=`))?.slice(VARIABLE.length + 1);
    if (owner === undefined) return false;
    const [, started, namespace] = /^\d+ (\d+) (\S+)$/.exec(owner) ?? [];
    // What runs in another container counts its processes otherwise.
    if (started === undefined || namespace !== readlinkSync('/proc/self/ns/pid')) return false;
    return identity(Number.parseInt(owner, 10)) !== owner;
  } catch {
    return false;
  }
}

export function endStray(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just gone.
  }
}

/** A process, its start (in clock ticks after that of the machine) and the namespace that numbers it. */
function identity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${pid} ${started} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}
