/**
 * Answers a dialog: the highlight is moved step by step and verified, and only then is Enter pressed. The only
 * place that presses Enter in a dialog.
 */
import { PanewrightError } from '../../errors.js';
import { parseKey } from '../../panes/keys.js';
import type { WritePane } from '../../panes/pane.js';
import type { AgentFacts, Dialog, DialogOption, ScreenReading } from '../contract.js';
import { until } from './submit.js';

export interface AnswerRequest {
  readonly choice: string | number;
  readonly text?: string | undefined;
}

/**
 * A dialog that has just appeared ignores keys, or takes them late, for a moment. A press is repeated only when
 * it has shown no effect for this long: a key taken late after another would move the highlight on.
 */
const PRESS_MS = 1_500;
/** Time for which the highlight must stand still before Enter is pressed. */
const STEADY_MS = 150;
const TRIES = 6;

/** Resolves when the dialog that was answered is gone or has become another. */
export async function answerDialog(
  pane: WritePane,
  facts: AgentFacts,
  dialog: Dialog,
  request: AnswerRequest,
): Promise<void> {
  const several = dialog.options.some((option) => option.checked !== undefined);
  if (several && /^[\d\s,]+$/.test(String(request.choice))) {
    await check(
      pane,
      facts,
      dialog,
      String(request.choice)
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(Number),
    );
    return;
  }
  const index = indexOf(dialog, request.choice);
  await moveTo(pane, facts, dialog, index);
  if (request.text !== undefined) await enterText(pane, facts, dialog, index, request.text);
  await confirm(pane, facts, dialog);
}

/** Which option a caller means. */
export function indexOf(dialog: Dialog, choice: string | number): number {
  const { options } = dialog;
  const number = typeof choice === 'number' ? choice : /^\d+$/.test(choice) ? Number(choice) : undefined;
  const word = String(choice).trim().toLowerCase();
  const always = (option: DialogOption): boolean =>
    /don't ask again|always|during this session|all edits/i.test(option.label);
  const index =
    number !== undefined
      ? options.findIndex((option, i) => (option.number ?? i + 1) === number)
      : word === 'allow'
        ? options.findIndex((option) => /^yes\b/i.test(option.label) && !always(option))
        : word === 'allow_always'
          ? options.findIndex((option) => /^yes\b/i.test(option.label) && always(option))
          : word === 'deny'
            ? options.findIndex((option) => /^no\b/i.test(option.label))
            : options.findIndex((option) => option.label.toLowerCase() === word);
  if (index >= 0) return index;
  const near = options.flatMap((option, i) => (option.label.toLowerCase().startsWith(word) ? [i] : []));
  if (near.length === 1) return near[0] as number;
  throw new PanewrightError(
    'INVALID_ARGUMENT',
    `the dialog has no option ${JSON.stringify(choice)}. Options: ${options.map((o, i) => `${o.number ?? i + 1} ${o.label}`).join('; ')}.`,
    'Nothing was pressed. Give a number or a label.',
  );
}

/** Whether the screen still shows the same question; the highlight and the ticks may differ. */
function same(screen: ScreenReading, dialog: Dialog): boolean {
  const now = screen.dialog;
  return (
    now?.kind === dialog.kind &&
    now.title === dialog.title &&
    now.question === dialog.question &&
    now.options.length === dialog.options.length
  );
}

async function moveTo(pane: WritePane, facts: AgentFacts, dialog: Dialog, index: number): Promise<void> {
  const highlighted = (screen: ScreenReading): number =>
    screen.dialog?.options.findIndex((option) => option.highlighted) ?? -1;
  for (let tries = 0; tries < TRIES + 2 * dialog.options.length; tries++) {
    const { screen } = await until(pane, facts, (now) => now.dialog !== undefined, PRESS_MS);
    if (!same(screen, dialog)) throw changed();
    const at = highlighted(screen);
    if (at === index) {
      const moved = await until(pane, facts, (now) => highlighted(now) !== index, STEADY_MS);
      if (!moved.met) return;
      continue;
    }
    await pane.press([parseKey(at < index ? 'Down' : 'Up')]);
    await until(pane, facts, (now) => highlighted(now) !== at, PRESS_MS);
  }
  throw new PanewrightError(
    'DIALOG_CHANGED',
    'the highlight of the dialog could not be moved to the option.',
    'Nothing was chosen. Look at it with read_pane.',
  );
}

async function enterText(
  pane: WritePane,
  facts: AgentFacts,
  dialog: Dialog,
  index: number,
  text: string,
): Promise<void> {
  const wanted = text.replace(/\s+/g, ' ').trim();
  if (dialog.options[index]?.freeText !== true) await pane.press([parseKey('Tab')]);
  for (let tries = 0; tries < 3; tries++) {
    await pane.type([{ text: wanted }]);
    const shown = await until(
      pane,
      facts,
      (now) => now.dialog?.options.some((option) => option.label.includes(wanted.slice(0, 20))) === true,
      PRESS_MS * 2,
    );
    if (shown.met) return;
    if (!shown.screen.dialog) throw changed();
  }
  throw new PanewrightError(
    'INVALID_ARGUMENT',
    'this option of the dialog takes no text.',
    'Nothing was submitted. Answer without text, or choose the option into which text is typed.',
  );
}

async function check(
  pane: WritePane,
  facts: AgentFacts,
  dialog: Dialog,
  numbers: readonly number[],
): Promise<void> {
  for (const [i, option] of dialog.options.entries()) {
    if (option.checked === undefined || option.freeText === true) continue;
    const wanted = numbers.includes(option.number ?? i + 1);
    if (option.checked === wanted) continue;
    await pane.press([parseKey(String(option.number ?? i + 1))]);
    await until(pane, facts, (now) => now.dialog?.options[i]?.checked === wanted, PRESS_MS * 4);
  }
  const { screen } = await until(pane, facts, (now) => now.dialog !== undefined, PRESS_MS);
  if (!same(screen, dialog)) throw changed();
  // The questions are a row of pages; to the right of the last one they are reviewed and submitted.
  await pane.press([parseKey('Right')]);
  await until(pane, facts, (now) => !same(now, dialog), PRESS_MS * 4);
}

async function confirm(pane: WritePane, facts: AgentFacts, dialog: Dialog): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    await pane.press([parseKey('Enter')]);
    const { met, screen } = await until(pane, facts, (now) => !same(now, dialog), PRESS_MS);
    if (met) return;
    if (!same(screen, dialog)) throw changed();
  }
  throw new PanewrightError(
    'DIALOG_CHANGED',
    'the dialog did not take the answer.',
    'It is still open: look at it with read_pane, and try again.',
  );
}

function changed(): PanewrightError {
  return new PanewrightError(
    'DIALOG_CHANGED',
    'the dialog on the screen changed while it was being answered.',
    'Nothing was confirmed. Read it with session_status and answer that one.',
  );
}
