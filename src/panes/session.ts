/** The tmux command that makes a session for a program, and what it may be asked. */
import { PanewrightError } from '../errors.js';
import { CREATED_FORMAT } from '../tmux/formats.js';
import type { Command } from '../tmux/quote.js';

export interface SessionOptions {
  readonly name: string;
  /** Program and arguments; the pane's own process, with no shell behind it into which text could fall. */
  readonly argv: readonly string[];
  /** A directory that exists, absolute. */
  readonly workingDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Size of the window until a person attaches. */
  readonly width?: number;
  readonly height?: number;
}

export function newSessionCommand(options: SessionOptions): Command {
  const directory = options.workingDir;
  return [
    'new-session',
    '-d',
    '-s',
    checkedName(options.name),
    '-x',
    String(options.width ?? 160),
    '-y',
    String(options.height ?? 50),
    '-P',
    '-F',
    CREATED_FORMAT,
    ...(directory.includes('#') ? [] : ['-c', directory]),
    ...environment(options.env),
    '--',
    ...child(directory, options.argv),
  ];
}

/** Starts the program of a pane anew, ending what may still run there. */
export function respawnCommand(paneId: string, options: Omit<SessionOptions, 'name'>): Command {
  const directory = options.workingDir;
  return [
    'respawn-pane',
    '-k',
    '-t',
    paneId,
    ...(directory.includes('#') ? [] : ['-c', directory]),
    ...environment(options.env),
    '--',
    ...child(directory, options.argv),
  ];
}

function environment(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
}

/**
 * tmux gives a single argument to a shell and expands formats in a directory; `exec` through sh with positional
 * parameters does neither.
 */
function child(directory: string, argv: readonly string[]): string[] {
  return ['sh', '-c', 'cd -- "$1" && shift && exec "$@"', 'sh', directory, ...argv];
}

/**
 * What tmux would change in a name, so that nobody would find the session by it: `.` and `:` become `_`, formats are
 * expanded, a backslash goes before another, before a `$` that looks like a variable and before the octal digits of
 * what cannot be shown.
 */
const CHANGED = /[.:#\\\p{Cc}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]|\$[A-Za-z_{]/u;

/** Names that tmux would change, or take for something else, are refused. */
export function checkedName(name: string): string {
  if (/^.{1,100}$/su.test(name) && !CHANGED.test(name) && !/^[=$@%{!+-]/.test(name)) return name;
  throw unusableName(name);
}

export function unusableName(name: string): PanewrightError {
  return new PanewrightError(
    'INVALID_ARGUMENT',
    `${JSON.stringify(name.slice(0, 120))} cannot be the name of a session: tmux would change it, or take it for something else.`,
    'Use up to 100 characters that can be shown, without . : # \\ and $ before a letter, _ or {, not beginning with = $ @ % { ! + or -.',
  );
}
