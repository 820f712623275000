import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, type Seat } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

let files = 0;

/** Lets a program read the pane's keyboard into a file until a line `.`; returns what it got. */
async function received(type: (seat: Seat) => Promise<unknown>, setup = 'true'): Promise<string> {
  const seat = await bed.seat('bash');
  const file = join(bed.tmux.home, `received-${String(++files)}`);
  const program = join(bed.tmux.home, 'reader.py');
  writeFileSync(
    program,
    [
      'import os, sys, tty',
      'tty.setraw(0)',
      'os.write(1, b"LISTENING\\r\\n")',
      'data = b""',
      'while not data.endswith(b"\\x04\\x04\\x04"): data += os.read(0, 65536)',
      'open(sys.argv[1], "wb").write(data[:-3])',
      'os.system("stty sane")',
    ].join('\n'),
  );
  await seat.lines('true');
  await bed.tmux.type(seat.pane, `${setup}; python3 ${program} ${file}; echo GOT-IT\n`);
  await bed.tmux.until(seat.pane, /^LISTENING/m);
  await type(seat);
  if ((await bed.tmux.value(seat.pane, '#{pane_in_mode}')) !== '0')
    await bed.tmux.run('send-keys', '-X', '-t', seat.pane, 'cancel');
  await bed.tmux.run('send-keys', '-t', seat.pane, '-H', '04', '04', '04');
  await bed.tmux.until(seat.pane, /^GOT-IT/m);
  return readFileSync(file, 'utf8');
}

const AWKWARD = [
  'quotes \' " ` and $HOME ${x} $(date) \\n \\\\ ',
  'semicolon at the end;',
  ';; ; kill-server ; ',
  '#{pane_id} #(touch x) %output %0 %end',
  '-l -t --',
  'Enter C-c Escape Up ^C',
  '漢字 👍 é e\u0301 \u00a0 \u200b',
  '{a,b} [x] *.* ~ ! !! & | < > ? = %',
  '   leading and trailing   ',
  '',
].join(' / ');

describe('write_pane types exactly', () => {
  test('2 KB of awkward text', async () => {
    const text = AWKWARD.repeat(Math.ceil(2048 / AWKWARD.length));
    expect(await received((seat) => seat.write(text))).toBe(text);
  });

  test.each([
    ';',
    'a;',
    'a\\;',
    '\\',
    "'",
    '"',
    '$',
    '#',
    '#{',
    '%',
    '~',
    '-',
    '--',
    ' ',
    '  ',
    'Enter',
    'C-c',
    'q',
    '0x41',
    '\u00e9',
    '👨‍👩‍👧',
  ])('%j alone', async (text) => {
    expect(await received((seat) => seat.write(text))).toBe(text);
  });

  test('a newline is Enter, a tab is Tab', async () => {
    expect(await received((seat) => seat.write('one\ntwo\n\tthree\n\n'))).toBe('one\rtwo\r\tthree\r\r');
    expect(await received((seat) => seat.write('one\r\ntwo\r\n'))).toBe('one\rtwo\r');
  });

  test('control characters and escape sequences', async () => {
    const text = '\x01\x02\x05 \x1b[A\x1bOP\x1b \x7f\x08';
    expect(await received((seat) => seat.write(text))).toBe(text);
  });

  test('in copy mode, too', async () => {
    const typed = await received(async (seat) => {
      await bed.tmux.run('copy-mode', '-t', seat.pane);
      return seat.write('while scrolled: q j k;\n');
    });
    expect(typed).toBe('while scrolled: q j k;\r');
  });

  test('100 KB in one call', async () => {
    const text = Array.from({ length: 2000 }, (_, i) => `line ${i} ${'x'.repeat(40)};`).join(' ');
    expect(text.length).toBeGreaterThan(100_000);
    expect(await received((seat) => seat.write(text))).toBe(text);
  });

  test('several calls in order', async () => {
    const words = Array.from({ length: 30 }, (_, i) => `<${i}>`);
    expect(
      await received(async (seat) => {
        for (const word of words) await seat.write(word);
      }),
    ).toBe(words.join(''));
  });

  test('the result says what was sent and where', async () => {
    const seat = await bed.seat('bash');
    expect(await seat.write('echo;')).toMatchObject({
      target: `${seat.session}:0.0`,
      pane_id: seat.pane,
      sent: 'echo;',
    });
  });
});

describe('write_pane with paste', () => {
  const bracketed = String.raw`printf '\033[?2004h'`;

  test('is framed where the program asked for it, newlines as they are', async () => {
    const text = 'one\ntwo;\n\tthree';
    expect(await received((seat) => seat.write(text, { paste: true }), bracketed)).toBe(
      `\x1b[200~${text}\x1b[201~`,
    );
  });

  test('is not framed where it did not', async () => {
    const got = await received((seat) => seat.write('one two', { paste: true }));
    expect(got).toBe('one two');
  });

  test('100 KB at once', async () => {
    const text = AWKWARD.repeat(Math.ceil(100_000 / AWKWARD.length));
    expect(await received((seat) => seat.write(text, { paste: true }), bracketed)).toBe(
      `\x1b[200~${text}\x1b[201~`,
    );
  });

  test('several lines into bash are not submitted', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await seat.write('echo one\necho two', { paste: true });
    await bed.tmux.until(seat.pane, /echo two/);
    expect(await seat.screen()).not.toContain('one');
    await seat.keys('Enter');
    await bed.tmux.until(seat.pane, /^one\ntwo$/m);
  });

  test('a paste that contains the end of a paste is refused', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    const before = await seat.screen();
    expect(await seat.refusal('write_pane', { text: 'x\x1b[201~rm -rf /\n', paste: true })).toMatch(
      /^INVALID_ARGUMENT: /,
    );
    expect(await seat.screen()).toEqual(before);
  });
});

describe('write_pane refuses', () => {
  test('NUL, nothing, and what is no text', async () => {
    const seat = await bed.seat('bash');
    for (const text of ['a\0b', '', null, 5, ['a']])
      expect(await seat.refusal('write_pane', { text })).toMatch(/^INVALID_ARGUMENT: /);
  });
});

test('what is typed into cat comes back once', async () => {
  const seat = await bed.seat('bash');
  await seat.execute('cat', { timeout: 0.5 });
  await seat.write('echoed;\n');
  await bed.tmux.until(seat.pane, /^echoed;\nechoed;$/m);
  await seat.keys('C-d');
  expect(await seat.waitFor()).toMatchObject({ state: 'completed', output_lines: ['echoed;', 'echoed;'] });
});

test('no buffer is left behind', async () => {
  const seat = await bed.seat('bash');
  await seat.write('a\n');
  await seat.write('b', { paste: true });
  expect(await bed.tmux.run('list-buffers')).toBe('');
});
