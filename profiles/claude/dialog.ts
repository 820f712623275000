/** Reads a dialog of Claude Code (2.1.329) from the screen: what is asked, which rows can be chosen. */
import type { Dialog, DialogOption } from '../../src/profile/contract.js';
import type { Row } from './sgr.js';

const NUMBERED = /^(\s*)(❯ | {2})(\d{1,2})\. (?:\[(.)\] ?)?(.*)$/;
const CHOSEN = /^(\s*)❯ (\S.*)$/;
const EDGE = /^\s*[─▔]{10}/;
const SEPARATOR = /^\s*[─▔╌]{10}/;
/** Keys that a dialog explains in its last row. */
const HINTS = /\b(Esc to (cancel|close|clear|exit|go back)|Enter to (confirm|continue|select|save|add))\b/;

interface Found {
  /** Row of the first option. */
  readonly top: number;
  readonly options: readonly DialogOption[];
}

/** True when some last row explains keys although no option could be read. */
export function looksLikeDialog(rows: readonly string[]): boolean {
  return rows
    .filter((row) => row.trim() !== '')
    .slice(-3)
    .some((row) => HINTS.test(row));
}

/** @returns undefined when no rows can be chosen */
export function readDialog(rows: readonly Row[]): Dialog | undefined {
  const found = numbered(rows) ?? unnumbered(rows);
  if (!found) return undefined;
  const edge = rows.findLastIndex((row, i) => i < found.top && EDGE.test(row.text));
  const head = rows
    .slice(edge + 1, found.top)
    .map((row) => row.text.trimEnd())
    .filter((row) => row.trim() !== '');
  const title = (head.shift() ?? '').trim();
  const question = (head.filter((row) => !SEPARATOR.test(row)).at(-1) ?? title).trim();
  const detail = head
    .filter((row) => !SEPARATOR.test(row) && row.trim() !== question)
    .map((row) => row.replace(/^ (?:│ )?/, ''))
    .join('\n');
  return { kind: kindOf(title, question, found.options), title, question, detail, options: found.options };
}

/** A screen on which no option was found: what it says is all that can be told. */
export function withoutOptions(rows: readonly string[]): Dialog {
  const edge = rows.findLastIndex((row) => EDGE.test(row));
  const below = rows.slice(edge + 1).filter((row) => row.trim() !== '');
  const text = below.length > 1 ? below : rows.filter((row) => row.trim() !== '');
  const title = (text[0] ?? '').trim();
  return { kind: 'unknown', title, question: title, detail: text.slice(1).join('\n'), options: [] };
}

/** Numbers count down to 1 from the bottom; rows that number something else stand higher. */
function numbered(rows: readonly Row[]): Found | undefined {
  const options: DialogOption[] = [];
  let next: number | undefined;
  let tail: { text: string; grey: boolean; indent: number; cursor: boolean }[] = [];
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    const { text, cells } = rows[i] as Row;
    const match = NUMBERED.exec(text);
    const number = Number(match?.[3]);
    if (!match || (next !== undefined && number !== next)) {
      if (text.trim() === '' || SEPARATOR.test(text)) tail = next === undefined ? [] : tail;
      else
        tail.unshift({
          text: text.trim(),
          grey: greyRow(cells),
          indent: text.search(/\S/),
          cursor: cells.some((cell) => cell.inverse),
        });
      continue;
    }
    const label = (match[5] ?? '').trimEnd();
    const column = text.length - (match[5] ?? '').length;
    const more = tail.filter((row) => row.indent >= column - 4 && row.indent > 2);
    // A longer label goes on in its own colour and column, what is typed behind one a little to the right of
    // it; an explanation is grey.
    const cursor = more.some((row) => row.cursor);
    const rest = more.filter(
      (row) => (!row.grey && row.indent === column) || (cursor && row.indent > column),
    );
    const submit = more.some((row) => row.text.replace('❯ ', '') === 'Submit');
    const description = more
      .filter((row) => row.grey)
      .map((row) => row.text)
      .join(' ');
    if (submit)
      options.unshift({ label: 'Submit', highlighted: more.some((row) => row.text === '❯ Submit') });
    options.unshift({
      number,
      label: [label, ...rest.map((row) => row.text)].join(' ').trim(),
      ...(description !== '' ? { description } : {}),
      highlighted: match[2] === '❯ ',
      ...(match[4] !== undefined ? { checked: match[4] !== ' ' } : {}),
      ...(typed(label, cells) || cursor ? { freeText: true } : {}),
    });
    if (number === 1) return { top: i, options };
    next = number - 1;
    tail = [];
  }
  return undefined;
}

/** `❯ No, exit` and its neighbours in the same column. */
function unnumbered(rows: readonly Row[]): Found | undefined {
  // A prompt in the conversation starts like a chosen row, but on a background.
  const chosen = rows.findLastIndex(
    (row) => CHOSEN.test(row.text) && row.cells.find((cell) => cell.char === '❯')?.bg === '',
  );
  if (chosen < 0) return undefined;
  const column = (rows[chosen] as Row).text.indexOf('❯') + 2;
  const sibling = (row: Row | undefined): boolean => row?.text.search(/\S/) === column;
  let top = chosen;
  while (sibling(rows[top - 1])) top -= 1;
  let bottom = chosen;
  while (sibling(rows[bottom + 1])) bottom += 1;
  const options = rows.slice(top, bottom + 1).map((row, i) => ({
    label: row.text.slice(column).trim(),
    highlighted: top + i === chosen,
  }));
  return { top, options };
}

function kindOf(title: string, question: string, options: readonly DialogOption[]): Dialog['kind'] {
  if (options.some((option) => /^Yes, I trust/.test(option.label))) return 'trust';
  if (/[☐☒]/.test(title)) return 'question';
  if (/exit plan mode|ready to code/i.test(title)) return 'plan';
  if (/^(Do you want|Would you like|Allow)\b/.test(question)) return 'permission';
  if (options.some((option) => option.number !== undefined)) return 'menu';
  return 'unknown';
}

/** Rows into which text is typed: by their label, or by the cursor inside. */
function typed(label: string, cells: Row['cells']): boolean {
  return /^Type something\.?$/.test(label) || cells.some((cell) => cell.inverse);
}

function greyRow(cells: Row['cells']): boolean {
  const inked = cells.filter((cell) => cell.char.trim() !== '');
  return inked.length > 0 && inked.every((cell) => cell.fg !== '' || cell.dim);
}
