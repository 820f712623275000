/**
 * The text of a command's output, from its bytes: lines counted exactly, the tail kept, the whole handed to a
 * spool, memory bounded. Plain lines pass through as they are (tabs included); colours are dropped; carriage
 * returns and backspaces overwrite; whatever moves the cursor further goes through a terminal emulator.
 */
import { StringDecoder } from 'node:string_decoder';
import { sliceCells } from './cells.js';
import { Emulator } from './emulator.js';
import { plainText } from './plain.js';

/** Characters of the tail that are kept; more than any result shows. */
const TAIL = 64 * 1024;

/** Anything but printable text, tab, newline and the carriage returns before a newline. */

const SPECIAL = /[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]|\r(?![\r\n])/;
/** Colours and other attributes: no effect on the text. */

const SGR = /\x1b\[[0-9;:]*m|\x1b\(B|\x0f/g;
/** An escape sequence or carriage return that the end of a chunk may have cut. */

const CUT = /(?:\r+|\x1b(?:\[[0-?]*[ -/]*|[\]Pk^_X][^\x07\x1b]{0,4096}\x1b?|[ -/]*)?)$/;
/** One step of the line renderer. Group 1: text; the rest is recognised by its first characters. */
const TOKEN =
  /([^\x00-\x1f\x7f]+)|\r*\n|[\r\b\t]|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]Pk^_X][^\x07\x1b]*(?:\x07|\x1b\\|(?=\x1b))|\x1b[ -/]*[0-~]|[\s\S]/g;
