/** A pane's terminal, seen from outside: what its modes say, and writing to it as its programs do. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** How a terminal takes what is typed. */
export interface TerminalModes {
  readonly echo: boolean;
  readonly canonical: boolean;
}

/** Reads what `stty -a` prints. */
export function terminalModes(stty: string): TerminalModes {
  return { echo: !/ -echo\b/.test(stty), canonical: !/(?:^|\s)-icanon\b/.test(stty) };
}

/**
 * Whether the terminal shows what is typed. `own`: the program gets each key and may show it by itself, as a line
 * editor does, or not. Undefined where the terminal cannot be asked.
 */
export type Echo = boolean | 'own' | undefined;

export function echoing(modes: TerminalModes | undefined): Echo {
  return modes && (modes.echo || (modes.canonical ? false : 'own'));
}

/** Whether it is the name of a terminal and of nothing else. */
export const isTerminal = (tty: string): boolean => /^\/dev\/[\w/]+$/.test(tty);

/** Writes to a terminal of this machine, without waiting for whoever holds it up; false where that cannot be done. */
export function writeTerminal(tty: string, text: string): boolean {
  if (!isTerminal(tty)) return false;
  try {
    const fd = openSync(tty, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
    try {
      return writeSync(fd, text) === text.length;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}
