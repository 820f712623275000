/** What a shell prints between a line's being typed and its output: the echo of that line, in raw bytes. */
import { FRAMING_OFF } from '../panes/framing.js';
import { visible } from '../panes/stream.js';

/** As much of its end is remembered, in bytes, and the piece in which that begins. */
const LIMIT = 64 * 1024;
/** As much of a command is looked for, in characters. */
const TAIL = 64;

/** Characters that are enough to know a longer command by its end. */
const ENOUGH = 16;

/** @param ends of the last characters of a line that was entered, those of printable ASCII but for `;[\]` */
export function endsLike(command: string, ends: string): boolean {
  const own = command.replace(/[^!-:<-Z^-~]+/g, '');
  return own === ends || (ends.length >= ENOUGH && own.endsWith(ends));
}

export class Echo {
  /** Whether a line editor that frames pastes is at work. */
  readonly #framing: boolean;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(framing: boolean) {
    this.#framing = framing;
  }

  add(data: Buffer): void {
    this.#pieces.push(data);
    this.#size += data.length;
    while (this.#size - (this.#pieces[0]?.length ?? 0) >= LIMIT)
      this.#size -= this.#pieces.shift()?.length ?? 0;
  }

  clear(): void {
    this.#pieces = [];
    this.#size = 0;
  }

  /** @param blank whether the line that was typed is empty */
  hasEnded(blank: boolean): boolean {
    return this.#end(Buffer.concat(this.#pieces), blank) > 0;
  }

  /** What came behind its end: output, where no mark says so. Clears it. */
  takeRest(blank: boolean): Buffer {
    const text = Buffer.concat(this.#pieces);
    this.clear();
    return text.subarray(this.#end(text, blank));
  }

  /**
   * Whether a line editor's echo is of this command: what it shows last is the command's end, blanks aside, which
   * is where lines wrap. Only printable ASCII is looked at; the rest is shown by each terminal in its own way.
   * Measured with bash 5.2, which shows a pasted line once more at Enter, to take its highlight away.
   */
  shows(command: string): boolean {
    const text = Buffer.concat(this.#pieces);
    const line = text.subarray(0, Math.max(0, text.lastIndexOf(FRAMING_OFF)));
    const shown = visible(line).replace(/\s+/g, '');
    const end = /[!-~]*$/.exec(command.replace(/\s+/g, '').slice(-TAIL))?.[0] ?? '';
    // Behind the last cell of a row readline shows the last character again.
    return shown.endsWith(end) || shown.endsWith(end + end.slice(-1));
  }

  /** Behind the line editor's goodbye, or behind the line's newline; 0: not yet. */
  #end(text: Buffer, blank: boolean): number {
    const editorOff = text.lastIndexOf(FRAMING_OFF);
    if (editorOff < 0) {
      // While a paste shows, a line editor may draw its prompt again, newlines and all.
      if (this.#framing) return 0;
      // An empty line before the echo of ours is somebody else's Enter.
      const line = blank ? 0 : text.findIndex((byte) => byte !== 0x0d && byte !== 0x0a);
      return line < 0 ? 0 : text.indexOf('\n', line) + 1;
    }
    let from = editorOff + FRAMING_OFF.length;
    while (text[from] === 0x0d) from++;
    return text[from] === 0x0a ? from + 1 : from;
  }
}