/** Sequences that change nothing in the text of the line. */
const HARMLESS =
  /^(?:\x1b\[[0-9;:]*m|\x1b\[\?(?!(?:47|1047|1049)[hl])[0-9;]*[hl]|\x1b\[[0-9;]*[ -/]q|\x1b\[>[0-9;]*[a-z]|\x1b\[<[0-9;]*u|\x1b\][\s\S]*|\x1bk[\s\S]*|\x1b\(B|\x1b[=>]|\x1b\[0?n|[\x00\x07\x0f\x7f])$/;

/** What makes a terminal answer: device attributes, status, cursor position, colours, modes. */
const ASKS = /\x05|\x1bZ|\x1b\[[>=?]?[\d;]*(?:[cn]|\$p)|\x1b\[[\d;]*[tx]|\x1b\][\d;]*\?|\x1bP[$+]q/;

export interface OutputSink {
  /** Finished text, newlines included. */
  write(text: string): void;
}

export class OutputText {
  readonly #decoder = new StringDecoder('utf8');
  readonly #sink: OutputSink | undefined;
  readonly #width: number;
  readonly #height: number;
  #cut = '';
  /** Whether the decoder may hold the beginning of a character. */
  #amid = false;
  /** The unfinished line and the column at which the next character goes. */
  #current = '';
  #column = 0;
  /** Finished lines that the cursor could still reach: as many as the screen has rows, and some more. */
  #recent = '';
  #recentLines = 0;
  /** Older ones, out of reach: the last `TAIL` characters and some more, in the pieces in which they came. */
  readonly #tail: string[] = [];
  #tailLength = 0;
  #newlines = 0;
  #emulator: Emulator | undefined;
  #bytes = 0;

  /** @param width columns, @param height rows of the pane that the output was made for */
  constructor(width: number, height: number, sink?: OutputSink) {
    this.#width = width;
    this.#height = height;
    this.#sink = sink;
  }

  /**
   * Whether the output made the terminal answer. Such an answer is typed into whoever reads next, most likely the
   * shell, where it looks like a draft.
   */
  asked = false;

  /** Bytes seen. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lines so far, an unfinished last one included. */
  get totalLines(): number {
    return this.#newlines + this.#recentLines + (this.#current === '' ? 0 : 1);
  }

  /** The unfinished last line: what a question stands on. */
  get unfinished(): string {
    return this.#current;
  }

  feed(data: Buffer): void {
    this.#bytes += data.length;
    if (data.length === 0 || this.#plainly(data)) return;
    this.#amid = (data[data.length - 1] as number) > 0x7f;
    this.#text(this.#cut + this.#decoder.write(data));
  }

  /** Ends the output; further bytes would start afresh. */
  finish(): void {
    const rest = this.#cut + this.#decoder.end();
    this.#cut = '';
    // What the end cut off: a carriage return does nothing any more, an escape sequence shows nothing.

    const visible = rest.replace(/[\r\x1b][\s\S]*$/, '');
    if (this.#emulator) {
      this.#emulator.write(visible);
      this.#emulator.finish();
      this.#emulator = undefined;
    } else if (visible !== '') this.#lineMode(visible);
    this.#pass(this.#recent, this.#recentLines);
    this.#recent = '';
    this.#recentLines = 0;
  }

  /** Takes back what is at the end, if it is this: what another program has printed. */
  withdraw(text: string): void {
    const held = (this.#recent + this.#current).trimEnd();
    if (this.#emulator || text === '' || !held.endsWith(text)) return;
    const kept = held.slice(0, -text.length);
    const end = kept.lastIndexOf('\n') + 1;
    this.#recent = kept.slice(0, end);
    this.#recentLines = countLines(this.#recent);
    this.#current = kept.slice(end);
    this.#column = this.#current.length;
  }

  /**
   * The last lines: at most `maxLines`, and as many characters as `maxChars` allows; one longer line is cut at
   * its front.
   */
  lines(maxLines: number, maxChars: number): { lines: string[]; truncated: boolean; total: number } {
    const pending = this.#emulator?.pending() ?? [];
    const total = this.totalLines + pending.length;
    if (total === 0) return { lines: [], truncated: false, total };
    const text =
      this.#tail.join('') + this.#recent + (pending.length > 0 ? pending.join('\n') : this.#current);
    const all = (this.#current === '' && pending.length === 0 ? text.replace(/\n$/, '') : text).split('\n');
    const kept: string[] = [];
    let room = maxChars;
    for (let i = all.length - 1; i >= 0 && kept.length < maxLines; i--) {
      const line = all[i] as string;
      if (line.length > room) {
        if (kept.length === 0) kept.push(line.slice(-room));
        return { lines: kept.reverse(), truncated: true, total };
      }
      kept.push(line);
      room -= line.length + 1;
    }
    return { lines: kept.reverse(), truncated: kept.length < total, total };
  }

  /** Text that the sink has not been given yet: it may still change, or is a line without an end. */
  get heldBack(): string {
    return this.#recent + (this.#emulator?.pending().join('\n') ?? this.#current);
  }

  /** Everything that is kept, as one string for a pattern to search. */
  get searchable(): string {
    const pending = this.#emulator?.pending().join('\n') ?? this.#current;
    const alternate = this.#emulator?.alternate() ?? [];
    return this.#tail.join('') + this.#recent + [pending, ...alternate].join('\n');
  }

  #text(text: string): void {
    const cut = CUT.exec(text);
    this.#cut = cut?.[0] ?? '';
    const whole = cut ? text.slice(0, cut.index) : text;
    if (whole === '') return;
    this.asked ||= SPECIAL.test(whole) && ASKS.test(whole);
    if (this.#emulator) {
      this.#emulator.write(whole);
      return;
    }
    const plain = whole.includes('\x1b') || whole.includes('\x0f') ? whole.replace(SGR, '') : whole;
    if (this.#column !== this.#current.length || SPECIAL.test(plain)) this.#lineMode(whole);
    else this.#plain(plain.includes('\r') ? plain.replace(/\r+\n/g, '\n') : plain);
  }

  /** Takes a chunk the fast way; false, nothing done, when that would not be exact. */
  #plainly(data: Buffer): boolean {
    const follows = this.#cut !== '';
    const back = this.#column !== this.#current.length;
    if (this.#emulator || this.#amid || back || (follows && !/^\r+$/.test(this.#cut))) return false;
    const plain = plainText(data, follows);
    if (!plain) return false;
    // Carriage returns and nothing else: what comes next tells.
    this.#cut = plain.text === '' ? this.#cut + plain.returns : plain.returns;
    this.#plain(plain.text, plain.newlines);
    return true;
  }

  /** @param newlines how many there are in it, if that is known */
  #plain(text: string, newlines?: number): void {
    const last = text.lastIndexOf('\n');
    if (last < 0) this.#current += text;
    else {
      this.#emit(this.#current + text.slice(0, last + 1), newlines);
      this.#current = text.slice(last + 1);
    }
    this.#column = this.#current.length;
    if (this.#current.length > 4 * TAIL) {
      // A line without end: keep its tail, count it once.
      this.#sink?.write(this.#current.slice(0, -TAIL));
      this.#current = this.#current.slice(-TAIL);
      this.#column = this.#current.length;
    }
  }

  #emit(finished: string, lines = countLines(finished)): void {
    this.#recent += finished;
    this.#recentLines += lines;
    if (this.#recentLines <= 2 * this.#height) return;
    let cut = this.#recent.length - 1;
    for (let n = 0; n < this.#height; n++) cut = this.#recent.lastIndexOf('\n', cut - 1);
    this.#pass(this.#recent.slice(0, cut + 1), this.#recentLines - this.#height);
    this.#recent = this.#recent.slice(cut + 1);
    this.#recentLines = this.#height;
  }

  /** Hands on lines that can no longer change. */
  #pass(finished: string, lines: number): void {
    if (finished === '') return;
    this.#sink?.write(finished);
    this.#newlines += lines;
    this.#tail.push(finished);
    this.#tailLength += finished.length;
    while (this.#tailLength - (this.#tail[0]?.length ?? 0) >= TAIL)
      this.#tailLength -= this.#tail.shift()?.length ?? 0;
  }

  /** Carriage returns, backspaces and erasures within one line, without an emulator where that is exact. */
  #lineMode(text: string): void {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
      const token = match[0];
      if (token.endsWith('\n')) this.#plain('\n');
      else if (match[1] !== undefined) {
        if (this.#put(match[1])) continue;
        this.#emulate(text.slice(match.index));
        return;
      } else if (token === '\r') this.#column = 0;
      else if (token === '\b') this.#column = Math.max(0, this.#column - 1);
      else if (token === '\t' && this.#column === this.#current.length) this.#plain('\t');
      else if (/^\x1b\[0?K$/.test(token) && this.#isOneRow)
        this.#current = this.#current.slice(0, this.#column);
      else if (token === '\x1b[2K' && this.#isOneRow) this.#current = ' '.repeat(this.#column);
      else if (!HARMLESS.test(token)) {
        this.#emulate(text.slice(match.index));
        return;
      }
      const next = TOKEN.lastIndex;
      // Back on plain ground: the rest goes the fast way.
      if (this.#column === this.#current.length && next < text.length && token.endsWith('\n')) {
        this.#text(text.slice(next) + this.#takeCut());
        return;
      }
    }
  }

  #takeCut(): string {
    const cut = this.#cut;
    this.#cut = '';
    return cut;
  }

  /** Whether the unfinished line is one row of plain cells, so that columns of the screen are its own. */
  get #isOneRow(): boolean {
    return this.#current.length <= this.#width && !/[^\x20-\x7e]/.test(this.#current);
  }

  /** Writes text at the column; false when only an emulator knows the result (wide characters, wrapping). */
  #put(text: string): boolean {
    if (this.#column === this.#current.length) {
      this.#plain(text);
      return true;
    }
    const over = text.slice(0, this.#current.length - this.#column);
    if (!this.#isOneRow || /[^\x20-\x7e]/.test(over)) return false;
    const after = this.#current.slice(this.#column + over.length);
    this.#current = this.#current.slice(0, this.#column) + over + after;
    this.#column += over.length;
    if (over.length < text.length) this.#plain(text.slice(over.length));
    return true;
  }

  #emulate(rest: string): void {
    this.#emulator = new Emulator(this.#width, this.#height, (line) => {
      this.#pass(line + '\n', 1);
    });
    const line = this.#current;
    const back = line.length - this.#column;
    // Behind the last cell of a row, terminals do not agree on where a backspace leads: so forward, from the front.
    // In a line that wraps, neither leaves the last row.
    const left = line.slice(0, this.#column);
    const isOneRow = sliceCells(line, this.#width) === line;
    const cells = isOneRow
      ? Array.from({ length: this.#width }, (_, i) => i + 1).findIndex((n) => sliceCells(line, n) === left) +
        1
      : 0;
    const forward = left === '' ? '\r' : `\r\x1b[${cells}C`;
    const to = back > 0 && isOneRow ? forward : '\b'.repeat(back);
    const before = this.#recent.replace(/\n/g, '\r\n') + line + to;
    this.#recent = '';
    this.#recentLines = 0;
    this.#current = '';
    this.#column = 0;
    this.#emulator.write(before + rest);
  }
}

function countLines(text: string): number {
  let count = 0;
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) count++;
  return count;
}
