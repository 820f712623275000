/** Text into a pane as if typed, byte for byte. */
import { randomBytes } from 'node:crypto';
import type { Command } from '../tmux/quote.js';

/** Text to put into a pane as if typed. */
export interface Piece {
  readonly text: string;
  /** Framed as a paste where the program asked for bracketed paste. */
  readonly framed?: boolean;
}

/** Unique among all processes: two that shared a name would paste each other's text. */
const OURS = `panewright-${randomBytes(8).toString('base64url')}`;
let buffers = 0;

function bufferName(): string {
  return `${OURS}-${buffers++}`;
}

/**
 * A named buffer, deleted at once, is byte-exact on every tmux, needs no key table and works in copy mode.
 * -r: newlines stay newlines. -S: control characters stay what they are.
 * @param isRaw whether this tmux needs -S for that
 */
export function pasteCommands(paneId: string, piece: Piece, isRaw: boolean): Command[] {
  const name = bufferName();
  const flags = `-dr${piece.framed ? 'p' : ''}${isRaw ? 'S' : ''}`;
  return [
    ['set-buffer', '-b', name, '--', piece.text],
    ['paste-buffer', flags, '-b', name, '-t', paneId],
  ];
}
