/**
 * What the operating system knows about the programs on a pane's terminal. Linux's /proc tells who waits for
 * input; elsewhere, and for panes of other hosts, everything is `unknown` and callers fall back on the screen.
 */
import { readFileSync } from 'node:fs';
import type { PaneRow } from '../tmux/formats.js';

/**
 * `reading`: blocked in a read of a terminal. `polling`: in poll, select or epoll, which a line editor does as
 * well as a server. `working`: none of the programs waits for input. `unknown`: cannot be told here.
 */
export type InputWait = 'reading' | 'polling' | 'working' | 'unknown';

/** Kernel functions in which a reader of a terminal sleeps; seen on Linux 5.10 to 6.18. */
const READ = /^(?:wait_woken|n_tty_read|tty_read)/;
const POLL = /^(?:poll_schedule_timeout|do_select|do_sys_poll|do_poll|ep_poll|do_epoll_wait|core_sys_select)/;

/** How the programs of a pane wait. Only meaningful while the pane is silent. */
export function inputWait(row: Pick<PaneRow, 'pid' | 'tty'>): InputWait {
  try {
    const { group, tty } = stat(row.pid);
    let result: InputWait = 'working';
    for (const pid of descendants(row.pid)) {
      const process = stat(pid);
      // A background job cannot read the terminal; it may well wait for something else.
      if (process.tty !== tty || (process.pgrp !== group && process.state !== 'S')) continue;
      const wait = readFileSync(`/proc/${pid}/wchan`, 'latin1');
      if (wait === '0' || wait === '') {
        if (process.state === 'S' && process.pgrp === group) return 'unknown';
        continue;
      }
      if (READ.test(wait) && readsTerminal(pid)) return 'reading';
      if (POLL.test(wait) && process.pgrp === group) result = 'polling';
    }
    return result;
  } catch {
    return 'unknown';
  }
}

/** Name of a process; undefined where it cannot be told. */
export function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}

/**
 * Name of the innermost program of the pane's foreground group: what a shell was started only to run shares its
 * group (`sh -c 'python3 -q'`), and tmux names the shell. A shell that waits for input itself is the program,
 * whatever helpers it keeps in its group (fish, on its first start). Undefined where that cannot be told.
 */
export function innermost(row: Pick<PaneRow, 'pid'>): string | undefined {
  try {
    const { group } = stat(row.pid);
    if (awaitsInput(group)) return nameOf(group);
    // Children come before their parents: the first of the group is the deepest of the first branch.
    const pid = descendants(row.pid).find((candidate) => stat(candidate).pgrp === group);
    return pid === undefined ? undefined : nameOf(pid);
  } catch {
    return undefined;
  }
}

/**
 * Processes of the pane that may be its program, the likeliest first: the leader of the foreground group, then
 * everything below the pane's own process.
 */
export function candidates(row: Pick<PaneRow, 'pid'>): number[] {
  try {
    return [...new Set([stat(row.pid).group, row.pid, ...descendants(row.pid)])].filter((pid) => pid > 0);
  } catch {
    return [row.pid];
  }
}

/** Whether a process has ended and only waits for its parent to take note. */
export function isZombie(pid: number): boolean {
  try {
    return /^[ZX]$/.test(stat(pid).state);
  } catch {
    return false;
  }
}

/** Start time of a process in the kernel's ticks, as its own status files quote it; undefined where unknown. */
export function startTicks(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** The environment that a process was started with; undefined where it cannot be read. */
export function environmentOf(pid: number): Record<string, string> | undefined {
  try {
    const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
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

function awaitsInput(pid: number): boolean {
  try {
    const wait = readFileSync(`/proc/${pid}/wchan`, 'latin1');
    return READ.test(wait) || POLL.test(wait);
  } catch {
    return false; // the leader of a group may have ended before the others
  }
}

/** A socket's reader sleeps in the same function; where the system call can be seen, its descriptor decides. */
function readsTerminal(pid: number): boolean {
  try {
    const fd = /^0 0x([0-9a-f]+)/.exec(readFileSync(`/proc/${pid}/syscall`, 'latin1'))?.[1];
    if (fd === undefined) return true;
    const info = readFileSync(`/proc/${pid}/fdinfo/${parseInt(fd, 16)}`, 'latin1');
    return !info.includes('socket');
  } catch {
    return true;
  }
}

interface Stat {
  readonly state: string;
  readonly pgrp: number;
  readonly tty: number;
  /** Foreground process group of the terminal. */
  readonly group: number;
}

function stat(pid: number): Stat {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in parentheses may contain anything; what follows the last one is numbers.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    pgrp: Number(fields[2]),
    tty: Number(fields[4]),
    group: Number(fields[5]),
  };
}

/** When a process was started, in seconds since the epoch; undefined where that cannot be told. */
export function startedAt(pid: number): number | undefined {
  try {
    // A directory of /proc carries the time at which it was first looked at, so compute from the ticks.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
    const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
    // USER_HZ is 100 on every architecture that Node runs on.
    return Date.now() / 1000 - uptime + ticks / 100;
  } catch {
    return undefined;
  }
}

/** The process and everything below it, itself last; bounded, because a pane may run a build with thousands. */
function descendants(pid: number, found: number[] = []): number[] {
  if (found.length > 500) return found;
  let children: string;
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
  } catch {
    return found;
  }
  for (const child of children.trim().split(' ')) if (child !== '') descendants(Number(child), found);
  found.push(pid);
  return found;
}

/** Whether the terminal shows what is typed; undefined where that cannot be asked. */
export async function echoes(tty: string): Promise<boolean | undefined> {
  const modes = await terminalModes(tty);
  // A line editor echoes by itself: only a terminal in line mode without echo hides what is typed.
  return modes && (modes.echo || !modes.canonical);
}

/** Whether a line editor, or another program that takes single keys, is at work. */
export async function takesKeys(tty: string): Promise<boolean> {
  return (await terminalModes(tty))?.canonical === false;
}

async function terminalModes(tty: string): Promise<{ echo: boolean; canonical: boolean } | undefined> {
  if (!/^\/dev\/[\w/]+$/.test(tty)) return undefined;
  const { execa } = await import('execa');
  const flag = process.platform === 'linux' ? '-F' : '-f';
  const result = await execa('stty', [flag, tty, '-a'], { reject: false, timeout: 1000, stdin: 'ignore' });
  if (result.failed) return undefined;
  return { echo: !/ -echo\b/.test(result.stdout), canonical: !/(?:^|\s)-icanon\b/.test(result.stdout) };
}
