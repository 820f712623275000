import { expect, test } from '@jest/globals';
import { Echo, endsLike } from '../../src/profile/echo.js';

/** What bash 5.2 printed in panes of 80 and 20 columns, behind the prompt `$ `, from the paste on. */
const PRINTED = [
  ['echo hi', '\x1b[3mecho hi\x1b[23m\r\x1b[C\x1b[Cecho hi\r\n\x1b[?2004l\r'],
  [
    'echo one\necho two',
    '\x1b[3mecho one\x1b[23m\r\n\r\x1b[3mecho two\x1b[23m\x1bM\r\x1b[C\x1b[Cecho one\r\n\recho two\r\n\x1b[?2004l\r',
  ],
  // As wide as the row.
  [
    'echo a; sleep 0.01',
    `\x1b[3mecho a; sleep 0.01\x1b[23m \r\x1bM\x1b[C\x1b[Cecho a; sleep 0.01 \r\x1bM${'\x1b[C'.repeat(19)}\x1b[K1\r\n\x1b[?2004l\r`,
  ],
  // Wider.
  [
    'echo hi there you are',
    '\x1b[3mecho hi there you \x1b[23m\x1b[3ma\x1b[23m\x1b[3mre\x1b[23m\x1bM\becho hi there you are\r\n\x1b[?2004l\r',
  ],
  ['echo a\tb', '\x1b[3mecho a        b\x1b[23m\r\x1b[C\x1b[Cecho a        b\r\n\x1b[?2004l\r'],
  // What the terminal cannot tell: only what stands behind it counts.
  [
    'echo é|tr a b',
    '\x1b[3mecho \\303\\251|tr a b\x1b[23m\r\x1b[C\x1b[Cecho \\303\\251|tr a b\r\n\x1b[?2004l\r',
  ],
] as const;

/** @param pieces of how many characters each the echo arrives */
function echo(text: string, pieces = 5): Echo {
  const all = new Echo(true);
  for (let at = 0; at < text.length; at += pieces)
    all.add(Buffer.from(text.slice(at, at + pieces), 'latin1'));
  return all;
}

test.each(PRINTED)('%j is known by its echo, and by no other', (command, printed) => {
  const one = echo(printed);
  expect(one.hasEnded(false)).toBe(true);
  expect(one.shows(command)).toBe(true);
  for (const [other] of PRINTED)
    if (other !== command) expect([other, one.shows(other)]).toEqual([other, false]);
  expect(one.shows(`${command} -a`)).toBe(false);
});

test('nothing is known before the line editor has left the line', () => {
  const one = echo('\x1b[3mecho hi\x1b[23m');
  expect([one.hasEnded(false), one.shows('echo hi')]).toEqual([false, false]);
});

test('of a long echo the end is kept', () => {
  const command = `: ${'word '.repeat(40_000)}end`;
  const one = echo(`${command}\r\n\x1b[?2004l\rbehind`, 1_000);
  expect(one.shows(command)).toBe(true);
  expect(one.takeRest(false).toString()).toBe('behind');
  expect(one.hasEnded(false)).toBe(false);
});

test.each([
  ['echo hi', 'echohi', true],
  [':', ':', true],
  ['echo a\\\\;\tb', 'echoab', true],
  ['ls', 'ls-la', false],
  ['ls -la', '-la', false],
  [`echo ${'a'.repeat(100)}; make all`, `${'a'.repeat(30)}makeall`, true],
  [`echo ${'a'.repeat(100)}; make all`, 'makeall', false],
])('%j is known by its end %j: %j', (command, ends, known) => {
  expect(endsLike(command, ends)).toBe(known);
});
