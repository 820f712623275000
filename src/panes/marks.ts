/**
 * Finds the shell's own marks in a pane's output: `ESC ] 133 ; KIND [; key=value] ... ; aid=NONCE` ended by BEL
 * or ST (the semantic prompt sequences of FinalTerm, with the private `aid` that makes them unforgeable).
 * Everything else, foreign marks included, is text. Marks are found even behind an unfinished escape sequence.
 */

export interface Mark {
  /** `A` prompt starts, `B` prompt ended, `C` output starts, `D` command ended, `Z` output ended, `X` shell exits, `P` property. */
  readonly kind: string;
  /** Positional and named parameters after the kind: `['0']` in `D;0`, `k=s` as `{k: 's'}`. */
  readonly values: readonly string[];
  readonly named: Readonly<Record<string, string>>;
  readonly aid: string;
}

export interface MarkEvents {
  text(data: Buffer): void;
  mark(mark: Mark): void;
}

const START = Buffer.from('\x1b]133;');
const ESC = 0x1b;
const BEL = 0x07;
/** Longer than any mark of ours: what has no end by then is text. */
const LONGEST = 512;

/** Index of the terminator and of the byte after it; undefined while it has not come. */
function findEnd(data: Buffer, from: number): { end: number; next: number } | undefined | 'text' {
  for (let i = from; i < data.length; i++) {
    const byte = data[i] as number;
    if (byte === BEL) return { end: i, next: i + 1 };
    if (byte === ESC) {
      if (i + 1 === data.length) return undefined;
      return data[i + 1] === 0x5c ? { end: i, next: i + 2 } : 'text';
    }
    if (byte < 0x20 || i - from > LONGEST) return 'text';
  }
  return undefined;
}

/** Length of the longest end of `data` that may be the beginning of a mark. */
function partialStart(data: Buffer): number {
  for (let length = Math.min(START.length - 1, data.length); length > 0; length--) {
    if (START.compare(data, data.length - length, data.length, 0, length) === 0) return length;
  }
  return 0;
}

function parse(body: string): Mark {
  const [kind = '', ...rest] = body.split(';');
  const named: Record<string, string> = {};
  const values: string[] = [];
  for (const part of rest) {
    const equals = part.indexOf('=');
    if (equals > 0) named[part.slice(0, equals)] = part.slice(equals + 1);
    else values.push(part);
  }
  return { kind, values, named, aid: named['aid'] ?? '' };
}

export class MarkScanner {
  #held: Buffer | undefined;
  readonly #events: MarkEvents;

  constructor(events: MarkEvents) {
    this.#events = events;
  }

  feed(chunk: Buffer): void {
    let data = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    let searchFrom = 0;
    for (;;) {
      const start = data.indexOf(START, searchFrom);
      if (start < 0) break;
      const found = findEnd(data, start + START.length);
      if (found === undefined) {
        this.#text(data.subarray(0, start));
        this.#held = Buffer.from(data.subarray(start));
        return;
      }
      const mark =
        found === 'text' ? undefined : parse(data.toString('utf8', start + START.length, found.end));
      if (found === 'text' || !mark?.aid) {
        searchFrom = start + START.length;
        continue;
      }
      this.#text(data.subarray(0, start));
      // A with a status (`d=`) stands for D and A: the fewer bytes a prompt has, the sooner it is drawn.
      const status = mark.kind === 'A' ? mark.named['d'] : undefined;
      if (status !== undefined) this.#events.mark({ ...mark, kind: 'D', values: [status] });
      this.#events.mark(mark);
      data = data.subarray(found.next);
      searchFrom = 0;
    }
    const partial = partialStart(data);
    this.#text(data.subarray(0, data.length - partial));
    if (partial > 0) this.#held = Buffer.from(data.subarray(data.length - partial));
  }

  #text(data: Buffer): void {
    if (data.length > 0) this.#events.text(data);
  }
}
