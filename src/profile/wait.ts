/** Waits on a pane without typing: for a text in new output, or for the end of what runs. */
import { PanewrightError } from '../errors.js';
import type { ReadPane } from '../panes/pane.js';
import type { SpoolShelf } from '../panes/spool.js';
import { departureOf, nextOutput, onGone, silence, type Departure } from '../panes/watch.js';
import type { Activity } from './activity.js';
import type { ProfileCatalog } from './catalog.js';
import { waitForMark } from './marks-wait.js';
import { cancelled, outcomeOf, type Outcome, type WaitOptions } from './outcome.js';
import type { Pattern } from './pattern.js';
import { findQuestion } from './question.js';
import { recover, type Observer } from './recover.js';
import { Run, type RunState } from './run.js';
import { showsPrompt } from './state.js';

export interface WaitResult {
  readonly outcome: Outcome;
  readonly matched: boolean;
  /** The text that the pattern matched. */
  readonly match?: string;
}

/** How long the shell may take to start what was just typed, in milliseconds. */
const START_MS = 300;
/** For how long what shows at a prompt is taken for the echo of what was just typed there. */
const ECHO_MS = 1_000;

/** Waits for the end of the running command, or of what was left running by an earlier call. */
export async function waitForEnd(
  pane: ReadPane,
  activity: Activity,
  observer: Observer,
  options: WaitOptions,
): Promise<WaitResult> {
  const { stream, row } = pane;
  const { catalog } = observer;
  if (row.dead) return ofDead(pane, activity, observer.shelf);
  const sinceTyped = performance.now() - activity.typedAt;
  if (stream.phase === 'prompt' && sinceTyped < START_MS && (activity.run?.started ?? 0) < activity.typedAt)
    await waitForMark(stream, (mark) => mark.kind === 'C', START_MS - sinceTyped);
  const known = activity.run;
  if (known && !known.collected) {
    const outcome = await outcomeOf(known, pane, catalog, options);
    return { outcome, matched: known.finished && !known.moved };
  }
  const run = observe(pane, activity, observer);
  // Before anybody asks whether it waits for input: an idle shell does, too.
  await atPrompt(run, pane, catalog, options.signal);
  void endAtPrompt(run, pane, catalog);
  const outcome = await outcomeOf(run, pane, catalog, options);
  if (!run.finished) run.finish(run.state);
  return { outcome, matched: run.state === 'completed' || run.state === 'pane_closed' };
}

/** The program has ended and the pane stays: whatever is awaited is over. */
function ofDead(pane: ReadPane, activity: Activity, shelf: SpoolShelf): WaitResult {
  const known = activity.run && !activity.run.collected ? activity.run : undefined;
  const run = known ?? newRun(pane, shelf, 'screen');
  run.finish('pane_closed', pane.row.deadStatus);
  run.collected = true;
  return { outcome: { run, timedOut: false }, matched: true };
}

/** A run that nobody here started: it ends when a prompt shows. */
function observe(pane: ReadPane, activity: Activity, observer: Observer): Run {
  const { shelf } = observer;
  const run = newRun(pane, shelf, pane.stream.phase === 'unknown' ? 'screen' : 'integration');
  const { stream } = pane;
  const seen = stream.since(activity.seen);
  // A prompt that stands there already is no output, and neither is one that comes.
  let open = stream.phase !== 'prompt';
  const end = open ? seen.length : seen.length - (stream.position - stream.promptFrom);
  run.output.feed(seen.subarray(0, Math.max(0, end)));
  run.onEnd(
    onGone(
      pane,
      (departure) => {
        run.depart(departure);
      },
      true,
    ),
  );
  run.onEnd(
    stream.listen({
      text: (data) => {
        if (open) run.output.feed(data);
      },
      mark: (mark) => {
        if (mark.kind === 'C') open = true;
        else if (mark.kind === 'Z' || mark.kind === 'D') open = false;
      },
      end: () => {
        void recover(run, pane, activity, observer);
      },
    }),
  );
  return run;
}

async function endAtPrompt(run: Run, pane: ReadPane, catalog: ProfileCatalog): Promise<void> {
  while (!run.finished && !pane.stream.ended) {
    await nextOutput(pane.stream, 500);
    await atPrompt(run, pane, catalog);
  }
}

/** Ends the run if a prompt shows: by the marks, or where there are none by the looks of a silent screen. */
async function atPrompt(
  run: Run,
  pane: ReadPane,
  catalog: ProfileCatalog,
  signal?: AbortSignal,
): Promise<void> {
  const { stream } = pane;
  const byMarks = (): boolean => {
    if (stream.phase === 'prompt') run.finish('completed', stream.lastStatus ?? null);
    return run.finished || stream.phase !== 'unknown';
  };
  if (byMarks()) return;
  await silence(stream, 50, performance.now() + 2_000, signal);
  const now = await pane.cursorLine().catch(() => undefined);
  // The marks may have come while the screen was looked at.
  if (byMarks() || !now) return;
  const shows = await showsPrompt(catalog, pane, now);
  if (!byMarks() && shows) run.finish('completed');
}

