/** Measuring: samples of two things taken in turns, quantiles, and what Linux knows of a process. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export const onLinux = existsSync('/proc/self/smaps_rollup');

/** Milliseconds that a function takes. */
export async function timed(action) {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/**
 * Times two things in turns, so that whatever the machine does meanwhile meets both.
 * @returns the milliseconds of both, sorted
 */
export async function inTurns({ rounds, warmup = 0, measured, baseline }) {
  for (let round = 0; round < warmup; round += 1) {
    await baseline();
    await measured();
  }
  const times = { measured: [], baseline: [] };
  for (let round = 0; round < rounds; round += 1) {
    times.baseline.push(await timed(baseline));
    times.measured.push(await timed(measured));
  }
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  return times;
}

/** A quantile of sorted numbers: 0.5 is the median. */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** The process and everything below it. */
export function family(pid) {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)]);
  const members = [pid];
  for (const member of members) members.push(...parents.filter(([, up]) => up === member).map(([id]) => id));
  return members;
}

function parentOf(pid) {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]);
  } catch {
    return NaN; // it has ended
  }
}

/** Milliseconds of processor time that processes have used so far, all their threads together. */
export function cpuMilliseconds(pids) {
  const threads = pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`),
  );
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`${thread}/schedstat`, 'latin1').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** Proportional set size of processes in MB: shared pages are counted once, split among those who share. */
export function pssMegabytes(pids) {
  const one = (pid) => {
    try {
      return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0);
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'ESRCH') return 0; // it has ended
      throw error;
    }
  };
  return pids.map(one).reduce((sum, kilobytes) => sum + kilobytes, 0) / 1024;
}
