/**
 * Renders output that moves the cursor, through xterm's parser, without losing what scrolls away: lines that
 * have left the screen can no longer change and are handed on at once, so memory stays bounded.
 */
import { Terminal, type IBufferLine } from '@xterm/headless';

/** Characters parsed between two harvests; fewer than `SCROLLBACK`, so that no line is lost in between. */
const SLICE = 4_096;
const SCROLLBACK = 10_000;

interface SyncTerminal {
  /** xterm's synchronous write; sound here because no asynchronous parser hook is registered. */
  readonly _core: { writeSync(data: string): void };
}

export class Emulator {
  readonly #term: Terminal;
  /** Rows of the normal buffer already handed on, and the wrapped line that has not ended yet. */
  #harvested = 0;
  #open: string | undefined;
  readonly #line: (text: string) => void;

  /** @param line receives every finished line, wrapped rows joined */
  constructor(width: number, height: number, line: (text: string) => void) {
    this.#line = line;
    this.#term = new Terminal({
      cols: Math.max(2, width),
      rows: Math.max(2, height),
      scrollback: SCROLLBACK,
      allowProposedApi: true,
      logLevel: 'off',
    });
    // What forgets rows that have scrolled away must not forget any that were not handed on yet.
    this.#term.parser.registerEscHandler({ final: 'c' }, () => this.#forgetting());
    this.#term.parser.registerCsiHandler({ final: 'J' }, ([what]) => {
      const forgets = what === 3 && this.#term.buffer.active.type === 'normal';
      return forgets && this.#forgetting();
    });
  }

  write(text: string): void {
    const core = (this.#term as unknown as SyncTerminal)._core;
    for (let i = 0; i < text.length; i += SLICE) {
      core.writeSync(text.slice(i, i + SLICE));
      this.#harvest();
    }
  }

  /** Hands on what is about to be forgotten; row numbers begin anew behind it. Never keeps the terminal from it. */
  #forgetting(): false {
    this.#harvest();
    if (this.#open !== undefined) this.#line(this.#open);
    this.#open = undefined;
    this.#harvested = 0;
    return false;
  }

  /** The lines still on the screen, without the empty rows below the last one written to. */
  pending(): string[] {
    const lines: string[] = [];
    this.#collect((line) => lines.push(line));
    return lines;
  }

  /** What a full-screen program shows now; it never becomes output. */
  alternate(): string[] {
    const buffer = this.#term.buffer.active;
    if (buffer.type !== 'alternate') return [];
    return Array.from(
      { length: buffer.length },
      (_, row) => buffer.getLine(row)?.translateToString(true) ?? '',
    );
  }

  /** Hands on what is still on the screen and ends. */
  finish(): void {
    this.#collect(this.#line);
    this.#open = undefined;
    this.#term.dispose();
  }

  #collect(line: (text: string) => void): void {
    const buffer = this.#term.buffer.normal;
    let last = buffer.length - 1;
    while (last >= this.#harvested && this.#isBlank(last)) last--;
    // Blank rows above the cursor were printed, unless the cursor only waits at the start of a fresh row.
    last = Math.max(last, buffer.baseY + buffer.cursorY - 1);
    let open = this.#open;
    for (let row = this.#harvested; row <= last; row++) open = this.#join(row, open, line);
    if (open !== undefined) line(open);
  }

  #isBlank(row: number): boolean {
    return (this.#term.buffer.normal.getLine(row)?.translateToString(true) ?? '') === '';
  }

  #harvest(): void {
    const buffer = this.#term.buffer.normal;
    for (let row = this.#harvested; row < buffer.baseY; row++)
      this.#open = this.#join(row, this.#open, this.#line);
    this.#harvested = Math.max(this.#harvested, buffer.baseY);
    if (this.#harvested > SCROLLBACK / 2) {
      // Dropping what was handed on keeps row numbers small and the scrollback from trimming behind our back.
      this.#term.options.scrollback = 0;
      this.#term.options.scrollback = SCROLLBACK;
      this.#harvested = this.#term.buffer.normal.baseY;
    }
  }

  /** Adds a row to the open line, or ends that one and opens another. */
  #join(row: number, open: string | undefined, line: (text: string) => void): string | undefined {
    const cells = this.#term.buffer.normal.getLine(row);
    if (!cells) return open;
    const next = this.#term.buffer.normal.getLine(row + 1);
    const text = next?.isWrapped === true ? fullRow(cells, next) : cells.translateToString(true);
    if (cells.isWrapped) return (open ?? '') + text;
    if (open !== undefined) line(open);
    return text;
  }
}

/** A row that goes on in the next one: its blanks are part of the line, but for a last cell too narrow for what came. */
function fullRow(cells: IBufferLine, next: IBufferLine): string {
  const text = cells.translateToString(false);
  const last = cells.getCell(cells.length - 1);
  const isGap = last?.getCode() === 0 && last.getWidth() === 1 && next.getCell(0)?.getWidth() === 2;
  return isGap ? text.slice(0, -1) : text;
}
