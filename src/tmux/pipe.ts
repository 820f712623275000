/**
 * A flood of a pane's output by another way: through a pipe of tmux's own (`pipe-pane`). On the way to a control
 * client tmux 3.3a formats every byte by itself; a million short lines took a pane that such a client listens to
 * 2.1 times as long as one that nobody does, and 1.2 times through a pipe.
 *
 * Where one way takes over from the other nothing is lost or comes twice:
 * - To the pipe: tmux answers `pipe-pane` behind all output that it had read before, and the pipe brings all that it
 *   reads afterwards. What the connection brings behind the answer is delivered until the pipe speaks, and passed over
 *   there. Then tmux pauses the pane for our client.
 * - Back, in a silence: what the connection brings after `continue` is held back, the pipe is closed and read to its
 *   end, and what both brought is delivered once. If the pane spoke just then, the pipe stays.
 */
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TmuxSilent } from './lost.js';
import type { Command } from './quote.js';

/** Silence after which the connection alone is listened to again, in milliseconds. */
const SILENCE_MS = 100;
/** How long a pipe may take to bring its first output, or its last. */
const PATIENCE_MS = 2_000;
/** A path that means the same to tmux's formats, its time formats and a shell as it does to us. */
const PLAIN_PATH = /^\/[\w./+-]+$/;

/** Changes nothing; its answer comes behind that of what was told before. */
const NOTHING: Command = ['display-message', '-p', ''];

/** Pipes that are open. */
const allOpen = new Set<PanePipe>();

/** While we are stopped nobody reads, and tmux would keep all that a pane prints: so the pipes go first. */
function suspend(): void {
  for (const pipe of allOpen) pipe.cut();
  process.kill(process.pid, 'SIGSTOP');
}

/** What a pipe needs of the connection that it belongs to. */
export interface PipeSide {
  readonly paneId: string;
  /** Makes a FIFO (0600); false if it cannot. */
  makeFifo(path: string): Promise<boolean>;
  /**
   * Opens the pipe to a shell command unless the pane has one already.
   * @param opened called as soon as tmux's answer is read, before any output that came behind it
   */
  open(shellCommand: string, opened: () => void): Promise<boolean>;
  run(command: Command): Promise<unknown>;
  deliver(data: Buffer): void;
  /** The connection alone brings the output again. @param isUseful whether a pipe may be tried again */
  ended(isUseful: boolean): void;
  /** Some output went by unseen. */
  lost(): void;
}

/**
 * `both`: the pipe is open, and the connection is still listened to; `closing`: what comes either way is held back.
 */
type Stage = 'opening' | 'both' | 'piping' | 'closing' | 'over';

export class PanePipe {
  readonly #side: PipeSide;
  #stage: Stage = 'opening';
  /** Holds the FIFO until both its ends are open. */
  #folder: string | undefined;
  #socket: Socket | undefined;
  /** Brought by the connection behind the answer: the pipe brings it again. */
  #again: Buffer[] = [];
  #skip = 0;
  /** Whether tmux keeps the pane's output from our connection, once this resolves. */
  #paused: Promise<unknown> = Promise.resolve();
  /** Brought by the pipe, and by the connection, while the pipe is being closed. */
  #held: Buffer[] = [];
  #late: Buffer[] = [];
  /** Whether we have told tmux to close it. */
  #isEndExpected = false;
  /** Resolves when all that it had has been read, if we closed it. */
  readonly #dry: Promise<void>;
  #resolveDry: () => void = () => undefined;
  #closing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #ended: Promise<void>;
  #resolveEnded: () => void = () => undefined;

