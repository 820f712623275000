/**
 * Reads the screen of Claude Code (2.1.329). The composer is the only certain sign of life: a row that starts
 * with `❯` and a NO-BREAK SPACE between two rules. While it is drawn, typing goes into it; a dialog replaces it.
 */
import type { ScreenReading } from '../../src/profile/contract.js';
import { looksLikeDialog, readDialog, withoutOptions } from './dialog.js';
import { readRows, type Cell, type Row } from './sgr.js';

const COMPOSER = /^[❯!]\u00a0/;
const RULE = /^─{3}/;
/** The upper rule of a composer whose beginning has scrolled out of sight. */
const SCROLLED = /^─{3} ↑ \d+ more ─/;
/** What stands below the composer and below nothing else. */
const FOOTER = /^ {2}(?:[⏵⏸]+ [a-z ]+ on\b|\? for shortcuts|.*\bctrl\+g to edit in |.*\besc to interrupt\b)/;

/** @param ansi output of `tmux capture-pane -p -e`, the visible screen */
export function readScreen(ansi: string): ScreenReading {
  const rows = readRows(ansi);
  const composer = findComposer(rows);
  const nothing = { takesPrompt: false, dialogHeldBack: false, footer: '' };
  if (!composer) {
    const text = rows.map((row) => row.text);
    if (text.every((row) => row.trim() === '')) return { phase: 'starting', ...nothing };
    if (text.some((row) => /^(Resume this session with:|Pane is dead \()/.test(row)))
      return { phase: 'exited', ...nothing };
    const footer = text.findLast((row) => row.trim() !== '')?.trim() ?? '';
    const dialog = readDialog(rows);
    if (dialog) return { phase: 'dialog', ...nothing, footer, dialog };
    const phase = looksLikeDialog(text) ? 'dialog' : 'unknown';
    return { phase, ...nothing, footer, dialog: withoutOptions(text) };
  }
  const { first, last, scrolled } = composer;
  const above = rows.slice(Math.max(0, first - 8), first).map((row) => row.text);
  const footer = rows
    .slice(last + 1)
    .map((row) => row.text.trim())
    .filter((row) => row !== '')
    .join(' ');
  const dialogHeldBack = above.some((row) => /^ {2}Waiting for permission…/.test(row));
  const mark = scrolled ? undefined : rows[first]?.cells[0];
  const prompt = scrolled || mark?.char === '❯';
  // The mark loses its brightness while a turn runs; "esc to interrupt" gives way to a draft and to narrow panes.
  const busy =
    dialogHeldBack || /\besc to interrupt\b/.test(footer) || (mark?.char === '❯' && mark.fg !== '');
  const draft = readDraft(rows.slice(first, last));
  return {
    // Without the mark, and with the draft in place of the footer's hints, idle cannot be told from busy.
    phase: busy ? 'busy' : scrolled ? 'unknown' : 'ready',
    takesPrompt: prompt,
    dialogHeldBack,
    footer,
    ...(draft === '' ? {} : { draft }),
  };
}

interface Composer {
  /** Rows of its text: from `first` up to, not including, the rule at `last`. */
  readonly first: number;
  readonly last: number;
  /** Its beginning is out of sight. */
  readonly scrolled: boolean;
}

function findComposer(rows: readonly Row[]): Composer | undefined {
  const first = rows.findLastIndex((row, i) => {
    const above = rows[i - 1]?.text ?? '';
    return SCROLLED.test(above) || (COMPOSER.test(row.text) && RULE.test(above));
  });
  if (first < 0) return findOverflowing(rows);
  const last = rows.findIndex((row, i) => i > first && RULE.test(row.text));
  return last < 0 ? undefined : { first, last, scrolled: SCROLLED.test(rows[first - 1]?.text ?? '') };
}

/**
 * Outside the alternate screen a draft may be longer than the pane, and nothing is left of the composer but its
 * text, with the cursor in it, and the rule above the footer.
 */
function findOverflowing(rows: readonly Row[]): Composer | undefined {
  const last = rows.findLastIndex((row) => RULE.test(row.text));
  const text = rows.slice(0, Math.max(0, last));
  const isDraft = text.every((row) => /^(?: {2}|$)(?! *[❯☐])/.test(row.text));
  const isOpen = text.some((row) => row.cells.some((cell) => cell.inverse));
  const isAboveFooter = rows.slice(last + 1).some((row) => FOOTER.test(row.text));
  return isDraft && isOpen && isAboveFooter ? { first: 0, last, scrolled: true } : undefined;
}

/** What was typed; a suggestion is dim, its first character under the cursor is not. */
function readDraft(rows: readonly Row[]): string {
  const lines = rows.map((row) => row.cells.slice(2));
  const cells = lines.flat();
  const cursor = cells.findIndex((cell) => cell.inverse);
  const suggestion = (cell: Cell, i: number): boolean =>
    cell.dim || (i === cursor && cells[i + 1]?.dim === true);
  if (cells.every((cell, i) => cell.char.trim() === '' || suggestion(cell, i))) return '';
  return lines
    .map((line) =>
      line
        .filter((cell) => !cell.dim)
        .map((cell) => cell.char)
        .join('')
        .trimEnd(),
    )
    .join('\n')
    .trimEnd();
}
