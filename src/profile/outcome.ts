/** Waits for a run: until it ends, asks something, the time is over, or the caller goes away. */
import { PanewrightError } from '../errors.js';
import type { ReadPane } from '../panes/pane.js';
import type { ProfileCatalog } from './catalog.js';
import { findQuestion, FIRST_LOOK_MS, type Question } from './question.js';
import type { Run } from './run.js';
import { within } from '../tmux/within.js';

export interface WaitOptions {
  /** performance.now() at which the wait is over. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  progress(message: string): void;
}

export interface Outcome {
  readonly run: Run;
  readonly timedOut: boolean;
  readonly question?: Question;
}

/** How often a caller is told that the wait goes on, in milliseconds. */
const PROGRESS_MS = 5_000;
/**
 * Silences after which a program is looked at, each once; while it stays silent, rarer and rarer. The long steps
 * are for a program that was at work when last looked at: most silent ones are.
 */
const LOOKS_MS = [FIRST_LOOK_MS, 2 * FIRST_LOOK_MS, 600, 1_100, 2_500, 5_000];
const WORKING_LOOKS_MS = [FIRST_LOOK_MS, 1_000, 4_000, 10_000];
/** Silence after which a command may be asking though it was not seen to start; a loaded machine is slow. */
const STARTING_MS = 5_000;
/** Silence after which what was typed has been read, though nothing shows of it. */
const UNREAD_MS = 1_000;
/** How long a look may go on when the time is over. */
const LATE_MS = 250;

function nextLook(silence: number, working: boolean): number {
  const steps = working ? WORKING_LOOKS_MS : LOOKS_MS;
  return steps.find((step) => step > silence) ?? silence * 2;
}

export async function outcomeOf(
  run: Run,
  pane: ReadPane,
  catalog: ProfileCatalog,
  options: WaitOptions,
): Promise<Outcome> {
  if (run.state === 'waiting_for_input') run.state = 'running';
  let nextProgress = performance.now() + PROGRESS_MS;
  let lastOutput = 0;
  let wanted = FIRST_LOOK_MS;
  for (;;) {
    const now = performance.now();
    if (run.finished) {
      run.collected = true;
      if (run.refused) throw cutShort(run.refused);
      return { run, timedOut: false };
    }
    if (options.signal.aborted) throw cancelled();
    if (now >= options.deadline && run.lost) throw outOfReach(run.lost);
    if (now >= options.deadline) return { run, timedOut: true };
    const { stream } = pane;
    if (stream.lastOutput !== lastOutput) {
      lastOutput = stream.lastOutput;
      wanted = FIRST_LOOK_MS;
    }
    const since = Math.max(lastOutput, stream.lastInput);
    const quiet = now - since;
    if (quiet >= wanted) {
      // The cheap question first.
      const working = (await pane.machine.inputWait(pane.row)) === 'working';
      wanted = nextLook(quiet, working);
      const question =
        run.recovering ||
        (working && quiet < 10_000) ||
        (run.starting && quiet < STARTING_MS) ||
        (stream.lastInput > lastOutput && quiet < UNREAD_MS)
          ? undefined
          : await within(
              findQuestion(pane, catalog, quiet, run.prompt, run.lastLine).catch(() => undefined),
              Math.max(options.deadline - performance.now(), 0) + LATE_MS,
              undefined,
            );
      if (question && !run.finished && stream.lastOutput === lastOutput) {
        run.state = 'waiting_for_input';
        return { run, timedOut: false, question };
      }
      continue;
    }
    if (now >= nextProgress) {
      nextProgress += PROGRESS_MS;
      options.progress(
        run.lost
          ? `${run.lost.message} Trying again.`
          : `still running after ${Math.round((now - run.started) / 1000)} s, ${run.output.totalLines} lines so far`,
      );
    }
    const until = Math.min(options.deadline, nextProgress, since + wanted);
    await raced(run.done, until - now, options.signal);
  }
}

function cutShort({ code, message }: PanewrightError): PanewrightError {
  return new PanewrightError(code, message, 'What of the command had been typed by then goes on.');
}

function outOfReach(lost: PanewrightError): PanewrightError {
  return new PanewrightError(
    'HOST_UNREACHABLE',
    `${lost.message} The connection was lost while the command ran; it may go on there.`,
    'When the host is back, collect it with wait_for.',
  );
}

export function cancelled(): PanewrightError {
  return new PanewrightError(
    'CANCELLED',
    'the caller cancelled the wait.',
    'What runs in the pane goes on; collect it with wait_for.',
  );
}

/** Resolves when the promise does, after `ms`, or when the signal aborts. */
function raced(promise: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(1, ms));
    signal.addEventListener('abort', done, { once: true });
    void promise.then(done);
  });
}