  constructor(side: PipeSide) {
    this.#side = side;
    this.#dry = new Promise((resolve) => (this.#resolveDry = resolve));
    this.#ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.#open().catch(() => {
      this.#end(false);
    });
  }

  get isOver(): boolean {
    return this.#stage === 'over';
  }

  /** Whether output comes through it now, in no order with what else tmux says. */
  get isPiping(): boolean {
    return this.#stage === 'piping' || this.#stage === 'closing';
  }

  /** Output that came over the connection. */
  fromConnection(data: Buffer): void {
    if (this.#stage === 'closing') this.#late.push(data);
    if (this.#stage === 'both') this.#again.push(data);
    if (this.#stage !== 'closing' && this.#stage !== 'piping') this.#side.deliver(data);
  }

  async #open(): Promise<void> {
    const path = join((this.#folder = mkdtempSync(join(tmpdir(), 'panewright-pipe-'))), 'output');
    let writer: number | undefined;
    try {
      if (!PLAIN_PATH.test(path) || !(await this.#side.makeFifo(path)) || this.isOver)
        return this.#end(false);
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const socket = (this.#socket = new Socket({ fd: reader, readable: true, writable: false }));
      // Without a writer there would be an end before there is a beginning.
      writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      socket.on('error', () => undefined); // 'close' tells the same
      socket.once('close', () => {
        this.#closed();
      });
      const speaks = new Promise<void>((resolve) => {
        socket.once('data', () => {
          resolve();
        });
        setTimeout(resolve, PATIENCE_MS).unref();
        void this.#ended.then(resolve);
      });
      socket.pause();
      socket.on('data', (data) => {
        this.#fromPipe(data);
      });
      // Without the reader of its own, opening would wait for ever for one that has gone.
      const opened = await this.#side.open(`exec 3<>${path}; exec cat >${path} 3>&-`, () => {
        if (this.isOver) return;
        this.#stage = 'both';
        if (allOpen.size === 0) process.on('SIGTSTP', suspend);
        allOpen.add(this);
        socket.resume();
      });
      if (!opened) return this.#end(false);
      await speaks;
      if (this.isOver) await this.#closeTmuxs().catch(() => undefined);
      // A tmux that sees other files than we do has nobody at the other end.
      else if (this.#stage === 'both') await this.#giveUp(this.#again.length === 0);
    } finally {
      if (writer !== undefined) closeSync(writer);
      this.#removeFolder();
    }
  }

  #fromPipe(data: Buffer): void {
    if (this.#stage === 'both' && !this.#takeOver(data)) return;
    if (this.#stage === 'closing') this.#held.push(data);
    if (this.#stage !== 'piping') return;
    const skipped = Math.min(this.#skip, data.length);
    this.#skip -= skipped;
    if (skipped < data.length) this.#side.deliver(data.subarray(skipped));
    this.#timer?.refresh();
  }

  /** The pipe speaks: it is listened to from here on, if it says what the connection did. */
  #takeOver(data: Buffer): boolean {
    const again = Buffer.concat(this.#again);
    const common = Math.min(again.length, data.length);
    if (!again.subarray(0, common).equals(data.subarray(0, common))) {
      void this.#giveUp(false);
      return false;
    }
    this.#again = [];
    this.#skip = again.length;
    this.#pause();
    return true;
  }

  /** Has tmux keep the pane's output from our connection: the pipe brings it. */
  #pause(): void {
    this.#stage = 'piping';
    this.#timer = setTimeout(() => void this.close(), SILENCE_MS).unref();
    this.#paused = this.#tell('pause');
    // Told by #closing, or by the end of the connection.
    this.#paused.catch(() => undefined);
  }

  #closeTmuxs(): Promise<unknown> {
    return this.#run(['pipe-pane', '-t', this.#side.paneId]);
  }

  #tell(what: 'pause' | 'continue'): Promise<unknown> {
    return this.#run(['refresh-client', '-A', `${this.#side.paneId}:${what}`]);
  }

  /** A tmux that does not answer does as told when it wakes up, before it answers what it is told next. */
  async #run(command: Command): Promise<void> {
    for (let next = command; ; next = NOTHING) {
      try {
        await this.#side.run(next);
        return;
      } catch (error) {
        if (!(error instanceof TmuxSilent)) throw error;
      }
    }
  }

  /** Closes the pipe; resolves when that is done, or has turned out to be too early: the pane spoke. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
      .catch(() => {
        // tmux has no such pane any more, or no connection: what it has for us will not be known.
        this.#break();
      })
      .finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#stage === 'opening' || this.#stage === 'both') return this.#giveUp(true);
    await this.#paused;
    if (this.#stage !== 'piping') return;
    clearTimeout(this.#timer);
    this.#stage = 'closing';
    await this.#tell('continue');
    // What tmux had read before has reached the pipe's reader by the time of another answer, on all but a busy machine.
    await this.#run(NOTHING);
    if (this.#stage !== 'closing') return;
    if (this.#held.length > 0) {
      this.#pause();
      this.#late = [];
      for (const data of this.#held.splice(0)) this.#fromPipe(data);
      return;
    }
    this.#isEndExpected = true;
    // Behind this answer the connection has brought whatever the pipe can have.
    await this.#closeTmuxs();
    await this.#orBreak(this.#dry);
    if (this.#stage !== 'closing') return;
    this.#end(true);
    this.#deliverHeld();
  }

  /** Resolves when all that the pipe had has been delivered; to be called when it is about to end. */
  async drained(): Promise<void> {
    await this.#orBreak(this.#ended);
  }

  async #orBreak(end: Promise<void>): Promise<void> {
    const timer = setTimeout(() => {
      this.#break();
    }, PATIENCE_MS);
    await Promise.race([end, this.#ended]);
    clearTimeout(timer);
  }

  /** What was held back either way, each byte once. */
  #deliverHeld(): void {
    const held = Buffer.concat(this.#held.splice(0));
    const late = Buffer.concat(this.#late.splice(0));
    const once = held.length - overlap(held, late);
    if (once > 0) this.#side.deliver(held.subarray(0, once));
    if (late.length > 0) this.#side.deliver(late);
  }

  /** Has tmux end it at once, whatever is lost. */
  cut(): void {
    if (allOpen.has(this)) this.#closeTmuxs().catch(() => undefined);
  }

  /** The pipe has ended: because we closed it, or the pane has gone, or somebody else closed it. */
  #closed(): void {
    if (this.#stage === 'opening' || this.#stage === 'both') this.#end(true);
    if (this.isOver) return;
    if (this.#isEndExpected) this.#resolveDry();
    else this.#break();
  }

  #break(): void {
    if (this.isOver) return;
    this.#end(true);
    this.#deliverHeld();
    void this.#tell('continue').catch(() => undefined);
    this.#side.lost();
  }

  /** While the connection is still listened to, nothing is lost with the pipe. */
  async #giveUp(isUseful: boolean): Promise<void> {
    const isOpen = this.#stage === 'both';
    this.#end(isUseful);
    if (isOpen) await this.#closeTmuxs().catch(() => undefined);
  }

  /** To be called when the connection has ended. What reads for us ends with its next output. */
  abandon(): void {
    this.#end(true);
  }

  #end(isUseful: boolean): void {
    if (this.isOver) return;
    this.#stage = 'over';
    if (allOpen.delete(this) && allOpen.size === 0) process.off('SIGTSTP', suspend);
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#removeFolder();
    this.#resolveEnded();
    this.#side.ended(isUseful);
  }

  #removeFolder(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Length of the longest beginning of `late` with which `held` ends. */
export function overlap(held: Buffer, late: Buffer): number {
  for (let length = Math.min(held.length, late.length); length > 0; length--)
    if (held.subarray(held.length - length).equals(late.subarray(0, length))) return length;
  return 0;
}
