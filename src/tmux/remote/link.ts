/**
 * One connection to a host: a shell there, and, where the way can share a connection, a socket through which
 * further programs are started without a new log-in. The connection lives as long as the shell, and the shell as
 * long as we do: nothing is left behind, whoever ends first.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { RemoteShell } from './shell.js';
import type { Way } from './way.js';

/** How long a host may take until its shell answers; ssh itself gives up before that. */
const GREETING_MS = 12_000;

export class Link {
  readonly shell: RemoteShell;
  /** Programs that run through it. */
  used = 0;
  clockOffsetMs = 0;
  /** Milliseconds from a question to its answer, at the greeting. */
  roundTripMs = 0;
  readonly #way: Way;
  readonly #socket: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(way: Way, socket: string, env: NodeJS.ProcessEnv) {
    this.#way = way;
    this.#socket = socket;
    this.#env = env;
    this.shell = new RemoteShell(start(way.argv(['sh'], socket, true), env, 'pipe'));
  }

  /** Resolves when the shell over there answers; rejects with what its carrier said. */
  static async open(way: Way, socket: string, env: NodeJS.ProcessEnv): Promise<Link> {
    const link = new Link(way, socket, env);
    const { clockOffsetMs } = await link.shell.greet(GREETING_MS);
    link.clockOffsetMs = clockOffsetMs;
    const asked = performance.now();
    await link.shell.run(':', GREETING_MS);
    link.roundTripMs = performance.now() - asked;
    return link;
  }

  get isFull(): boolean {
    return this.used >= this.#way.perConnection;
  }

  /**
   * Starts a program over there.
   * @param unused called when it has ended and no other is left
   */
  spawn(program: readonly string[], unused: () => void): ChildProcess {
    this.used++;
    const child = start(this.#way.argv(program, this.#socket, false), this.#env, 'ignore');
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      if (--this.used === 0) unused();
    };
    child.once('close', end);
    child.once('error', end);
    return child;
  }

  close(): Promise<void> {
    return this.shell.close();
  }
}

function start(
  [file = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  stderr: 'pipe' | 'ignore',
): ChildProcess {
  return spawn(file, args, { env, stdio: ['pipe', 'pipe', stderr] });
}
