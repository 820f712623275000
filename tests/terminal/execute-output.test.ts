import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, SHELLS, type Seat } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

describe.each(SHELLS)('what a command prints in %s is returned exactly', (shell) => {
  let seat: Seat;
  beforeAll(async () => (seat = await bed.seat(shell)));

  /** Prints exactly these bytes; the shell's own quoting has no part in it. */
  const cat = async (bytes: string | Uint8Array) => {
    const file = join(bed.tmux.home, `${shell}.bytes`);
    writeFileSync(file, bytes);
    return seat.execute(`cat ${file}`);
  };

  test('a simple command gives its output, its exit code and where it ran', async () => {
    expect(await seat.execute('echo hi')).toMatchObject({
      target: `${seat.session}:0.0`,
      pane_id: seat.pane,
      command: 'echo hi',
      completed: true,
      timeout_occurred: false,
      state: 'completed',
      exit_code: 0,
      output_lines: ['hi'],
      total_lines: 1,
      truncated: false,
      detection: 'integration',
    });
  });

  test('a command that prints nothing has no lines', async () => {
    expect(await seat.execute('true')).toMatchObject({ output_lines: [], total_lines: 0, exit_code: 0 });
  });

  test('exit codes are those of the command', async () => {
    expect(await seat.execute('false')).toMatchObject({ exit_code: 1, output_lines: [] });
    expect(await seat.execute('sh -c "exit 42"')).toMatchObject({ exit_code: 42 });
    expect(await seat.execute('sh -c "kill -9 \\$\\$"')).toMatchObject({ exit_code: 137 });
    expect(await seat.execute('no-such-command-anywhere')).toMatchObject({ exit_code: 127 });
  });

  test('the message about an unknown command is output', async () => {
    const { output_lines } = await seat.execute('no-such-command-anywhere');
    expect(output_lines.join('\n')).toContain('no-such-command-anywhere');
  });

  test('blank lines at the start, in the middle and at the end are kept', async () => {
    expect(await cat('\n\na\n\n\nb\n\n')).toMatchObject({
      output_lines: ['', '', 'a', '', '', 'b', ''],
      total_lines: 7,
    });
  });

  test('spaces at both ends of a line are kept', async () => {
    expect((await cat('  two  \n\t\n \n')).output_lines).toEqual(['  two  ', '\t', ' ']);
  });

  test('a last line without a newline is a line like any other', async () => {
    expect((await cat('one\ntwo')).output_lines).toEqual(['one', 'two']);
    expect((await cat('x')).output_lines).toEqual(['x']);
    expect((await seat.execute('echo next')).output_lines).toEqual(['next']);
  });

  test('output that ends like a prompt is output', async () => {
    for (const text of ['$ ', 'root@host:~# ', '> ', 'bash-5.2# ', '>>> ', '% '])
      expect((await cat(text)).output_lines).toEqual([text]);
    expect((await cat('bash-5.2# rm -rf x\nsh-5.2$ \n')).output_lines).toEqual([
      'bash-5.2# rm -rf x',
      'sh-5.2$ ',
    ]);
  });

  test('output that looks like tmux’s own protocol is output', async () => {
    const lines = [
      '%begin 1 2 1',
      '%end 1 2 1',
      '%error 1 2 1',
      '%output %0 x',
      '%exit',
      '%session-changed $0 x',
      '\\033 \\134',
    ];
    expect((await cat(lines.join('\n') + '\n')).output_lines).toEqual(lines);
  });

  test('tabs are kept as tabs', async () => {
    expect((await cat('a\tb\t\tc\n\tx\n')).output_lines).toEqual(['a\tb\t\tc', '\tx']);
  });

  test('colours and other attributes are dropped, the text stays', async () => {
    const text = '\x1b[31mred\x1b[0m \x1b[1;38;5;208mbold\x1b[m\x1b[K \x1b[38;2;1;2;3mtrue\x1b[0m\n';
    expect((await cat(text)).output_lines).toEqual(['red bold true']);
  });

  test('a link in the output leaves its text', async () => {
    const link = '\x1b]8;;http://example.com\x1b\\here\x1b]8;;\x1b\\ and \x1b]0;a title\x07there\n';
    expect((await cat(link)).output_lines).toEqual(['here and there']);
  });

  test('a progress bar leaves what it shows at its end', async () => {
    const bar = Array.from({ length: 101 }, (_, i) => `\r[${'#'.repeat(i / 5).padEnd(20)}] ${i}%`).join('');
    expect((await cat(`${bar}\ndone\n`)).output_lines).toEqual([`[${'#'.repeat(20)}] 100%`, 'done']);
    expect((await cat('loading...\r\x1b[Kok\n')).output_lines).toEqual(['ok']);
    expect((await cat('a long text\rshort\n')).output_lines).toEqual(['shortg text']);
  });

  test('a progress display over several lines leaves what it shows at its end', async () => {
    const text = 'head\na: 1\nb: 1\n\x1b[2A\x1b[Ka: 2\n\x1b[Kb: 2\n\x1b[2A\x1b[Ka: 3\n\x1b[Kb: 3\ntail\n';
    expect((await cat(text)).output_lines).toEqual(['head', 'a: 3', 'b: 3', 'tail']);
  });

  test('backspaces overwrite', async () => {
    expect((await cat('abc\b\bX\nspin |\b/\b-\n')).output_lines).toEqual(['aXc', 'spin -']);
  });

  test('carriage returns before newlines are no part of a line', async () => {
    expect((await cat('one\r\ntwo\r\r\nthree\r\n')).output_lines).toEqual(['one', 'two', 'three']);
  });

  test('accents, wide characters and emoji come through', async () => {
    const lines = ['é ü ñ ß €', '漢字かな 한국어', '👍🏽 👨‍👩‍👧 🇩🇪', 'e\u0301 a\u0308', '‏עברית'];
    expect((await cat(lines.join('\n') + '\n')).output_lines).toEqual(lines);
  });

  test('a character whose bytes arrive apart is put together', async () => {
    const half = String.raw`printf '\360\237'; sleep 0.3; printf '\221\215\n\342'; sleep 0.3; printf '\202\254\n'`;
    expect((await seat.execute(`sh -c "${half.replaceAll('\\', '\\\\')}"`)).output_lines).toEqual([
      '👍',
      '€',
    ]);
  });

  test('a line wider than the pane is one line', async () => {
    const long = 'x'.repeat(79) + '|' + 'y'.repeat(79) + '|' + 'z'.repeat(1000);
    expect((await cat(`${long}\nshort\n`)).output_lines).toEqual([long, 'short']);
    const exact = 'w'.repeat(80);
    expect((await cat(`${exact}\n${exact}\n`)).output_lines).toEqual([exact, exact]);
    expect((await cat(exact)).output_lines).toEqual([exact]);
  });

  test('output far beyond the scrollback is counted and its tail kept', async () => {
    const done = await seat.execute('seq 1 5000');
    expect(done).toMatchObject({ total_lines: 5000, truncated: true, exit_code: 0 });
    expect(done.output_lines).toHaveLength(1000);
    expect(done.output_lines[0]).toBe('4001');
    expect(done.output_lines.at(-1)).toBe('5000');
  });

  test('both output streams come in the order in which they were printed', async () => {
    const command = 'sh -c "echo 1; echo 2 >&2; echo 3; echo 4 >&2"';
    expect((await seat.execute(command)).output_lines).toEqual(['1', '2', '3', '4']);
  });
});

describe.each(SHELLS)('%s in a pane of 20 columns', (shell) => {
  let seat: Seat;
  beforeAll(async () => (seat = await bed.seat(shell, { width: 20, height: 6 })));

  test('a command longer than the pane is wide runs, and its echo is no output', async () => {
    const words = 'the quick brown fox jumps over the lazy dog and goes on and on';
    expect((await seat.execute(`echo "${words}"`)).output_lines).toEqual([words]);
    expect((await seat.execute(`echo ${'a'.repeat(300)}`)).output_lines).toEqual(['a'.repeat(300)]);
  });

  test('a command that ends right at the edge runs', async () => {
    for (let length = 8; length <= 30; length += 1) {
      const word = 'w'.repeat(length);
      expect((await seat.execute(`echo ${word}`)).output_lines).toEqual([word]);
    }
  });

  test('wrapped output lines are whole', async () => {
    expect((await seat.execute('seq -s, 1 50')).output_lines).toEqual([
      Array.from({ length: 50 }, (_, i) => i + 1).join(','),
    ]);
  });
});
