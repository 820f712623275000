/**
 * The text that makes an unknown shell at its prompt mark its prompts: one line that every shell family reads
 * alike and that says which shell it is, then the lines that this shell evaluates. Pure text; the engine types
 * the first, waits for the `P;shell=` mark, then writes the rest.
 */
import type { ShellIntegration } from './contract.js';

/** Where the cursor stands, in columns from 0, and how wide the pane is. */
export interface CursorPlace {
  readonly column: number;
  readonly width: number;
}

/**
 * The line to enter at the prompt: its first character, a space, as a key (some line editors drop the leading
 * spaces of a paste), the rest as one paste, then a carriage return. It turns echo off, prints `ESC]133;P;shell=<values>;aid=<aid>BEL` with the
 * values of `versionVariables`, comma-separated in their order, and evaluates what it then reads up to the
 * sentinel. The space is for the shells that keep such lines out of their history.
 *
 * Each value is expanded in a substitution of its own, so that `set -u` costs only that one. Every step depends
 * on the one before: where `stty` is missing, nothing is read.
 * @param at when given, the line is made so long that it never ends in the last column, where terminals differ
 */
export function bootstrapLine(aid: string, versionVariables: readonly string[], at?: CursorPlace): string {
  const values = versionVariables.map((name) => `$(eval 'echo $${name}' 2>&-)`).join(',');
  const line =
    ` command stty -echo&&command printf '\\033]133;P;shell=%s;aid=${aid}\\007' "${values}"` +
    `&&eval "$(command sed '/^: ${aid}/q')";command stty echo`;
  return at && (at.column + line.length) % at.width === 0 ? `${line} ` : line;
}

/** The last line of what the bootstrap line reads: it does nothing. */
export function sentinel(aid: string): string {
  return `: ${aid}`;
}

/** Rows between the one that the cursor stood in and the one below the end of `line`. */
export function bootstrapRows(line: string, at: CursorPlace): number {
  return Math.floor((at.column + line.length) / at.width) + 1;
}

/** Index of the version variable that was set, from the `shell` value of the P mark; -1 for none. */
export function whichShell(values: string): number {
  return values.split(',').findIndex((value) => value !== '');
}

/**
 * Written to the pane's terminal from outside before the bootstrap line is typed, so that the line appears on
 * the alternate screen and can scroll nothing away. Only where the pane then is on that screen (tmux can forbid
 * it) has the curtain fallen; otherwise go by the rows.
 */
export const CURTAIN = '\x1b[?1049h';
/** Takes it away again, when nobody else did. */
export const CURTAIN_UP = '\x1b[?1049l';

/**
 * What to write after the P mark, each line ended by LF: the integration, its clean-up, the erasing of the
 * bootstrap line and of the old prompt (the new one is drawn in its place), the sentinel.
 * @param rows rows to go up to the last row of the old prompt, see `bootstrapRows`
 * @param curtain whether `CURTAIN` was written; `rows` does not matter then
 */
export function loaderLines(opts: {
  /** As in the bootstrap line. */
  readonly aid: string;
  /** What the marks carry; default the same. */
  readonly markAid?: string;
  readonly integration: ShellIntegration;
  readonly rows: number;
  readonly curtain?: boolean;
}): string[] {
  const { aid, integration } = opts;
  // Not `ESC[J` from the first column: in the top left corner it would move the screen into the scrollback.
  const [lift, rows] = opts.curtain ? ['\\033[?1049l', 0] : ['', opts.rows];
  const erase = `n=$((\${1:-0}+${String(rows)}));test $n = 0||printf "\\033[\${n}A";printf "\\r\\033[K\\033[C\\033[J\\r"`;
  return [
    ...integration.script(opts.markAid ?? aid).split('\n'),
    ...(integration.forget?.(aid).split('\n') ?? []),
    `command sh -c 'printf "${lift}";${erase}' sh "$(${integration.promptRowsAbove} 2>/dev/null)"`,
    sentinel(aid),
  ];
}
