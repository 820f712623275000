import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Terminal } from '@xterm/headless';
import { OutputText } from '../../src/panes/output.js';
import { bytewise, chunked, cuts, PURE } from './chunks.js';

const WIDTH = 20;
const HEIGHT = 6;

interface Read {
  readonly lines: string[];
  readonly total: number;
  readonly sunk: string;
}

function read(chunks: readonly Buffer[]): Read {
  let sunk = '';
  const output = new OutputText(WIDTH, HEIGHT, { write: (text) => (sunk += text) });
  for (const chunk of chunks) output.feed(chunk);
  output.finish();
  const { lines, total } = output.lines(1_000, 1_000_000);
  // Whether the last line of all ends with a newline is not told of output that went through the emulator.
  return { lines, total, sunk: (sunk + output.heldBack).replace(/\n$/, '') };
}

/** The same as a terminal shows it that has scrolled nothing away. */
async function shown(data: Buffer): Promise<string[]> {
  const term = new Terminal({ cols: WIDTH, rows: HEIGHT, scrollback: 10_000, allowProposedApi: true });
  const write = (text: string): Promise<void> => new Promise((written) => term.write(text, written));
  for (const part of data.toString().split(/(\x08)/)) {
    // Behind the last cell of a row xterm goes back by two, tmux by one: nothing to compare.
    fc.pre(part !== '\b' || term.buffer.normal.cursorX < WIDTH);
    await write(part);
  }
  const buffer = term.buffer.normal;
  const lines: string[] = [];
  for (let row = 0; row < buffer.length; row += 1) {
    const line = buffer.getLine(row);
    if (line?.isWrapped && lines.length > 0)
      lines.push(`${lines.pop() ?? ''}${line.translateToString(false)}`);
    else lines.push(line?.translateToString(false) ?? '');
  }
  term.dispose();
  return trimmed(lines);
}

/** Without the blanks at the ends of lines, and the empty lines at the end, which a terminal cannot tell apart. */
function trimmed(lines: readonly string[]): string[] {
  const list = lines.map((line) => line.trimEnd());
  while (list.length > 0 && list.at(-1) === '') list.pop();
  return list;
}

const words = fc.constantFrom(
  'a',
  'word',
  'two words',
  '0123456789',
  'x'.repeat(18),
  'x'.repeat(45),
  'é',
  '.',
);
const plain = fc.constantFrom('\r\n', '\r\n', '\r\n\r\n');
const inLine = fc.constantFrom(
  '\r',
  '\b',
  '\b\b\b',
  '\x1b[K',
  '\x1b[0K',
  '\x1b[2K',
  '\x1b[31m',
  '\x1b[m',
  '\x07',
  '\x1b(B',
);
const moving = fc.constantFrom(
  ...[
    '\x1b[A',
    '\x1b[2A',
    '\x1b[B',
    '\x1b[C',
    '\x1b[4C',
    '\x1b[D',
    '\x1b[3D',
    '\x1b[G',
    '\x1b[8G',
    '\x1b[1K',
  ],
  ...[
    '\x1b[P',
    '\x1b[3@',
    '\x1b[2X',
    '\x1b[J',
    '\x1b[L',
    '\x1b[M',
    '\x1b7',
    '\x1b8',
    '\x1bM',
    '\x1b[s',
    '\x1b[u',
  ],
);
/**
 * Without marks that combine with the character before: one that arrives by itself, to overwrite, finds none.
 */
const strange = fc.oneof(
  fc.constantFrom(
    '漢字',
    '👩',
    '\t',
    '\0',
    '\x1b[?25l',
    '\x1b]0;title\x07',
    '\x1b]8;;x\x1b\\',
    '\x1bPq\x1b\\',
  ),
  fc.constantFrom(
    '\x1b[2J',
    '\x1b[H',
    '\x1bc',
    '\x1b[?1049h',
    '\x1b[?1049l',
    '\x1b[1;3r',
    '\x1b[6n',
    '\x1b[',
    '\x1b',
    '\x9b',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => text.replace(/[\p{M}\p{Cf}\u200d]/gu, '')),
);

const made = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<Buffer> =>
  fc.array(fc.oneof(...parts), { maxLength: 25 }).map((list) => Buffer.from(list.join('')));

describe('the text of an output', () => {
  test('is the same however its bytes are cut', () => {
    const noise = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.oneof(made(words, plain, inLine, moving, strange), noise), cuts, (whole, at) => {
        const once = read([whole]);
        expect(read(chunked(whole, at))).toEqual(once);
        expect(read(bytewise(whole))).toEqual(once);
      }),
      PURE,
    );
  });

  test.each([
    ['overwrites within lines', [words, plain, inLine]],
    ['moves the cursor', [words, plain, inLine, moving]],
  ] as const)('is what a terminal shows, when it %s', async (_name, parts) => {
    await fc.assert(
      fc.asyncProperty(made(...parts), async (data) => {
        const { lines, total, sunk } = read([data]);
        expect(trimmed(lines)).toEqual(await shown(data));
        expect(total).toBe(lines.length);
        expect(sunk).toBe(lines.join('\n'));
      }),
      { ...PURE, numRuns: PURE.numRuns / 2 },
    );
  });

  test('that is plain is counted and kept to the byte', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replace(/[\p{Cc}]/gu, ''));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.boolean(), cuts, (wanted, isEnded, at) => {
        const text = wanted.join('\r\n') + (isEnded && wanted.length > 0 ? '\r\n' : '');
        const { lines, total, sunk } = read(chunked(Buffer.from(text), at));
        const expected = !isEnded && wanted.at(-1) === '' ? wanted.slice(0, -1) : wanted;
        expect(lines).toEqual(expected);
        expect(total).toBe(expected.length);
        expect(sunk).toBe(text.replaceAll('\r\n', '\n').replace(/\n$/, ''));
      }),
      PURE,
    );
  });
});
