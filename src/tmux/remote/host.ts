/**
 * Another machine, reached by what the user trusts already: OpenSSH, docker, kubectl. Connects at the first need,
 * reconnects at the next call after a loss, with a pause that grows while it fails, and says in what state it is.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostConfig } from '../../config/schema.js';
import type { PanewrightError } from '../../errors.js';
import type { Ran, Transport } from '../transport.js';
import { Link } from './link.js';
import type { Answer } from './shell.js';
import { unreachable } from './trouble.js';
import { wayTo, type Way } from './way.js';
import { shellWord } from './words.js';

/** How long tmux over there may take, the way included. */
const DEADLINE_MS = 6_000;
/** Pause after a failed attempt, doubled by each further one; whoever asks meanwhile waits for its end. */
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 3_000;

export interface HostState {
  readonly state: 'unused' | 'connected' | 'unreachable';
  readonly way: string;
  /** Milliseconds, when connected. */
  readonly roundTripMs?: number;
  readonly problem?: PanewrightError;
}

export class RemoteHost implements Transport {
  readonly host: string;
  readonly deadlineMs = DEADLINE_MS;
  readonly #way: Way;
  readonly #env: NodeJS.ProcessEnv;
  /** Holds the sockets of shared connections; made at the first need, 0700. */
  #folder: string | undefined;
  #sockets = 0;
  #links: Link[] = [];
  #opening: Promise<Link> | undefined;
  #widening: Promise<Link> | undefined;
  #problem: PanewrightError | undefined;
  #failures = 0;
  #nextTry = 0;
  #closed = false;

  constructor(name: string, config: HostConfig, env: NodeJS.ProcessEnv) {
    this.host = name;
    this.#way = wayTo(config);
    this.#env = env;
  }

  get clockOffsetMs(): number {
    return this.#links[0]?.clockOffsetMs ?? 0;
  }

  get state(): HostState {
    const [link] = this.#links;
    const way = this.#way.name;
    if (link) return { state: 'connected', way, roundTripMs: link.roundTripMs };
    return this.#problem ? { state: 'unreachable', way, problem: this.#problem } : { state: 'unused', way };
  }

  async spawn(argv: readonly string[]): Promise<ChildProcess> {
    const first = await this.#first();
    const free = this.#links.find((link) => !link.isFull);
    if (free) return this.#start(free, argv);
    try {
      this.#widening ??= this.#open().finally(() => (this.#widening = undefined));
      return this.#start(await this.#widening, argv);
    } catch {
      // The host takes no further connection now: the program logs in by itself if the first one refuses it.
      return this.#start(first, argv);
    }
  }

  #start(link: Link, argv: readonly string[]): ChildProcess {
    return link.spawn(argv, () => {
      if (link !== this.#links[0]) void link.close();
    });
  }

  async run(argv: readonly string[]): Promise<Ran> {
    const { out, status } = await this.ask(bounded(argv, Math.ceil(DEADLINE_MS / 2_000)), DEADLINE_MS * 2);
    const text = out.toString().replace(/\n$/, '');
    if (status === 0) return { stdout: text, stderr: '', outcome: 'done' };
    const outcome = status === 127 || status === 126 ? 'not found' : status === 137 ? 'timed out' : 'failed';
    return { stdout: '', stderr: text, outcome };
  }

  /**
   * Runs a script of POSIX shell over there.
   * @param ms after which the connection counts as lost
   */
  async ask(script: string, ms = DEADLINE_MS * 2): Promise<Answer> {
    const link = await this.#first();
    try {
      return await link.shell.run(script, ms);
    } catch (error) {
      throw unreachable(this.host, this.#way.name, (error as Error).message);
    }
  }

  /** Resolves when the host can be used; rejects with HOST_UNREACHABLE. */
  async ready(): Promise<void> {
    await this.#first();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const links = this.#links.splice(0);
    await Promise.all(links.map((link) => link.close()));
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  #first(): Promise<Link> {
    const [link] = this.#links;
    if (link) return Promise.resolve(link);
    if (this.#opening) return this.#opening;
    this.#opening = this.#pause()
      .then(() => this.#open())
      .finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** Attempts that fail do not follow each other at once. */
  async #pause(): Promise<void> {
    const rest = this.#nextTry - performance.now();
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest).unref());
  }

  async #open(): Promise<Link> {
    this.#folder ??= mkdtempSync(join(socketPlace(), 'pw-'));
    const socket = join(this.#folder, String(this.#sockets++));
    try {
      const link = await Link.open(this.#way, socket, this.#env);
      this.#problem = undefined;
      this.#failures = 0;
      this.#links.push(link);
      link.shell.closed.addEventListener('abort', () => {
        this.#links = this.#links.filter((other) => other !== link);
        if (!this.#closed)
          this.#problem = unreachable(this.host, this.#way.name, (link.shell.closed.reason as Error).message);
      });
      if (this.#closed) await link.close();
      return link;
    } catch (error) {
      const problem = unreachable(this.host, this.#way.name, (error as Error).message);
      if (this.#links.length === 0) {
        this.#problem = problem;
        this.#nextTry = performance.now() + Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** this.#failures++);
      }
      throw problem;
    }
  }
}

/** The path of a socket may have about 100 bytes, and ssh adds to it. */
function socketPlace(): string {
  return tmpdir().length > 50 ? '/tmp' : tmpdir();
}

/**
 * A script that runs a program and ends it when it takes too long (status 137): the shell has more to do. Without
 * `timeout`, which not every system has.
 */
function bounded(argv: readonly string[], seconds: number): string {
  const line = argv.map(shellWord).join(' ');
  return (
    `${line} & pwp=$!; { sleep ${seconds}; kill -9 $pwp; } >/dev/null 2>&1 & pww=$!; ` +
    `wait $pwp; pws=$?; kill $pww 2>/dev/null; (exit $pws)`
  );
}
