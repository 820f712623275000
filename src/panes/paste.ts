/** Text into a pane as if typed, byte for byte. */
import type { Command } from '../tmux/quote.js';

/** Text to put into a pane as if typed. */
export interface Piece {
  readonly text: string;
  /** Framed as a paste where the program asked for bracketed paste. */
  readonly framed?: boolean;
}

let buffers = 0;

/** Unique among all processes: two that shared a name would paste each other's text. */
function bufferName(): string {
  return `panewright-${process.pid}-${(buffers++).toString(36)}-${Math.random().toString(36).slice(2)}`;
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
