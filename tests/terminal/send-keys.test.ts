import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, type Seat } from './bed.js';

let bed: Bed;
let listener: string;
beforeAll(async () => {
  bed = await Bed.start();
  listener = join(bed.tmux.home, 'keys.py');
  writeFileSync(
    listener,
    'import os, tty\ntty.setraw(0)\nos.write(1, b"LISTENING\\r\\n")\nwhile True:\n' +
      '  d = os.read(0, 4096)\n  os.write(1, ("<" + d.hex() + ">").encode())\n  if d == b"Q": break\n',
  );
});
afterAll(() => bed.close());

const hex = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('hex');

async function listening(): Promise<Seat> {
  const seat = await bed.seat('bash', { width: 200 });
  await bed.tmux.type(seat.pane, `python3 ${listener}\n`);
  await bed.tmux.until(seat.pane, /^LISTENING/m);
  return seat;
}

const KEYS: readonly (readonly [key: string, bytes: string])[] = [
  ['Enter', '\r'],
  ['Escape', '\x1b'],
  ['Tab', '\t'],
  ['BTab', '\x1b[Z'],
  ['Space', ' '],
  ['BSpace', '\x7f'],
  ['Up', '\x1b[A'],
  ['Down', '\x1b[B'],
  ['Right', '\x1b[C'],
  ['Left', '\x1b[D'],
  ['Home', '\x1b[1~'],
  ['End', '\x1b[4~'],
  ['PageUp', '\x1b[5~'],
  ['PgUp', '\x1b[5~'],
  ['PPage', '\x1b[5~'],
  ['PageDown', '\x1b[6~'],
  ['PgDn', '\x1b[6~'],
  ['NPage', '\x1b[6~'],
  ['Insert', '\x1b[2~'],
  ['IC', '\x1b[2~'],
  ['Delete', '\x1b[3~'],
  ['DC', '\x1b[3~'],
  ['F1', '\x1bOP'],
  ['F2', '\x1bOQ'],
  ['F3', '\x1bOR'],
  ['F4', '\x1bOS'],
  ['F5', '\x1b[15~'],
  ['F6', '\x1b[17~'],
  ['F7', '\x1b[18~'],
  ['F8', '\x1b[19~'],
  ['F9', '\x1b[20~'],
  ['F10', '\x1b[21~'],
  ['F11', '\x1b[23~'],
  ['F12', '\x1b[24~'],
  ['C-a', '\x01'],
  ['C-c', '\x03'],
  ['C-d', '\x04'],
  ['C-z', '\x1a'],
  ['C-C', '\x03'],
  ['^C', '\x03'],
  ['^[', '\x1b'],
  ['C-[', '\x1b'],
  ['C-\\', '\x1c'],
  ['C-]', '\x1d'],
  ['C-_', '\x1f'],
  ['C-@', '\0'],
  ['C-Space', '\0'],
  ['M-x', '\x1bx'],
  ['M-X', '\x1bX'],
  ['M-;', '\x1b;'],
  ['C-M-a', '\x1b\x01'],
  ['M-C-a', '\x1b\x01'],
  ['M-Enter', '\x1b\r'],
  ['S-Up', '\x1b[1;2A'],
  ['C-Left', '\x1b[1;5D'],
  ['M-Right', '\x1b[1;3C'],
  ['C-S-Right', '\x1b[1;6C'],
  ['C-PageUp', '\x1b[5;5~'],
  ['S-F5', '\x1b[15;2~'],
  ['a', 'a'],
  ['Z', 'Z'],
  ['7', '7'],
  [';', ';'],
  ['-', '-'],
  ['#', '#'],
  ['$', '$'],
  ["'", "'"],
  ['"', '"'],
  ['\\', '\\'],
  ['~', '~'],
  ['%', '%'],
  ['{', '{'],
  [' ', ' '],
  ['^', '^'],
];