/** Waits until the pattern shows in output that no result has carried yet; the echo of typed text is not output. */
export async function waitForPattern(
  pane: ReadPane,
  activity: Activity,
  observer: Observer,
  pattern: Pattern,
  options: WaitOptions,
): Promise<WaitResult> {
  const { stream } = pane;
  const { catalog, shelf } = observer;
  const run = newRun(pane, shelf, stream.phase === 'unknown' ? 'screen' : 'integration');
  /** Whether a command runs whose end ends the wait: one that ran before, or that was typed by a call. */
  let awaited = stream.phase === 'running';
  let found: string | undefined;
  let dirty = true;
  let ended: RunState | undefined;
  let gone: Departure | undefined;
  /** Whether the connection to tmux ended; the pane may live on. */
  let lost = false;
  /** Runs while it is open whether a prompt that came is the end. */
  let back: NodeJS.Timeout | undefined;
  run.output.feed(stream.since(activity.seen));
  const stops = [
    onGone(
      pane,
      (departure) => {
        gone = departure;
        wake();
      },
      true,
    ),
    stream.listen({
      text: (data) => {
        run.output.feed(data);
        dirty = true;
        wake();
      },
      mark: (mark) => {
        if (mark.kind === 'C') clearTimeout(back);
        if (mark.kind === 'C' && activity.typed.length > 0) {
          // All that came before is the echo of what was typed.
          run.startOver(pane.row);
          activity.typed = [];
          awaited = true;
        } else if (mark.kind === 'X') {
          run.leaving = Number(mark.values[0] ?? '0');
        } else if (mark.kind === 'B' && mark.named['k'] !== 's' && awaited) {
          const status = stream.lastStatus ?? null;
          const end = (): void => {
            ended = 'completed';
            run.exitCode = status;
            wake();
          };
          // What was typed ahead while a command ran is the next one: it starts at once, or was that one's input.
          clearTimeout(back);
          if (activity.typed.length > 0) back = setTimeout(end, START_MS);
          else end();
        }
        wake();
      },
      end: () => {
        lost = true;
        wake();
      },
    }),
  ];
  let wake: () => void = () => undefined;
  let nextProgress = performance.now() + 5_000;
  try {
    for (;;) {
      // A line editor may draw what was typed again and again, until the shell says that it starts.
      const started = (activity.run?.started ?? 0) >= activity.typedAt;
      const isEcho = stream.phase === 'prompt' && activity.typed.length > 0 && !started;
      const echoed = isEcho ? activity.typedAt + ECHO_MS - performance.now() : 0;
      if (dirty && echoed <= 0) {
        dirty = false;
        found = pattern.search(withoutEcho(run.output.searchable, activity.typed))?.text;
      }
      const now = performance.now();
      if (found !== undefined || ended || gone || lost || now >= options.deadline) break;
      if (options.signal.aborted) throw cancelled();
      if (now >= nextProgress) {
        nextProgress += 5_000;
        options.progress(
          `waiting for ${JSON.stringify(pattern.source.slice(0, 80))}: ${run.output.totalLines} lines so far`,
        );
      }
      const until = Math.min(options.deadline - now, nextProgress - now, echoed > 0 ? echoed : Infinity);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until);
        const done = (): void => {
          clearTimeout(timer);
          options.signal.removeEventListener('abort', done);
          resolve();
        };
        options.signal.addEventListener('abort', done, { once: true });
        wake = done;
        if ((dirty && echoed <= 0) || ended || gone || lost) done();
      });
    }
  } finally {
    clearTimeout(back);
    for (const stop of stops) stop();
  }
  if (lost) gone ??= departureOf(pane.row, await pane.refresh());
  if (lost && !gone && found === undefined) throw connectionLost();
  if (gone) run.depart(gone);
  const state = run.finished ? run.state : (ended ?? stateNow(pane));
  run.finish(state, run.exitCode);
  const question =
    found === undefined && state === 'running'
      ? await findQuestion(pane, catalog, 1_000).catch(() => undefined)
      : undefined;
  if (question) run.state = 'waiting_for_input';
  return {
    outcome: { run, timedOut: found === undefined && !ended && !gone, ...(question && { question }) },
    matched: found !== undefined,
    ...(found !== undefined && { match: found }),
  };
}

function connectionLost(): PanewrightError {
  return new PanewrightError(
    'TMUX_LOST',
    'the connection to tmux was lost while waiting.',
    'The pane lives on, but some of its output went by unseen: look with read_pane, then wait again.',
  );
}

function stateNow({ stream, row }: ReadPane): RunState {
  return stream.phase === 'prompt' && !row.dead ? 'completed' : 'running';
}

/** Drops the first occurrence of each typed line: that is its echo. */
function withoutEcho(text: string, typed: readonly string[]): string {
  let rest = text;
  for (const line of typed) {
    const at = rest.indexOf(line);
    if (at >= 0) rest = rest.slice(0, at) + rest.slice(at + line.length);
  }
  return rest;
}

function newRun(pane: ReadPane, shelf: SpoolShelf, detection: Run['detection']): Run {
  const spool = shelf.create();
  return new Run('', detection, pane.row, spool);
}
