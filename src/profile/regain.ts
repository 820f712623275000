/**
 * What a pane printed while the connection to it was lost, regained from tmux: the output from the scrollback, the
 * status from the shell, which says it again when its line editor draws the prompt anew.
 */
import { WritePane, type ReadPane } from '../panes/pane.js';
import type { Activity } from './activity.js';
import type { ProfileCatalog } from './catalog.js';
import { waitForMark } from './marks-wait.js';
import type { Run } from './run.js';
import { showsPrompt } from './state.js';

/** How far back is looked, in lines. */
const HISTORY = 5_000;
/** Lines by which the place is found again at which the output broke off. */
const ANCHOR = 5;
/** How long a shell may take to draw its prompt anew, on a slow link. */
const REPORT_MS = 1_500;

/**
 * Feeds the run what it has missed, up to the cursor, but for a prompt that has come back; nothing where the place
 * is not found again. What the stream brings until this resolves is part of it.
 */
export async function regainOutput(run: Run, pane: ReadPane, catalog: ProfileCatalog): Promise<void> {
  const { lines, row } = await pane.look(HISTORY);
  if (row.alternate) return;
  const before = (lines.at(-1) ?? '').padEnd(row.cursorX);
  const isBack = await showsPrompt(catalog, pane, { before, row });
  if (isBack) lines.pop();
  const { lines: known } = run.output.lines(ANCHOR, 4_000);
  const anchor = known.length > 0 ? known : [run.command.split('\n').at(-1) ?? ''];
  const at = lastPlace(lines, anchor, known.length === 0);
  if (at === undefined) return;
  const missed = lines.slice(at);
  // The rest of the line that was cut stands first; what the cursor is behind has no end yet.
  const last = anchor.at(-1) ?? '';
  const cut =
    known.length > 0 && run.output.unfinished !== '' ? (lines[at - 1] ?? '').slice(last.length) : '';
  const unended = run.output.unfinished !== '' && missed.length > 0 ? '\n' : '';
  const text = cut + unended + missed.join('\n');
  if (text !== '') run.output.feed(Buffer.from(isBack || row.cursorX === 0 ? `${text}\n` : text));
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