describe('every key arrives as a terminal sends it', () => {
  let seat: Seat;
  beforeAll(async () => (seat = await listening()));

  test.each(KEYS)('%s', async (key, bytes) => {
    await bed.tmux.run('clear-history', '-t', seat.pane);
    const result = await seat.keys(key);
    expect(result).toMatchObject({ target: `${seat.session}:0.0`, pane_id: seat.pane });
    await seat.keys('|');
    const screen = await bed.tmux.until(seat.pane, (text) => text.replace(/\s/g, '').endsWith('7c>'));
    const got = [...screen.replace(/\s/g, '').matchAll(/<([0-9a-f]*)>/g)].map((match) => match[1]).join('');
    expect(got.slice(0, -2).endsWith(hex(bytes))).toBe(true);
    // Start afresh for the next key.
    await bed.tmux.run('send-keys', '-R', '-t', seat.pane);
  });

  test('letters of other alphabets and emoji', async () => {
    for (const key of ['é', '漢', '👍']) {
      await seat.keys(key);
      await bed.tmux.until(seat.pane, (text) =>
        text.replace(/[\s<>]/g, '').includes(Buffer.from(key).toString('hex')),
      );
    }
  });

  test('several in order', async () => {
    await bed.tmux.run('send-keys', '-R', '-t', seat.pane);
    await seat.keys(['a', 'Up', 'C-c', ';', 'Enter', '|']);
    const screen = await bed.tmux.until(seat.pane, (text) => text.replace(/[\s<>]/g, '').endsWith('7c'));
    expect(screen.replace(/[\s<>]/g, '')).toContain(hex('a\x1b[A\x03;\r|'));
  });

  test('in copy mode they go to the program', async () => {
    await bed.tmux.run('send-keys', '-R', '-t', seat.pane);
    await bed.tmux.run('copy-mode', '-t', seat.pane);
    await seat.keys(['q', 'Up', 'C-a', 'M-x', 'F5', '|']);
    const screen = await bed.tmux.until(seat.pane, (text) => text.replace(/[\s<>]/g, '').endsWith('7c'));
    expect(screen.replace(/[\s<>]/g, '')).toContain(hex('q\x1b[A\x01\x1bx\x1b[15~|'));
  });
});

const UNKNOWN: readonly (readonly [key: string, suggestion: string])[] = [
  ['Return', 'Enter'],
  ['enter', 'Enter'],
  ['ENTER', 'Enter'],
  ['Entr', 'Enter'],
  ['Esc', 'Escape'],
  ['esc', 'Escape'],
  ['Backspace', 'BSpace'],
  ['ctrl-c', 'C-c'],
  ['Ctrl+C', 'C-c'],
  ['<C-c>', 'C-c'],
  ['alt-x', 'M-x'],
  ['ArrowUp', 'Up'],
  ['Pagedown', 'PageDown'],
  ['Del', 'Delete'],
  ['tab', 'Tab'],
  ['f5', 'F5'],
  ['up', 'Up'],
];

describe('a key that does not exist', () => {
  test.each(UNKNOWN)('%s is an error that suggests %s, and nothing is typed', async (key, suggestion) => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    const before = await seat.screen();
    const text = await seat.refusal('send_keys', { key });
    expect(text).toMatch(/^INVALID_ARGUMENT: /);
    expect(text).toContain(suggestion);
    expect(await seat.screen()).toEqual(before);
  });

  test.each([
    'FooBar',
    'F13',
    'F0',
    'C-',
    'M-',
    'C-Foo',
    'hello',
    'ls -la',
    '-X',
    '-t',
    '-H',
    '-N5',
    '',
    '  ',
    'Enter;',
    ';kill-server',
    '; kill-server',
    'Enter Enter',
    '#{pane_id}',
    '$(touch x)',
    'a\nb',
    '\n',
    '\x03',
    '\x1b',
    '\0',
    'MouseDown1Pane',
    'Any',
    'C-é',
    'x'.repeat(10_000),
  ])('%j is refused and changes nothing', async (key) => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    const before = await bed.tmux.run(
      'list-panes',
      '-a',
      '-F',
      '#{pane_id} #{cursor_x},#{cursor_y} #{pane_in_mode}',
    );
    const text = await seat.refusal('send_keys', { key });
    expect(text).toMatch(/^INVALID_ARGUMENT: /);
    expect(text.length).toBeLessThan(1000);
    expect(
      await bed.tmux.run('list-panes', '-a', '-F', '#{pane_id} #{cursor_x},#{cursor_y} #{pane_in_mode}'),
    ).toBe(before);
  });

  test('in a list: none of the list is pressed', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    const before = await seat.screen();
    expect(await seat.refusal('send_keys', { key: ['a', 'b', 'FooBar'] })).toMatch(/FooBar/);
    expect(await seat.refusal('send_keys', { key: [] })).toMatch(/^INVALID_ARGUMENT: /);
    expect(await seat.refusal('send_keys', { key: ['a', 5] })).toMatch(/^INVALID_ARGUMENT: /);
    expect(await seat.screen()).toEqual(before);
  });
});

test('C-c interrupts what runs', async () => {
  const seat = await bed.seat('bash');
  await seat.execute('sleep 600', { timeout: 0.3 });
  await seat.keys('C-c');
  expect(await seat.waitFor()).toMatchObject({ state: 'completed', exit_code: 130 });
});
