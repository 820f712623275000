/**
 * How programs are started where tmux lives. This machine here; another behind ssh, docker or kubectl in
 * `remote/`. Nothing above this file knows the difference between a local control client and a distant one: both
 * are a child process whose standard streams carry bytes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { LOOK_AGAIN_MS, Starved } from './starved.js';
import { ownerMark } from './strays.js';

/** How a program ended that was run to its end. */
export interface Ran {
  readonly stdout: string;
  /** What it said against it; of one that was killed, the signal. Of another machine both streams come together. */
  readonly stderr: string;
  readonly outcome: 'done' | 'failed' | 'not found' | 'timed out' | 'killed';
}

export interface Transport {
  /** Name of the host in the configuration; undefined for this machine. */
  readonly host: string | undefined;
  /** How long tmux may take to answer, the way there and back included, in milliseconds. */
  readonly deadlineMs: number;
  /** What to add to our clock to have theirs, in milliseconds. */
  readonly clockOffsetMs: number;
  /** Starts a program that lives on, its streams piped; rejects with HOST_UNREACHABLE. */
  spawn(argv: readonly string[]): ChildProcess | Promise<ChildProcess>;
  /**
   * Runs a program to its end, within `deadlineMs`; rejects with HOST_UNREACHABLE.
   * @param server process id of what it waits for, if known
   */
  run(argv: readonly string[], server?: () => number | undefined): Promise<Ran>;
  /** Resolves when nothing of ours is left over there. */
  close(): Promise<void>;
}

/** How long tmux on this machine may take to answer before the caller is told that it does not. */
export const REPLY_DEADLINE_MS = 2_500;

/** The same while output keeps coming, or while the machine gives tmux no time. */
export const LONGEST_DEADLINE_MS = 15_000;

/** With -E the client's variables are of no use to tmux, and each is one more message while it connects. */
function clientEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const wanted = /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TERM|TMUX_TMPDIR|TMPDIR)$/;
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => wanted.test(name))), ...ownerMark() };
}

export class LocalTransport implements Transport {
  readonly host = undefined;
  readonly deadlineMs = REPLY_DEADLINE_MS;
  readonly clockOffsetMs = 0;
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  spawn([file = '', ...args]: readonly string[]): ChildProcess {
    return spawn(file, args, { env: clientEnv(this.#env), stdio: ['pipe', 'pipe', 'ignore'] });
  }

  async run([file = '', ...args]: readonly string[], server?: () => number | undefined): Promise<Ran> {
    // Loaded late: a server that is only asked for its tools never needs it.
    const { execa } = await import('execa');
    const began = performance.now();
    const started = execa(file, args, {
      env: this.#env,
      extendEnv: false,
      stdin: 'ignore',
      killSignal: 'SIGKILL',
      stripFinalNewline: true,
      reject: false,
      maxBuffer: 64 * 1024 * 1024,
    });
    const starved = new Starved();
    let timedOut = false;
    const overdue = (): void => {
      const isLong = performance.now() - began > LONGEST_DEADLINE_MS;
      if (!isLong && starved.waitOn([server?.(), started.pid])) timer = setTimeout(overdue, LOOK_AGAIN_MS);
      else timedOut = started.kill();
    };
    let timer = setTimeout(overdue, this.deadlineMs);
    const result = await started;
    clearTimeout(timer);
    if (!result.failed) return { stdout: String(result.stdout), stderr: '', outcome: 'done' };
    const stderr = String(result.stderr).trim() || (result.shortMessage ?? 'it failed');
    if (timedOut) return { stdout: '', stderr, outcome: 'timed out' };
    if (result.isTerminated) return { stdout: '', stderr: result.signal ?? 'a signal', outcome: 'killed' };
    return { stdout: '', stderr, outcome: result.code === 'ENOENT' ? 'not found' : 'failed' };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
