/**
 * One typist per pane across all Panewright processes: a lock on the pane itself, inside tmux, taken in the very
 * step that types. It is kept for a moment after a command, because the next one often follows at once.
 */
import { randomBytes } from 'node:crypto';
import { connectionEnded } from '../tmux/lost.js';
import { machineId } from '../tmux/machine-id.js';
import { PanewrightError } from '../errors.js';
import type { WritePane } from '../panes/pane.js';
import type { Piece } from '../panes/paste.js';
import type { PaneStream } from '../panes/stream.js';
import { LostBefore } from '../panes/untouched.js';

/** A lock older than this whose holder cannot be asked has been left behind, in milliseconds. */
const STALE_MS = 310_000;
/** How long the lock is kept after a command. */
const LINGER_MS = 100;
/** How long another process's lock is waited for; longer than it lingers. */
const PATIENCE_MS = 600;
const RETRY_MS = 25;

export class PaneLock {
  #token: string | undefined;
  /** Tokens of ours of which tmux did not say whether they were taken or given back. */
  readonly #doubtful = new Set<string>();
  #users = 0;
  #linger: NodeJS.Timeout | undefined;

  /** Takes the lock at the first call of `type`, and lets go of it some time after `action` is done. */
  async during<T>(
    pane: WritePane,
    action: (type: (pieces: readonly Piece[]) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    this.#users++;
    clearTimeout(this.#linger);
    try {
      return await action((pieces) => this.#type(pane, pieces));
    } finally {
      if (--this.#users === 0) {
        this.#linger = setTimeout(() => {
          const token = this.#token;
          this.#token = undefined;
          if (token !== undefined) pane.unlock(token).catch(() => this.#doubtful.add(token));
        }, LINGER_MS);
      }
    }
  }

  async #type(pane: WritePane, pieces: readonly Piece[]): Promise<void> {
    const { stream } = pane;
    if (this.#token !== undefined) {
      if (pieces.length === 0 || (await this.#step(pane, this.#token, pieces, stream))) return;
      if (await pane.isMoved()) throw pane.moved();
      // Somebody took it for stale and broke it.
      this.#token = undefined;
    }
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await this.#step(pane, '', pieces, stream))) {
      // Either somebody holds the lock, or the pane is no longer where it was judged to be: that rejects here.
      const lock = await (await pane.renewed()).lockHolder();
      // Nobody holds it: what did not hold is where the pane is, or how large.
      if (lock === '' && (await pane.isMoved())) throw pane.moved();
      if (lock !== '' && (this.#doubtful.has(lock) || isStale(lock))) await pane.unlock(lock);
      else if (performance.now() > deadline) throw inUse(pane);
      // tmux does not tell when an option changes.
      else await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /**
   * Types if `holder` has the lock, under a new token each time: when the connection ends before the answer, the lock
   * itself tells whether it was done. False, nothing done, when somebody else has it or the pane has moved.
   */
  async #step(
    pane: WritePane,
    holder: string,
    pieces: readonly Piece[],
    stream: PaneStream,
  ): Promise<boolean> {
    const token = newToken();
    try {
      if (!(await pane.typeLocked(holder, token, pieces, stream))) return false;
    } catch (error) {
      // Our own lock must not keep us out.
      this.#doubtful.add(token);
      if (!connectionEnded(error)) throw error;
      if ((await pane.lockHolder()) !== token) throw new LostBefore();
    }
    this.#token = token;
    this.#doubtful.clear();
    return true;
  }
}

const RANDOM = randomBytes(4).toString('hex');
let tokens = 0;

function newToken(): string {
  return `${process.pid}t${Date.now()}r${RANDOM}${(tokens++).toString(16)}m${machineId()}`;
}

/** The token is `<pid>t<time>r<random>m<machine>`; of another machine only its age tells. */
function isStale(token: string): boolean {
  const [, pid = '0', time = '0', machine] = /^(\d+)t(\d+)r[0-9a-f]+(?:m([0-9a-f]+))?$/.exec(token) ?? [];
  if (Date.now() - Number(time) > STALE_MS) return true;
  if (machine !== undefined && machine !== machineId()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function inUse(pane: WritePane): PanewrightError {
  return new PanewrightError(
    'PANE_IN_USE',
    `another Panewright process is running a command in ${pane.target}.`,
    'Nothing was typed. Try again in a moment, or use another pane.',
  );
}
