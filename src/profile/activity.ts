/** What Panewright has going on in one pane: whose turn it is, what runs, how far a caller has read. */
import type { PaneStream } from '../panes/stream.js';
import type { Profile } from './contract.js';
import { PaneLock } from './lock.js';
import type { Run } from './run.js';

export class Activity {
  readonly lock = new PaneLock();
  #run: Run | undefined;
  /** The shell whose marks the stream carries. */
  shell: Profile | undefined;
  /** Lines typed by write_pane since the last result, whose echo no pattern may match. */
  typed: string[] = [];
  /** Begins a run for a command that the shell will not say it starts. */
  beginsByEcho: (() => void) | undefined;
  /** performance.now() when something was typed at a marked prompt: a command may be about to start. */
  typedAt = -Infinity;
  #stream: PaneStream | undefined;
  #seen = 0;
  #tail: Promise<void> = Promise.resolve();
  #turns = 0;

  /** Follows the pane's current stream; positions of an earlier one mean nothing any more. True if it is new. */
  follow(stream: PaneStream): boolean {
    if (this.#stream === stream) return false;
    this.#stream = stream;
    this.#seen = stream.position;
    this.typed = [];
    return true;
  }

  /** The nonce of the marks in the stream that is, or was last, followed. */
  get aid(): string {
    return this.#stream?.aid ?? '';
  }

  /** Position up to which output has been reported to a caller, or lay before anything was asked. */
  get seen(): number {
    return this.#seen;
  }

  /** To be called when a result has carried all output so far. @param typed what was typed and has not started yet */
  markSeen(typed = ''): void {
    this.#seen = this.#stream?.position ?? 0;
    this.#stream?.forget(this.#seen);
    this.typed = typed.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  }

  /** To be called before text is typed: what comes from now on is new. */
  noteTyped(text: string, stream: PaneStream): void {
    this.follow(stream);
    this.markSeen(text);
    if (stream.phase === 'prompt') this.typedAt = performance.now();
    // A shell without a line editor does not say that it starts a command.
    if (this.shell?.shell?.keys === undefined && stream.phase === 'prompt' && /[\r\n]/.test(text)) {
      stream.phase = 'running';
      this.beginsByEcho?.();
    }
  }

  /** The newest run, finished or not. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** What the one before has written to disk is let go, unless a result has linked it. */
  set run(run: Run | undefined) {
    const before = this.#run;
    this.#run = run;
    if (before !== run) before?.onEnd(() => before.spool.release());
  }

  /** Whether a turn would be had at once. */
  get free(): boolean {
    return this.#turns === 0;
  }

  /** One at a time: resolves, when the calls before have let go, with the function that lets go. */
  async turn(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const before = this.#tail;
    let letGo: () => void = () => undefined;
    this.#tail = new Promise((resolve) => {
      letGo = resolve;
    });
    const release = (): void => {
      this.#turns--;
      letGo();
    };
    if (this.#turns++ === 0) return release;
    const aborted = new Promise<'aborted'>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve('aborted');
      });
    });
    if ((await Promise.race([before, aborted])) === 'aborted') {
      // Whoever waits behind this call still waits for those before it.
      void before.then(release);
      signal.throwIfAborted();
    }
    return release;
  }
}

interface Place {
  readonly serverPid: number;
  readonly paneId: string;
  readonly pid: number;
}

const keyOf = ({ serverPid, paneId, pid }: Place): string => `${serverPid} ${paneId} ${pid}`;

/** The activities of all panes in use. */
export class Activities {
  readonly #byPane = new Map<string, Activity>();
  /** Number of them at which it is time to see which panes there still are. */
  #limit = 64;

  of(place: Place): Activity {
    const key = keyOf(place);
    let activity = this.#byPane.get(key);
    if (!activity) {
      activity = new Activity();
      this.#byPane.set(key, activity);
    }
    return activity;
  }

  /** True once each time that there are many more than before. */
  isDue(): boolean {
    if (this.#byPane.size < this.#limit) return false;
    this.#limit *= 2;
    return true;
  }

  /** Forgets those of programs that are not among these, which are all that there are. */
  keep(places: readonly Place[]): void {
    const keys = new Set(places.map(keyOf));
    for (const [key, activity] of this.#byPane) {
      if (keys.has(key) || !activity.free) continue;
      this.#byPane.delete(key);
      activity.run = undefined;
    }
    this.#limit = Math.max(64, 2 * this.#byPane.size);
  }
}
