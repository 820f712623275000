/** The tmux command that opens a pane beside another, and what it may be asked. */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { PanewrightError } from '../errors.js';
import { CREATED_FORMAT, type PaneRow } from '../tmux/formats.js';
import type { Command } from '../tmux/quote.js';

export interface OpenOptions {
  readonly placement: 'window' | 'right' | 'below';
  /** Shell command that the pane runs instead of a shell; the pane ends with it. */
  readonly command?: string | undefined;
  /** Absolute directory, or one that begins with `~/`. Default: that of the pane beside. */
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
  const directory = options.workingDir === undefined ? beside.path : checkedDirectory(options.workingDir);
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

/** The directory, made absolute; rejects one that does not exist, for which tmux would silently take another. */
export function checkedDirectory(given: string): string {
  const path = given === '~' ? homedir() : given.startsWith('~/') ? join(homedir(), given.slice(2)) : given;
  if (!isAbsolute(path) || path.includes('\0'))
    throw new PanewrightError(
      'INVALID_ARGUMENT',
      `working_dir ${JSON.stringify(given.slice(0, 200))} is not absolute.`,
      'Give an absolute path, or one that begins with ~/.',
    );
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new PanewrightError(
      'DIRECTORY_NOT_FOUND',
      `there is no directory ${JSON.stringify(given.slice(0, 200))}.`,
      'Create it first, or give another.',
    );
  return path;
}
