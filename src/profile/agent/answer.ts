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
  const { choice, text } = request;
  if (choice === 'cancel') {
    await confirm(pane, facts, dialog, facts.cancel);
    return;
  }
  const several = dialog.options.some((option) => option.checked !== undefined);
  const numbers = several ? numbersOf(dialog, choice) : undefined;
  if (numbers) {
    await check(pane, facts, dialog, numbers, text);
    return;
  }
  const index = indexOf(dialog, choice);
  const free = dialog.options[index]?.freeText === true;
  if (free && text === undefined && /^Type something/.test(dialog.options[index]?.label ?? ''))
    throw new PanewrightError(
      'INVALID_ARGUMENT',
      'this option of the dialog is answered with text.',
      'Nothing was pressed. Give text, too.',
    );
  await moveTo(pane, facts, dialog, index);
  if (text !== undefined) await enterText(pane, facts, dialog, index, text);
  await confirm(pane, facts, dialog, 'Enter');
}

/** Where several may be chosen: numbers or labels with commas between; undefined when it means one row. */
function numbersOf(dialog: Dialog, choice: string | number): readonly number[] | undefined {
  const ticked = dialog.options.flatMap((option, i) =>
    option.checked === undefined
      ? []
      : [{ number: option.number ?? i + 1, label: option.label.toLowerCase() }],
  );
  const parts = String(choice)
    .split(/\s*,\s*|(?<=\d)\s+(?=\d)/)
    .map((part) => part.trim().toLowerCase())
    .filter(Boolean);
  const numbers = parts.map(
    (part) => ticked.find(({ number, label }) => String(number) === part || label === part)?.number,
  );
  return numbers.length > 0 && numbers.every((number) => number !== undefined) ? numbers : undefined;
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
    `the dialog has no option ${JSON.stringify(choice)}. Options: ${options.map((o, i) => `${o.number ?? i + 1} ${o.label}`).join('; ') || 'none that could be read'}.`,
    options.length > 0
      ? 'Nothing was pressed. Give a number or a label, or cancel.'
      : 'Nothing was pressed. Close it with cancel, or work on it with send_keys.',
  );
}

/** Whether the screen still shows the same question; the highlight and the ticks may differ. */
function same(screen: ScreenReading, dialog: Dialog): boolean {
  const now = screen.dialog;
  return (
    now?.kind === dialog.kind &&
    plain(now.title) === plain(dialog.title) &&
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
  const field = (now: ScreenReading): string | undefined => now.dialog?.options[index]?.label;
  const open = (now: ScreenReading): boolean => now.dialog?.options[index]?.freeText === true;
  if (dialog.options[index]?.freeText !== true)
    for (let tries = 0; tries < 3; tries++) {
      await pane.press([parseKey('Tab')]);
      const { met, screen } = await until(pane, facts, open, PRESS_MS);
      if (met) break;
      if (!same(screen, dialog)) throw changed();
    }
  const before = field((await until(pane, facts, (now) => now.dialog !== undefined, PRESS_MS)).screen) ?? '';
  for (let tries = 0; tries < 3; tries++) {
    await pane.type([{ text: wanted }]);
    const { met, screen } = await until(pane, facts, (now) => ends(field(now), wanted), PRESS_MS * 2);
    if (met) return;
    if (!screen.dialog) throw changed();
    // Only a field that took nothing of it, because it was not ready yet, is typed into once more.
    if (plain(field(screen) ?? '') !== plain(before)) break;
  }
  throw new PanewrightError(
    'DIALOG_CHANGED',
    'the text could not be seen in the field of this option, or the option takes no text.',
    'Nothing was submitted. Look at it with read_pane; answer without text, or choose the option that takes text.',
  );
}

const plain = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, '');

/** Whether the field shows the text, or its end where it is longer than there is room for. */
function ends(label: string | undefined, text: string): boolean {
  const shown = plain(label ?? '');
  const all = plain(text);
  return shown !== '' && (shown.endsWith(all) || (shown.length > 40 && all.endsWith(shown.slice(-40))));
}

/** Ticks what was chosen, and goes on to the page behind. */
async function check(
  pane: WritePane,
  facts: AgentFacts,
  dialog: Dialog,
  numbers: readonly number[],
  text: string | undefined,
): Promise<void> {
  for (const [i, option] of dialog.options.entries()) {
    const number = option.number ?? i + 1;
    if (option.checked === undefined || option.freeText === true) continue;
    const wanted = numbers.includes(number);
    for (let tries = 0; tries < TRIES; tries++) {
      const { screen } = await until(pane, facts, (now) => now.dialog !== undefined, PRESS_MS);
      if (!same(screen, dialog)) throw changed();
      if (screen.dialog?.options[i]?.checked === wanted) break;
      await pane.press([parseKey(String(number))]);
      await until(pane, facts, (now) => now.dialog?.options[i]?.checked === wanted, PRESS_MS);
    }
  }
  const free = dialog.options.findIndex((option) => option.checked !== undefined && option.freeText === true);
  if (text !== undefined && free >= 0) {
    await moveTo(pane, facts, dialog, free);
    await enterText(pane, facts, dialog, free, text);
  }
  // The questions are a row of pages; to the right of the last one they are reviewed and submitted.
  await confirm(pane, facts, dialog, 'Right');
}

/** Presses a key that ends the dialog, again if it was too early, while the dialog is there and the same. */
async function confirm(pane: WritePane, facts: AgentFacts, dialog: Dialog, key: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const { screen } = await until(pane, facts, (now) => now.dialog !== undefined, PRESS_MS);
    if (!same(screen, dialog)) {
      if (tries > 0) return;
      throw changed();
    }
    await pane.press([parseKey(key)]);
    const { met } = await until(pane, facts, (now) => !same(now, dialog), PRESS_MS);
    if (met) return;
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
