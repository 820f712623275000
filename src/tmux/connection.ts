/**
 * One control-mode client: `tmux -C attach` as a long-lived child whose stdin takes command lines and whose
 * stdout brings replies and the output of the session's panes. Replies come in the order of the commands.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PanewrightError } from '../errors.js';
import { before, holds, type Condition } from './conditions.js';
import type { ConnectGate, GateMember } from './gate.js';
import { AttachFailed, AttachUnsafe, notStarted, TmuxSilent, type Attached } from './lost.js';
import { Outputs, type OutputListener } from './outputs.js';
import { bodyOf, textOf, type GuardedOptions, type Pending } from './pending.js';
import { Pipes } from './pipes.js';
import { ControlParser, type Reply } from './protocol.js';
import { commandLine, quote, type Command } from './quote.js';
import { LOOK_AGAIN_MS, Starved } from './starved.js';
import { LONGEST_DEADLINE_MS, type Transport } from './transport.js';

/** How long a client may take to detach: here, and over a connection. */
const DETACH_MS = 200;
const FAR_DETACH_MS = 1_000;

export type NotificationListener = (name: string, rest: string) => void;

/** The error text of a guard that did not hold. */
export const GUARD_CHANNEL = 'panewright-guard';

export class Connection implements GateMember {
  readonly sessionId: string;
  /** Aborts, with the reason, when the client has ended. */
  readonly closed: AbortSignal;
  readonly #closing = new AbortController();
  /** Undefined until its turn to connect has come. */
  #child: ChildProcess | undefined;
  readonly #gate: ConnectGate;
  readonly #transport: Transport;
  readonly #server: Attached;
  readonly #idleWaiters: (() => void)[] = [];
  readonly #pending: Pending[] = [];
  readonly #outputs = new Outputs();
  /** By which floods of output come. */
  readonly pipes: Pipes;
  readonly #notifications = new Set<NotificationListener>();
  #lastLine = '';
  /** Whether tmux itself has let us go. */
  #exited = false;
  /** performance.now() when tmux last said anything. */
  #lastBytes = 0;
  #attached = false;
  /** Tells the gate that the client no longer connects. */
  #settled: () => void = () => undefined;
  readonly #unsent: string[] = [];
  #users = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  readonly #idleMs: number;

  /**
   * @param transport to where tmux is
   * @param argv command and arguments up to, not including, `-C`
   * @param sessionId id of the session to attach to, `$3`
   * @param idleMs milliseconds without use after which the client detaches
   */
  constructor(
    transport: Transport,
    argv: readonly string[],
    sessionId: string,
    idleMs: number,
    gate: ConnectGate,
    server: Attached,
  ) {
    this.sessionId = sessionId;
    this.closed = this.#closing.signal;
    this.#idleMs = idleMs;
    this.#gate = gate;
    this.#transport = transport;
    this.#server = server;
    this.pipes = new Pipes(this, transport, {
      deliver: (paneId, data) => {
        this.#lastBytes = performance.now();
        this.#outputs.deliver(paneId, data);
      },
      lost: (paneId) => {
        this.#outputs.lost(paneId);
      },
    });
    gate.members.add(this);
    this.#restartIdleTimer();
    void gate.exclusive(async () => {
      if (await server.mayAttach(sessionId).catch(() => true)) await this.#open(argv);
      else this.#end(new AttachUnsafe());
    });
  }

