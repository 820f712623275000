import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

describe('read_pane', () => {
  test('gives the screen as lines, blank ones at the end dropped, with cursor and size', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('echo one; echo; echo two');
    expect(await seat.read()).toMatchObject({
      target: `${seat.session}:0.0`,
      pane_id: seat.pane,
      lines: [`${prompt()} echo one; echo; echo two`, 'one', '', 'two', prompt()],
      total_lines: 5,
      truncated: false,
      cursor: { x: prompt().length + 1, y: 4 },
      width: 80,
      height: 24,
      mode: null,
      alternate_screen: false,
    });
  });

  test('joins lines that the terminal wrapped', async () => {
    const seat = await bed.seat('bash', { width: 30 });
    const long = 'abcdefghij'.repeat(9);
    await seat.lines(`echo ${long}; echo short`);
    const { lines } = await seat.read();
    expect(lines).toContain(long);
    expect(lines).toContain('short');
    expect(lines[0]).toMatch(new RegExp(`echo ${long}; echo short$`));
  });

  test('is always fresh', async () => {
    const seat = await bed.seat('bash');
    for (let i = 0; i < 5; i += 1) {
      await bed.tmux.type(seat.pane, `echo fresh-${i}\n`);
      await bed.tmux.until(seat.pane, new RegExp(`^fresh-${i}$`, 'm'));
      expect((await seat.read()).lines).toContain(`fresh-${i}`);
    }
  });

  test('lines reaches beyond the screen into the scrollback', async () => {
    const seat = await bed.seat('bash', { height: 10 });
    await seat.lines('seq 1 200');
    const { lines, total_lines } = await seat.read({ lines: 101 });
    expect(lines).toEqual([...Array.from({ length: 100 }, (_, i) => String(101 + i)), prompt()]);
    expect(total_lines).toBe(101);
    expect((await seat.read({ lines: 1 })).lines).toEqual([prompt()]);
    expect((await seat.read({ lines: 100_000 })).lines.length).toBeGreaterThanOrEqual(202);
    expect((await seat.read()).lines).toHaveLength(10);
  });

  test('lines out of range are an error', async () => {
    const seat = await bed.seat('bash');
    for (const lines of [0, -1, 1.5, 100_001, '5', null])
      expect(await seat.refusal('read_pane', { lines })).toMatch(/^INVALID_ARGUMENT: .*lines/);
  });

  test('more than buffer_size is cut at the front, and says so', async () => {
    const own = await Bed.start({ config: { buffer_size: 20 } });
    try {
      const seat = await own.seat('bash');
      await seat.execute('seq 1 100');
      const seen = await seat.read({ lines: 50 });
      expect(seen).toMatchObject({ truncated: true, total_lines: 50 });
      expect(seen.lines).toHaveLength(20);
      expect(seen.lines.at(-2)).toBe('100');
    } finally {
      await own.close();
    }
  });

  test('ansi keeps colours, and without it there are none', async () => {
    const seat = await bed.seat('bash');
    await seat.lines(String.raw`printf '\033[31mred\033[0m plain \033[1;44mblue\033[0m\n'`);
    expect((await seat.read()).lines).toContain('red plain blue');
    const line = (await seat.read({ ansi: true })).lines.find(
      (one) => one.includes('plain') && !one.includes('printf'),
    );
    expect(line).toMatch(/\x1b\[[0-9;]*31m.*red\x1b\[.*plain.*\x1b\[[0-9;]*44m.*blue/);
  });

  test('wide characters and emoji come through', async () => {
    const seat = await bed.seat('bash');
    const file = join(bed.tmux.home, 'wide');
    writeFileSync(file, 'grüße 漢字 한국어 👍 e\u0301\n');
    await seat.execute(`cat ${file}`);
    expect((await seat.read()).lines).toContain('grüße 漢字 한국어 👍 e\u0301');
  });

  test('a full-screen program: what it shows, and no scrollback of the shell', async () => {
    const seat = await bed.seat('bash', { height: 10 });
    await seat.lines('seq 1 50');
    await bed.tmux.type(seat.pane, 'less /etc/passwd\n');
    await bed.tmux.untilValue(seat.pane, '#{alternate_on}', /1/);
    await bed.tmux.until(seat.pane, /root:/);
    const seen = await seat.read({ lines: 100 });
    expect(seen.alternate_screen).toBe(true);
    expect(seen.lines[0]).toMatch(/^root:/);
    expect(seen.lines.length).toBeLessThanOrEqual(10);
    expect(seen.lines).not.toContain('50');
    await bed.tmux.keys(seat.pane, 'q');
  });

  test('a pane in copy mode: the mode is named, the program’s screen is read', async () => {
    const seat = await bed.seat('bash', { height: 10 });
    await seat.lines('seq 1 50');
    await bed.tmux.run('copy-mode', '-t', seat.pane);
    await bed.tmux.run('send-keys', '-X', '-t', seat.pane, 'history-top');
    const seen = await seat.read();
    expect(seen.mode).toBe('copy-mode');
    expect(seen.lines).toContain('50');
    // And the person who scrolls is left where they are.
    expect(await bed.tmux.value(seat.pane, '#{pane_mode}')).toBe('copy-mode');
  });

  test('a screen that looks like tmux’s own protocol is read as it is', async () => {
    const seat = await bed.seat('bash');
    const lines = ['%begin 1 2 1', '%end 1 2 1', '%error 1 2 1', '%exit', '%output %0 x'];
    const file = join(bed.tmux.home, 'protocol');
    writeFileSync(file, lines.join('\n') + '\n');
    await seat.lines(`cat ${file}`);
    expect((await seat.read()).lines.slice(1, -1)).toEqual(lines);
    expect((await seat.read({ lines: 100 })).lines.slice(1, -1)).toEqual(lines);
  });

  test('an empty screen has no lines', async () => {
    await bed.tmux.newSession('silent', { shell: ['sleep', '600'] });
    expect(await bed.call('read_pane', { session: 'silent' })).toMatchObject({
      lines: [],
      total_lines: 0,
      cursor: { x: 0, y: 0 },
    });
  });

  test('spaces at the end of a line that a program printed are no part of what is read', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('printf "text   \\n"');
    expect((await seat.read()).lines.some((line) => line.trimEnd() === 'text')).toBe(true);
  });

  test('reading changes nothing: not the window that a person looks at, not the size, not the buffers', async () => {
    const seat = await bed.seat('bash');
    const format = '#{window_width}x#{window_height} #{pane_active} #{pane_in_mode} #{history_size}';
    const before = [await bed.tmux.value(seat.pane, format), await bed.tmux.run('list-buffers')];
    await seat.read({ lines: 500, ansi: true });
    expect([await bed.tmux.value(seat.pane, format), await bed.tmux.run('list-buffers')]).toEqual(before);
  });
});

/** The prompt of bash without startup files. */
function prompt(): string {
  return process.getuid?.() === 0 ? `bash-${bashVersion}#` : `bash-${bashVersion}$`;
}

let bashVersion = '';
beforeAll(async () => {
  const seat = await bed.seat('bash');
  [bashVersion = ''] = await seat.lines('echo ${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]}');
});
