/** One command given to a program in a pane: its output as it grows, and how it ended. */
import type { PanewrightError } from '../errors.js';
import { OutputText } from '../panes/output.js';
import type { ReadPane } from '../panes/pane.js';
import type { Spool } from '../panes/spool.js';
import type { Departure } from '../panes/watch.js';

/** How a command stands; all but `running` and `waiting_for_input` are final. */
export type RunState = 'completed' | 'running' | 'waiting_for_input' | 'incomplete_input' | 'pane_closed';
export type Detection = 'integration' | 'screen';

/** Of the pane that a command runs in, in cells. */
interface PaneSize {
  readonly width: number;
  readonly height: number;
}

const outputFor = ({ width, height }: PaneSize, spool: Spool): OutputText =>
  new OutputText(width, height, spool);

export class Run {
  readonly command: string;
  readonly detection: Detection;
  readonly spool: Spool;
  readonly started = performance.now();
  output: OutputText;
  state: RunState = 'running';
  exitCode: number | null = null;
  /** Status with which the shell has said that it exits; it is the run's if the pane closes. */
  leaving: number | null = null;
  /** performance.now() when it ended. */
  ended: number | undefined;
  /** Lines printed since the last that `output` holds, while they may still change. */
  preview: (() => string[]) | undefined;
  /** The prompt behind which the run ends, where that is all that tells: it is no question. */
  prompt: RegExp | undefined;
  /** Whether a caller has been given its final result. */
  collected = false;
  /** Whether the pane was moved to another session while it ran: it goes on there, unwatched. */
  moved = false;
  /** Typed, and not seen to start yet: nothing that it asks can be on the screen. */
  starting = false;
  /** To be called when the connection was lost and is back, while what is still to be typed depends on what is heard. */
  resume: ((pane: ReadPane) => Promise<void>) | undefined;
  /** Whether some output went by unseen because the connection to tmux was lost. */
  gap = false;
  /** The connection was lost, and it is not known yet whether it ended meanwhile: what shows is no question. */
  recovering = false;
  /** Why its host cannot be reached now; it may go on there. */
  lost: PanewrightError | undefined;
  /** Why the rest of it may not be typed; what had been goes on. */
  refused: PanewrightError | undefined;
  readonly done: Promise<void>;
  #resolve: () => void = () => undefined;
  readonly #cleanups: (() => void)[] = [];

  constructor(command: string, detection: Detection, size: PaneSize, spool: Spool) {
    this.command = command;
    this.detection = detection;
    this.output = outputFor(size, spool);
    this.spool = spool;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get finished(): boolean {
    return this.ended !== undefined;
  }

  /** What it has printed of its last line; undefined where the beginning of it went by unseen. */
  get lastLine(): string | undefined {
    return this.command === '' || this.gap ? undefined : this.output.unfinished;
  }

  /** To be called when the run ends, whatever ends it. */
  onEnd(cleanup: () => void): void {
    if (this.finished) cleanup();
    else this.#cleanups.push(cleanup);
  }

  /** To be called when the pane has gone from under the run. */
  depart({ how, exitCode, shown = '' }: Departure): void {
    if (this.finished) return;
    this.output.withdraw(shown);
    this.moved = how === 'moved';
    this.finish(this.moved ? 'running' : 'pane_closed', exitCode);
  }

  /** To be called when typing a part of it failed, where no event tells of that. */
  refuse(error: PanewrightError): void {
    if (this.finished) return;
    this.refused = error;
    this.finish('running');
  }

  /** What came so far was not its output. */
  startOver(size: PaneSize): void {
    this.spool.empty();
    this.output = outputFor(size, this.spool);
  }

  /** The first end counts. */
  finish(state: RunState, exitCode: number | null = null): void {
    if (this.finished) return;
    this.ended = performance.now();
    this.state = state;
    this.exitCode = exitCode ?? (state === 'pane_closed' ? this.leaving : null);
    this.output.finish();
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    this.#resolve();
  }
}
