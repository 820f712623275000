/**
 * Hides what the loader types where it would scroll the screen: the alternate screen, switched on and off from
 * outside by writing to the pane's terminal as its programs do. Only where the terminal is on this machine.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';

const LIFT = '\x1b[?1049l';

/** Draws the curtain; false where the terminal cannot be written. */
export function drawCurtain(tty: string, sequence: string): boolean {
  return write(tty, sequence);
}

/** Takes it away again, when nobody else did. */
export function liftCurtain(tty: string): void {
  write(tty, LIFT);
}

function write(tty: string, text: string): boolean {
  if (!/^\/dev\/[\w/]+$/.test(tty)) return false;
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
