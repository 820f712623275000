import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MarkScanner, type Mark } from '../../src/panes/marks.js';
import { bytewise, chunked, cuts, PURE } from './chunks.js';

type Seen = string | Mark;

/** Text and marks in their order, text between two marks joined. */
function scanned(chunks: readonly Buffer[]): Seen[] {
  const seen: Seen[] = [];
  const scanner = new MarkScanner({
    text: (data) => {
      const last = seen.at(-1);
      if (typeof last === 'string') seen[seen.length - 1] = last + data.toString('latin1');
      else seen.push(data.toString('latin1'));
    },
    mark: (mark) => seen.push(mark),
  });
  for (const chunk of chunks) scanner.feed(chunk);
  return seen;
}

const word = fc.string({ unit: fc.constantFrom(...'abcdefk0123456789_-'), minLength: 1, maxLength: 12 });

/** A mark as our shells print it, and what it says. */
const mark = fc
  .tuple(fc.constantFrom('A', 'B', 'C', 'D', 'P', 'Z'), fc.array(word, { maxLength: 2 }), word, fc.boolean())
  .map(([kind, values, aid, isLong]) => ({
    bytes: Buffer.from(`\x1b]133;${[kind, ...values, `aid=${aid}`].join(';')}${isLong ? '\x1b\\' : '\x07'}`),
    said: { kind, values, named: { aid }, aid },
  }));

/** What is no mark of ours: others' marks, beginnings, other sequences, any bytes. */
const text = fc
  .oneof(
    fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array)),
    fc
      .constantFrom(
        ...[
          '\x1b]133;A\x07',
          '\x1b]133;D;0\x1b\\',
          '\x1b]133;',
          '\x1b]13',
          '\x1b]',
          '\x1b',
          '\x1b]133;C;aid=\x07',
        ],
        ...[
          '\x1b]133;B;aid=x\n',
          '\x1b]0;title\x07',
          '\x1b[31m',
          '\x1bP',
          'é漢',
          `\x1b]133;A;aid=${'x'.repeat(600)}`,
        ],
      )
      .map((one) => Buffer.from(one)),
  )
  .map((bytes) => ({ bytes, said: bytes.toString('latin1') }));

test('marks are found and text is left alone, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(mark, text), { maxLength: 12 }), cuts, (parts, at) => {
      const whole = Buffer.concat(parts.map(({ bytes }) => bytes));
      const once = scanned([whole]);
      expect(scanned(chunked(whole, at))).toEqual(once);
      expect(scanned(bytewise(whole))).toEqual(once);
    }),
    PURE,
  );
});

test('every mark behind a complete text is found, and not a byte of the text is lost', () => {
  const plain = fc
    .oneof(
      fc.string({ maxLength: 30 }).map((one) => one.replaceAll('\x1b', '')),
      fc.constantFrom('\x1b]133;A\x07', '\x1b]133;D;0\x1b\\', '\x1b]0;title\x07', '\x1b[31m', 'é漢\r\n'),
    )
    .map((one) => ({ bytes: Buffer.from(one), said: Buffer.from(one).toString('latin1') }));
  fc.assert(
    fc.property(fc.array(fc.oneof(mark, plain), { maxLength: 12 }), cuts, (parts, at) => {
      const expected: Seen[] = [];
      for (const { said } of parts) {
        const last = expected.at(-1);
        if (said === '') continue;
        if (typeof said === 'string' && typeof last === 'string') expected[expected.length - 1] = last + said;
        else expected.push(said);
      }
      expect(scanned(chunked(Buffer.concat(parts.map(({ bytes }) => bytes)), at))).toEqual(expected);
    }),
    PURE,
  );
});
