/**
 * What the operating system knows about the programs on a pane's terminal. Linux's /proc tells who waits for
 * input; where there is none everything is `unknown`, and callers fall back on the screen. Pure but for the reader:
 * the files may be this machine's or what another has sent.
 */
import type { PaneRow } from '../tmux/formats.js';
import { here, type Proc } from '../tmux/proc.js';

/**
 * `reading`: blocked in a read of a terminal. `polling`: in poll, select or epoll, which a line editor does as
 * well as a server. `working`: none of the programs waits for input. `unknown`: cannot be told here.
 */
export type InputWait = 'reading' | 'polling' | 'working' | 'unknown';

/** Kernel functions in which a reader of a terminal sleeps; seen on Linux 5.10 to 6.18. */
const READ = /^(?:wait_woken|n_tty_read|tty_read)/;
const POLL = /^(?:poll_schedule_timeout|do_select|do_sys_poll|do_poll|ep_poll|do_epoll_wait|core_sys_select)/;

/** How often one is looked at that sleeps nowhere: between two files it may have fallen asleep or woken up. */
const LOOKS = 4;

/** How the programs of a pane wait. Only meaningful while the pane is silent. */
export function inputWait(row: Pick<PaneRow, 'pid' | 'tty'>, proc: Proc = here): InputWait {
  try {
    const { group, tty } = stat(row.pid, proc);
    let result: InputWait = 'working';
    for (const pid of descendants(row.pid, proc)) {
      const process = look(pid, proc);
      // A background job cannot read the terminal; it may well wait for something else.
      if (process?.tty !== tty || (process.pgrp !== group && process.state !== 'S')) continue;
      const { wait } = process;
      if (wait === '') {
        if (process.state === 'S' && process.pgrp === group && !isAwake(pid, proc)) return 'unknown';
        continue;
      }
      if (READ.test(wait) && readsTerminal(pid, proc)) return 'reading';
      if (POLL.test(wait) && process.pgrp === group) result = 'polling';
    }
    return result;
  } catch {
    return 'unknown';
  }
}

/** Name of a process; undefined where it cannot be told. */
export function nameOf(pid: number, proc: Proc = here): string | undefined {
  return unlessGone(() => proc(`/proc/${pid}/comm`).trimEnd());
}

/**
 * Names of the programs in the pane's foreground group, the innermost first: what a shell was started only to run
 * shares its group (`sh -c 'python3 -q'`), and tmux names the shell. A shell that waits for input itself is the
 * program, whatever helpers it keeps in its group (fish, on its first start). Empty where that cannot be told.
 */
export function programs(row: Pick<PaneRow, 'pid'>, proc: Proc = here): string[] {
  try {
    const { group } = stat(row.pid, proc);
    // Children come before their parents: the first of the group is the deepest of the first branch.
    const pids = awaitsInput(group, proc)
      ? [group]
      : descendants(row.pid, proc).filter((pid) => unlessGone(() => stat(pid, proc))?.pgrp === group);
    return pids.flatMap((pid) => nameOf(pid, proc) ?? []);
  } catch {
    return [];
  }
}

/**
 * Processes of the pane that may be its program, the likeliest first: the leader of the foreground group, then
 * everything below the pane's own process.
 */
export function candidates(row: Pick<PaneRow, 'pid'>, proc: Proc = here): number[] {
  try {
    const all = [stat(row.pid, proc).group, row.pid, ...descendants(row.pid, proc)];
    return [...new Set(all)].filter((pid) => pid > 0);
  } catch {
    return [row.pid];
  }
}

/** Whether a process has ended and only waits for its parent to take note. */
export function isZombie(pid: number, proc: Proc = here): boolean {
  return /^[ZX]$/.test(unlessGone(() => stat(pid, proc))?.state ?? '');
}

function awaitsInput(pid: number, proc: Proc): boolean {
  // The leader of a group may have ended before the others.
  const wait = unlessGone(() => proc(`/proc/${pid}/wchan`)) ?? '';
  return READ.test(wait) || POLL.test(wait);
}

/** Undefined when it has ended. `wait`: where in the kernel it sleeps, empty where that is not told. */
function look(pid: number, proc: Proc): (Stat & { readonly wait: string }) | undefined {
  for (let n = 1; ; n++) {
    const process = unlessGone(() => stat(pid, proc));
    const wait = unlessGone(() => proc(`/proc/${pid}/wchan`)) ?? '';
    if (process?.state !== 'S' || (wait !== '0' && wait !== '') || n === LOOKS)
      return process && { ...process, wait: wait === '0' ? '' : wait };
  }
}

/** Whether a process, asleep when it was looked at, has woken up or ended by now. */
function isAwake(pid: number, proc: Proc): boolean {
  const call = unlessGone(() => proc(`/proc/${pid}/syscall`));
  return call?.startsWith('running') === true || unlessGone(() => stat(pid, proc)) === undefined;
}

/** A process may end between two looks. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** A socket's reader sleeps in the same function; where the system call can be seen, its descriptor decides. */
function readsTerminal(pid: number, proc: Proc): boolean {
  try {
    const fd = /^0 0x([0-9a-f]+)/.exec(proc(`/proc/${pid}/syscall`))?.[1];
    if (fd === undefined) return true;
    const info = proc(`/proc/${pid}/fdinfo/${parseInt(fd, 16)}`);
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

function stat(pid: number, proc: Proc): Stat {
  const text = proc(`/proc/${pid}/stat`);
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
export function startedAt(pid: number, proc: Proc = here): number | undefined {
  try {
    // A directory of /proc carries the time at which it was first looked at, so compute from the ticks.
    const text = proc(`/proc/${pid}/stat`);
    const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
    const uptime = Number(proc('/proc/uptime').split(' ')[0]);
    // USER_HZ is 100 on every architecture that Node runs on.
    return Date.now() / 1000 - uptime + ticks / 100;
  } catch {
    return undefined;
  }
}

/** The process and everything below it, itself last; bounded, because a pane may run a build with thousands. */
function descendants(pid: number, proc: Proc, found: number[] = []): number[] {
  if (found.length > 500) return found;
  let children: string;
  try {
    children = proc(`/proc/${pid}/task/${pid}/children`);
  } catch {
    return found;
  }
  for (const child of children.trim().split(' ')) if (child !== '') descendants(Number(child), proc, found);
  found.push(pid);
  return found;
}
