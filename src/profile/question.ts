/**
 * Does a silent program wait for an answer? The operating system's word first, the look of the line second; a
 * slow progress line is no question.
 */
import type { ReadPane } from '../panes/pane.js';
import type { ProfileCatalog } from './catalog.js';
import { hidesInput } from './secret.js';
import { plainPrompt, strongQuestion, weakQuestion } from './looks.js';

/** Silence before the first look, and how long the weaker signs must last, in milliseconds. */
export const FIRST_LOOK_MS = 120;
const WEAK_MS = 1_000;

export interface Question {
  /** The line that asks, up to the cursor; '' when the program just reads. */
  readonly question: string;
  /** Whether what is typed shows; undefined where that cannot be told. */
  readonly echo: boolean | undefined;
}

/**
 * @param quietMs how long the pane has been silent
 * @param own prompt of the program that the command was given to: that shows before and after, and asks nothing
 * @param printed what the command has printed of its last line, if that is known
 * @returns undefined while nothing says that input is awaited
 */
export async function findQuestion(
  pane: ReadPane,
  catalog: ProfileCatalog,
  quietMs: number,
  own?: RegExp,
  printed?: string,
): Promise<Question | undefined> {
  const { before: shown, row } = await pane.cursorLine();
  // To tmux, a command line that fills its row to the edge goes on in the row below.
  const before = printed !== undefined && printed !== '' && shown.endsWith(printed) ? printed : shown;
  const wait = await pane.machine.inputWait(row);
  // A full-screen program that waits asks for keys; what it asks is on its screen.
  if (row.alternate)
    return quietMs >= WEAK_MS && wait !== 'working' ? { question: '', echo: undefined } : undefined;
  if (own?.test(before)) return undefined;
  const line = before.trimEnd();
  const known = await catalog.ofPane(row, pane.machine);
  const prompt = known?.repl !== undefined && new RegExp(known.repl.prompt).test(before);
  const strong = strongQuestion(line);
  const awaited =
    prompt ||
    (wait === 'reading' && (line !== '' || quietMs >= WEAK_MS)) ||
    (strong && (wait !== 'working' || quietMs >= WEAK_MS)) ||
    (wait === 'polling' &&
      line !== '' &&
      quietMs >= 2 * FIRST_LOOK_MS &&
      asks(before, known !== undefined)) ||
    (wait === 'unknown' && line !== '' && quietMs >= WEAK_MS && asks(before, known !== undefined));
  if (!awaited) return undefined;
  const hides = await hidesInput(pane, { before: shown, row });
  return { question: line, echo: hides === undefined ? undefined : !hides };
}

function asks(before: string, known: boolean): boolean {
  return weakQuestion(before) || plainPrompt(before) || (known && /\s$/.test(before));
}
