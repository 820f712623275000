import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ControlParser } from '../../src/tmux/protocol.js';
import { bytewise, chunked, cuts, PURE } from './chunks.js';

type Event =
  | readonly ['output', string, string]
  | readonly ['reply', boolean, readonly string[], boolean]
  | readonly ['notification', string, string];

function eventsOf(chunks: readonly Buffer[], wanted = (_: string): boolean => true): Event[] {
  const events: Event[] = [];
  const parser = new ControlParser({
    output: (pane, data) => events.push(['output', pane, data.toString('latin1')]),
    reply: ({ ok, body, solicited }) =>
      events.push(['reply', ok, body.map((line) => line.toString('latin1')), solicited]),
    notification: (name, rest) => events.push(['notification', name, rest]),
    wants: wanted,
  });
  for (const chunk of chunks) parser.feed(chunk);
  return events;
}

/** What tmux makes of a pane's bytes: those below 0x20 and the backslash in octal, all others as they are. */
function escaped(data: Buffer): Buffer {
  return Buffer.concat(
    Array.from(data, (byte) =>
      byte < 0x20 || byte === 0x5c
        ? Buffer.from(`\\${byte.toString(8).padStart(3, '0')}`)
        : Buffer.from([byte]),
    ),
  );
}

interface Item {
  readonly bytes: Buffer;
  readonly event: Event;
}

const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
const pane = fc.nat(200).map((n) => `%${n}`);

/** Text that is likely to hurt: escapes, marks, pieces of UTF-8, guards. */
const hurtful = fc
  .array(
    fc.oneof(
      bytes,
      fc
        .constantFrom(
          '\\',
          '\\033',
          '\\12',
          '\x1b]133;A\x07',
          '%output %0 x',
          '%end 1 2 1',
          'é漢👩‍👩‍👧',
          ' : ',
          '\r\n',
        )
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts));

const output: fc.Arbitrary<Item> = fc
  .tuple(pane, hurtful, fc.boolean(), fc.constantFrom('5', '0 more', '12 in days to come'))
  .map(([id, data, extended, age]) => ({
    bytes: Buffer.concat([
      Buffer.from(extended ? `%extended-output ${id} ${age} : ` : `%output ${id} `),
      escaped(data),
    ]),
    event: ['output', id, data.toString('latin1')],
  }));

const line = fc
  .oneof(
    bytes,
    hurtful,
    fc
      .constantFrom(
        '%begin 1 2 1',
        '%end 1 2 1',
        '%error 9 9 0',
        '%exit',
        '%output %1 x',
        '%session-changed $1 a',
        '',
      )
      .map((text) => Buffer.from(text)),
  )
  .map((data) => Buffer.from(data.filter((byte) => byte !== 0x0a)));

const block: fc.Arbitrary<Item> = fc
  .tuple(fc.nat(2 ** 31), fc.nat(1_000_000), fc.boolean(), fc.boolean(), fc.array(line, { maxLength: 5 }))
  .map(([time, number, isOurs, ok, body]) => {
    // Nobody can know the time and the number of a block that is still to come; so no body holds its own end.
    const tag = `${time + 10} ${number + 10} ${isOurs ? 1 : 0}`;
    const lines = [Buffer.from(`%begin ${tag}`), ...body, Buffer.from(`%${ok ? 'end' : 'error'} ${tag}`)];
    return {
      bytes: Buffer.concat(lines.flatMap((one, i) => (i === 0 ? [one] : [Buffer.from('\n'), one]))),
      event: ['reply', ok, body.map((one) => one.toString('latin1')), isOurs],
    };
  });

const notification: fc.Arbitrary<Item> = fc
  .tuple(
    fc.constantFrom('window-add', 'exit', 'sessions-changed', 'pane-mode-changed', 'layout-change'),
    fc.string(),
  )
  .map(([name, text]) => {
    const rest = text.replaceAll('\n', '');
    return {
      bytes: Buffer.from(rest === '' ? `%${name}` : `%${name} ${rest}`),
      event: ['notification', name, rest],
    };
  });

const bare: fc.Arbitrary<Item> = fc
  .constantFrom('/etc/tmux.conf:1: unknown command: x', '', 'exit')
  .map((text) => ({
    bytes: Buffer.from(text),
    event: ['notification', '', text],
  }));

const session = fc.array(fc.oneof(output, block, notification, bare), { maxLength: 12 });

describe('what tmux says in control mode', () => {
  test('is understood whatever it is cut into, whatever the bodies look like', () => {
    fc.assert(
      fc.property(session, cuts, (items, at) => {
        const whole = Buffer.concat(items.flatMap(({ bytes: one }) => [one, Buffer.from('\n')]));
        const expected = items.map(({ event }) => event);
        expect(eventsOf(chunked(whole, at))).toEqual(expected);
        expect(eventsOf(bytewise(whole))).toEqual(expected);
      }),
      PURE,
    );
  });

  test('output that nobody wants is skipped, and nothing else with it', () => {
    fc.assert(
      fc.property(session, cuts, (items, at) => {
        const whole = Buffer.concat(items.flatMap(({ bytes: one }) => [one, Buffer.from('\n')]));
        const isOdd = (id: string): boolean => Number(id.slice(1)) % 2 === 1;
        expect(eventsOf(chunked(whole, at), isOdd)).toEqual(
          items.map(({ event }) => event).filter(([kind, id]) => kind !== 'output' || isOdd(id)),
        );
      }),
      PURE,
    );
  });

  test('any bytes at all are taken without a fault, and alike however they are cut', () => {
    const noise = fc.array(fc.oneof(bytes, hurtful, line, session.map(joined)), { maxLength: 8 });
    fc.assert(
      fc.property(noise, cuts, (parts, at) => {
        const whole = Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));
        expect(eventsOf(chunked(whole, at))).toEqual(eventsOf([whole]));
      }),
      PURE,
    );
  });
});

function joined(items: readonly Item[]): Buffer {
  return Buffer.concat(items.flatMap(({ bytes: one }) => [one, Buffer.from('\n')]));
}
