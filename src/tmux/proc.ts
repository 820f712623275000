/**
 * Reading Linux's /proc: what it tells of one process. The files may be this machine's or what another has sent;
 * where there are none, everything is undefined.
 */
import { readFileSync } from 'node:fs';

/** Text of a file of /proc; throws where there is none. */
export type Proc = (path: string) => string;

/** This machine's own. */
export const here: Proc = (path) => readFileSync(path, 'utf8');

/** Start time of a process in the kernel's ticks, as its own status files quote it; undefined where unknown. */
export function startTicks(pid: number, proc: Proc = here): string | undefined {
  try {
    const text = proc(`/proc/${pid}/stat`);
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** The environment that a process was started with; undefined where it cannot be read. */
export function environmentOf(pid: number, proc: Proc = here): Record<string, string> | undefined {
  try {
    const pairs = proc(`/proc/${pid}/environ`).split('\0');
    return Object.fromEntries(
      pairs.flatMap((pair) => {
        const at = pair.indexOf('=');
        return at > 0 ? [[pair.slice(0, at), pair.slice(at + 1)]] : [];
      }),
    );
  } catch {
    return undefined;
  }
}
