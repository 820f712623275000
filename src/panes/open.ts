/** The tmux command that opens a pane beside another, and what it may be asked. */
import { PanewrightError } from '../errors.js';
import { CREATED_FORMAT, type PaneRow } from '../tmux/formats.js';
import type { Command } from '../tmux/quote.js';

export interface OpenOptions {
  readonly placement: 'window' | 'right' | 'below';
  /** Shell command that the pane runs instead of a shell; the pane ends with it. */
  readonly command?: string | undefined;
  /** A directory that exists, absolute. Default: that of the pane beside. */
  readonly workingDir?: string | undefined;
  /** Name of the new window. */
  readonly name?: string | undefined;
}

/**
 * tmux expands formats in names and directories, and a format can run a program: so no `#` in a name, and a
 * directory with one is entered by the child itself.
 */
export function openCommand(beside: PaneRow, options: OpenOptions): Command {
  const { placement, command, name } = options;
  const directory = options.workingDir ?? beside.path;
  if (name !== undefined) checkName(name, placement);
  const tricky = directory.includes('#');
  const where: string[] =
    placement === 'window'
      ? ['new-window', '-d', '-t', `${beside.sessionId}:`, ...(name === undefined ? [] : ['-n', name])]
      : ['split-window', '-d', placement === 'right' ? '-h' : '-v', '-t', beside.paneId];
  const child = tricky
    ? [
        'sh',
        '-c',
        'cd -- "$1" && exec "${SHELL:-sh}" ${2+-c "$2"}',
        'sh',
        directory,
        ...(command === undefined ? [] : [command]),
      ]
    : command === undefined
      ? []
      : [command];
  return [
    ...(where as [string, ...string[]]),
    '-P',
    '-F',
    CREATED_FORMAT,
    ...(tricky || directory === '' ? [] : ['-c', directory]),
    '--',
    ...child,
  ];
}

function checkName(name: string, placement: OpenOptions['placement']): void {
  if (placement !== 'window')
    throw new PanewrightError(
      'INVALID_ARGUMENT',
      'name is for a new window only.',
      'Leave it out, or use placement "window".',
    );

  if (/[#\x00-\x1f\x7f]/.test(name) || name.length > 100)
    throw new PanewrightError(
      'INVALID_ARGUMENT',
      'name must have at most 100 characters, no "#" and no control characters.',
      'Choose a plainer name.',
    );
}