  /** Starts the client; resolves when it is attached or has ended. */
  async #open(argv: readonly string[]): Promise<void> {
    if (this.closed.aborted) return;
    const { sessionId } = this;
    // -N: a server that has gone is not to be started again by us. -E: without it tmux would overwrite the
    // session's SSH_AUTH_SOCK and the like with ours.
    // ignore-size: a client without a screen must not resize the window that a person looks at.
    let child: ChildProcess;
    try {
      const started = this.#transport.spawn([
        ...argv,
        ...['-N', '-C', 'attach-session', '-E', '-f', 'ignore-size', '-t', sessionId],
      ]);
      // One that is a child already must get its listeners before it can speak.
      child = started instanceof Promise ? await started : started;
    } catch (error) {
      this.#end(error as PanewrightError);
      return;
    }
    if (this.closed.aborted) {
      child.kill();
      return;
    }
    this.#child = child;
    const settled = new Promise<void>((resolve) => {
      this.#settled = resolve;
      setTimeout(resolve, this.#transport.deadlineMs).unref();
    });
    const parser = new ControlParser({
      output: (paneId, data) => {
        if (!this.pipes.take(paneId, data)) this.#outputs.deliver(paneId, data);
      },
      wants: (paneId) => this.#outputs.has(paneId),
      reply: (reply) => {
        this.#reply(reply);
      },
      notification: (name, rest) => {
        if (name === 'exit' || name === '') this.#lastLine = rest;
        this.#exited ||= name === 'exit';
        if (name === 'session-changed') this.#attach();
        // Without pause-after tmux never pauses us; a user's own setting might.
        if (name === 'pause' && !this.pipes.isPiping(rest))
          void this.#write(`refresh-client -A ${quote(`${rest}:continue`)}`, 1).catch(() => undefined);
        for (const listener of this.#notifications) listener(name, rest);
      },
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#lastBytes = performance.now();
      parser.feed(chunk);
    });
    child.stdin?.on('error', () => undefined); // 'close' tells the same, with the reason
    child.once('error', (error) => {
      this.#end(notStarted(error, argv[0]));
    });
    child.once('close', () => {
      const why = this.#lastLine === '' ? '' : ` (${this.#lastLine})`;
      const reason = new (this.#attached ? PanewrightError : AttachFailed)(
        'TMUX_LOST',
        `the connection to tmux${this.#where} ended${why}.`,
        'Call list_sessions to see what is left.',
      );
      // A session may end right behind a flood: its rest is read first.
      if (!this.#exited || this.pipes.size === 0) this.#end(reason);
      else
        void this.pipes.drained().then(() => {
          this.#end(reason);
        });
    });
    await settled;
  }

  get #where(): string {
    const { host } = this.#transport;
    return host === undefined ? '' : ` on host ${host}`;
  }

  /** Process id of the control client. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Those on this machine that an answer depends on. */
  get #processes(): (number | undefined)[] {
    return this.#transport.host === undefined ? [this.#server.pid(), this.pid] : [];
  }

  /** Runs one command; resolves with its output, rejects with what tmux said against it. */
  async run(command: Command): Promise<string> {
    const [reply] = await this.#write(commandLine([command]), 1);
    return bodyOf(reply);
  }

  /** Runs commands one after the other on one line; the first failure drops the rest and rejects. */
  async sequence(commands: readonly Command[]): Promise<string[]> {
    const replies = await this.#write(commandLine(commands), commands.length);
    return replies.map((reply) => bodyOf(reply));
  }

  /**
   * Checks and acts in one step: runs `commands` only if `condition` holds for the target at that very moment.
   * Resolves with undefined, nothing done, when it does not.
   */
  async guarded(
    target: string,
    condition: Condition,
    commands: readonly Command[],
    { late = false, done }: GuardedOptions = {},
  ): Promise<string[] | undefined> {
    for (let tries = 1; ; tries++) {
      const asked = performance.now();
      // A caller who was told that tmux did not answer may try again: what has not happened by then must not
      // happen when tmux wakes up.
      const { deadlineMs, clockOffsetMs } = this.#transport;
      const timely = late ? [] : before(Date.now() + clockOffsetMs + deadlineMs);
      const format = holds([...condition, ...timely]);
      const otherwise = `wait-for -U ${GUARD_CHANNEL}`;
      const line = commandLine([['if-shell', '-F', '-t', target, format, commandLine(commands), otherwise]]);
      const [first, ...replies] = await this.#write(line, 1 + commands.length, (all) => {
        if (all.every((reply) => reply.ok)) done?.();
      });
      bodyOf(first);
      const failed = replies.find((reply) => !reply.ok);
      if (!failed || !textOf(failed).includes(GUARD_CHANNEL)) return replies.map((reply) => bodyOf(reply));
      // Nothing was done; it may only have waited too long for its turn, and the caller waits still.
      const waited = performance.now() - asked;
      if (late || waited < deadlineMs - 1_500 || tries === 5) return undefined;
    }
  }

  /** Calls the listener with every chunk of a pane's output until the returned function is called. */
  onOutput(paneId: string, listener: OutputListener): () => void {
    const stop = this.#outputs.add(paneId, listener);
    return () => {
      if (stop()) this.pipes.close(paneId);
    };
  }

  onNotification(listener: NotificationListener): () => void {
    this.#notifications.add(listener);
    return () => this.#notifications.delete(listener);
  }

  /** Keeps the connection from idling out until the returned function is called. */
  hold(): () => void {
    this.#users++;
    clearTimeout(this.#idleTimer);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#users === 0) this.#restartIdleTimer();
    };
  }

  /**
   * Detaches and resolves when the client process has ended. One whose server is stopped or gone can wait for
   * ever, so it is ended; to the server that is a client like any other that went away.
   */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child) {
      this.#end(new PanewrightError('TMUX_LOST', 'the connection to tmux was closed.', 'Try again.'));
      return;
    }
    const ended = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, 'close');
    this.pipes.cut();
    child.stdin?.end();
    this.#end(new PanewrightError('TMUX_LOST', 'the connection to tmux was closed.', 'Try again.'));
    if (!ended) return;
    // What reads for a client elsewhere must not go first: tmux 3.3a never lets go of one that it has output for.
    const ms = this.#transport.host === undefined ? DETACH_MS : FAR_DETACH_MS;
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    await ended.catch(() => undefined);
    clearTimeout(timer);
  }

  #write(line: string, replies: number, replied?: Pending['replied']): Promise<Reply[]> {
    if (this.closed.aborted) return Promise.reject(this.closed.reason as Error);
    if (this.#users === 0) this.#restartIdleTimer();
    const asked = performance.now();
    return new Promise((resolve, reject) => {
      const pending: Pending = { remaining: replies, replies: [], resolve, reject, replied };
      this.#pending.push(pending);
      if (this.#attached && this.#gate.open) {
        pending.sent = asked;
        this.#child?.stdin?.write(line + '\n');
      } else this.#unsent.push(line + '\n');
      // While tmux works already.
      this.#watch(pending, asked);
    });
  }

  /** Gives up on an answer that is overdue. */
  #watch(pending: Pending, asked: number): void {
    const { deadlineMs } = this.#transport;
    const starved = new Starved();
    const overdue = (): void => {
      const now = performance.now();
      const { sent } = pending;
      // A flood of output delays the reply, but shows that tmux is alive; and clients connect one by one.
      const life = sent === undefined ? this.#gate.progressAt : this.#lastBytes;
      const silent = now - Math.max(asked, sent ?? 0, life);
      if (sent === undefined || now - sent < LONGEST_DEADLINE_MS) {
        if (silent < deadlineMs) return again(deadlineMs - silent);
        if (silent < LONGEST_DEADLINE_MS && starved.waitOn(this.#processes)) return again(LOOK_AGAIN_MS);
      }
      // The slot stays in the queue: when tmux wakes up its late reply must not answer another command.
      pending.reject(new TmuxSilent(now - asked, this.#where));
    };
    // What has come while we had no time ourselves is read before it is called overdue.
    const again = (ms: number): void => {
      const look = (): boolean | void => this.#pending.includes(pending) && overdue();
      pending.timer = setTimeout(() => setImmediate(look), ms).unref();
    };
    again(deadlineMs);
  }

  #reply(reply: Reply): void {
    if (!reply.solicited) {
      if (reply.ok) this.#attach();
      return;
    }
    const pending = this.#pending[0];
    if (!pending) return;
    pending.replies.push(reply);
    pending.remaining--;
    if (pending.remaining > 0 && reply.ok) return;
    this.#pending.shift();
    clearTimeout(pending.timer);
    pending.replied?.(pending.replies);
    pending.resolve(pending.replies);
    if (this.#underWay === 0) for (const idle of this.#idleWaiters.splice(0)) idle();
  }

  /** tmux reads commands even before it attaches, but their output would go unseen: so they wait for this. */
  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    this.#gate.progressAt = performance.now();
    this.#settled();
  }

  flush(): void {
    if (!this.#attached) return;
    for (const pending of this.#pending) pending.sent ??= performance.now();
    this.#child?.stdin?.write(this.#unsent.splice(0).join(''));
  }

  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  get #underWay(): number {
    return this.closed.aborted ? 0 : this.#pending.length - this.#unsent.length;
  }

  #end(reason: PanewrightError): void {
    if (this.closed.aborted) return;
    clearTimeout(this.#idleTimer);
    this.#closing.abort(reason);
    for (const pending of this.#pending.splice(0)) {
      clearTimeout(pending.timer);
      pending.reject(reason);
    }
    this.pipes.abandon();
    this.#outputs.clear();
    this.#notifications.clear();
    this.#gate.members.delete(this);
    this.#settled();
    for (const idle of this.#idleWaiters.splice(0)) idle();
  }

  #restartIdleTimer(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      void this.close();
    }, this.#idleMs).unref();
  }
}
