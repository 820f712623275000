/**
 * tmux control mode, bytes in, events out. Pure: no process, no clock.
 *
 * Inside a `%begin`/`%end` block every line is body, also one that looks like a notification; a block ends only
 * on the guard line that repeats its own time and number (tmux(1), CONTROL MODE).
 */

/** The answer to one command. */
export interface Reply {
  readonly ok: boolean;
  /** Body lines, undecoded UTF-8. */
  readonly body: readonly Buffer[];
  /** False for the block that tmux emits unasked when a client attaches. */
  readonly solicited: boolean;
}

export interface ControlEvents {
  /** Bytes that a program wrote to a pane, unescaped. */
  output(paneId: string, data: Buffer): void;
  reply(reply: Reply): void;
  /** Any other `%name rest` line; a bare line outside a block comes with the name `''`. */
  notification(name: string, rest: string): void;
  /** Whether anybody wants the output of this pane; unescaping is skipped when not. */
  wants(paneId: string): boolean;
}

const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const SPACE = 0x20;
const OUTPUT = Buffer.from('%output ');
const EXTENDED = Buffer.from('%extended-output ');

/** Undoes the `\ooo` escapes of `%output`. */
export function unescapeOutput(data: Buffer): Buffer {
  let from = data.indexOf(BACKSLASH);
  if (from < 0) return data;
  const out = Buffer.allocUnsafe(data.length);
  let length = data.copy(out, 0, 0, from);
  while (from < data.length) {
    const byte = data[from] as number;
    if (byte === BACKSLASH && from + 3 < data.length) {
      const value =
        (((data[from + 1] as number) - 48) << 6) |
        (((data[from + 2] as number) - 48) << 3) |
        ((data[from + 3] as number) - 48);
      out[length++] = value;
      from += 4;
    } else {
      out[length++] = byte;
      from += 1;
    }
  }
  return out.subarray(0, length);
}

function startsWith(line: Buffer, prefix: Buffer): boolean {
  return line.length >= prefix.length && line.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}

interface Block {
  readonly tag: string;
  readonly solicited: boolean;
  readonly body: Buffer[];
}

export class ControlParser {
  #pieces: Buffer[] = [];
  #block: Block | undefined;
  readonly #events: ControlEvents;

  constructor(events: ControlEvents) {
    this.#events = events;
  }

  feed(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      let line = chunk.subarray(start, end);
      if (this.#pieces.length > 0) {
        this.#pieces.push(line);
        line = Buffer.concat(this.#pieces);
        this.#pieces = [];
      }
      this.#line(line);
      start = end + 1;
    }
    if (start < chunk.length) this.#pieces.push(start === 0 ? chunk : Buffer.from(chunk.subarray(start)));
  }

  #line(line: Buffer): void {
    if (this.#block) this.#bodyLine(this.#block, line);
    else if (line[0] !== PERCENT) this.#events.notification('', line.toString());
    else if (startsWith(line, OUTPUT)) this.#output(line, OUTPUT.length, false);
    else if (startsWith(line, EXTENDED)) this.#output(line, EXTENDED.length, true);
    else this.#notification(line.toString());
  }

  #bodyLine(block: Block, line: Buffer): void {
    if (line[0] === PERCENT && line.length < 80) {
      const text = line.toString('latin1');
      const ok = text === `%end ${block.tag}`;
      if (ok || text === `%error ${block.tag}`) {
        this.#block = undefined;
        this.#events.reply({ ok, body: block.body, solicited: block.solicited });
        return;
      }
    }
    block.body.push(line);
  }

  #output(line: Buffer, from: number, extended: boolean): void {
    const space = line.indexOf(SPACE, from);
    const paneId = line.toString('latin1', from, space);
    if (!this.#events.wants(paneId)) return;
    // `%extended-output %1 age ... : data`: what stands before the first " : " may grow in later versions.
    const data = extended ? line.indexOf(' : ', space) + 3 : space + 1;
    this.#events.output(paneId, unescapeOutput(line.subarray(data)));
  }

  #notification(text: string): void {
    const space = text.indexOf(' ');
    const name = space < 0 ? text.slice(1) : text.slice(1, space);
    const rest = space < 0 ? '' : text.slice(space + 1);
    if (name === 'begin') this.#block = { tag: rest, solicited: rest.endsWith(' 1'), body: [] };
    else this.#events.notification(name, rest);
  }
}
