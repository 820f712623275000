/**
 * What a pane printed while the connection to it was lost, regained from tmux: the output from the scrollback, the
 * status from the shell, which says it again when its line editor draws the prompt anew.
 */
import type { OutputText } from '../panes/output.js';
import { WritePane, type ReadPane } from '../panes/pane.js';
import { nextOutput } from '../panes/watch.js';
import type { PaneRow } from '../tmux/formats.js';
import type { Activity } from './activity.js';
import { waitForMark } from './marks-wait.js';
import type { Run } from './run.js';

/** How far back is looked, in lines. */
const HISTORY = 5_000;
/** Lines by which the place is found again at which the output broke off. */
const ANCHOR = 5;
/** How often the screen is asked for what was missed, and how long is waited between, in milliseconds. */
const REGAIN_TRIES = 5;
const PAUSE_MS = 500;
/** How long a program may take to read what was typed just before the connection was lost; and the steps, in ms. */
const READ_MS = 300;
const READ_STEP_MS = 20;
/** How long a shell may take to draw its prompt anew, on a slow link. */
const REPORT_MS = 1_500;

/** Where something is missing, and what is not part of it. */
export interface Gap {
  readonly output: OutputText;
  /** What stands before it where nothing of it has come yet: the end of a line. */
  readonly behind?: string;
  /** Whether the line up to the cursor is what follows the output. */
  isOver?(look: CursorLine): Promise<boolean>;
}

export interface CursorLine {
  readonly before: string;
  readonly row: PaneRow;
}

/**
 * Feeds the output what it has missed, up to the cursor, but for what follows it; nothing where the place is not found
 * again. What the stream brings until this resolves is part of it.
 */
export async function regainOutput(pane: ReadPane, { output, behind = '', isOver }: Gap): Promise<void> {
  const { lines, row } = await pane.look(HISTORY);
  if (row.alternate) return;
  const before = (lines.pop() ?? '').padEnd(row.cursorX);
  const isBack = (await isOver?.({ before, row })) ?? false;
  if (!isBack) lines.push(before);
  const { lines: known } = output.lines(ANCHOR, 4_000);
  // On the screen, blanks at the end of a line cannot be told from nothing.
  const anchor = (known.length > 0 ? known : [behind]).map((line) => line.trimEnd());
  const at = lastPlace(lines, anchor, known.length === 0);
  if (at === undefined) return;
  const missed = lines.slice(at);
  // The rest of the line that was cut stands first; what the cursor is behind has no end yet.
  const last = known.at(-1) ?? '';
  const cut = known.length > 0 && output.unfinished !== '' ? (lines[at - 1] ?? '').slice(last.length) : '';
  const unended = output.unfinished !== '' && missed.length > 0 ? '\n' : '';
  const text = cut + unended + missed.join('\n');
  if (text === '' && output.unfinished === '') return;
  output.feed(Buffer.from(isBack || row.cursorX === 0 ? `${text}\n` : text));
}

/** Tries until it is done: a connection that has just come back may be slow to answer, or busy with many others. */
export async function persistently(
  { stream }: ReadPane,
  run: Run,
  action: () => Promise<void>,
): Promise<void> {
  for (let tries = 1; !run.finished && !stream.ended && tries <= REGAIN_TRIES; tries++) {
    const isDone = await action().then(
      () => true,
      () => false,
    );
    if (isDone) return;
    await nextOutput(stream, PAUSE_MS);
  }
}

/** Resolves once a program has read what was typed, as far as that can be told, and its answer has come; or soon. */
export async function hasRead(pane: ReadPane): Promise<void> {
  const deadline = performance.now() + READ_MS;
  while (performance.now() < deadline && !pane.stream.ended) {
    const wait = await pane.machine.inputWait(pane.row);
    if (wait === 'reading' || wait === 'polling') break;
    await nextOutput(pane.stream, READ_STEP_MS);
  }
  // What tmux had of the pane comes before its answer.
  await pane.refresh();
}

/** Index behind the last place where the anchor stands; a command stands behind a prompt. */
function lastPlace(lines: readonly string[], anchor: readonly string[], behind: boolean): number | undefined {
  for (let at = lines.length; at >= anchor.length; at--) {
    const fits = anchor.every((line, i) => {
      const seen = lines[at - anchor.length + i] ?? '';
      const isLast = i === anchor.length - 1;
      return behind ? seen.endsWith(line) : isLast ? seen.startsWith(line) : seen === line;
    });
    if (fits) return at;
  }
  return undefined;
}

/** Has the shell at the prompt say its last status again, where we may type there; its marks tell it to whoever listens. */
export async function regainStatus(pane: ReadPane, { shell }: Activity): Promise<void> {
  const report = shell?.shell?.keys?.report;
  if (report === undefined || !(pane instanceof WritePane)) return;
  const drawn = waitForMark(pane.stream, (mark) => mark.kind === 'B', REPORT_MS);
  await pane.type([{ text: report }]);
  await drawn;
}
