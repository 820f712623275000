import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, SHELLS, type Seat } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

describe.each(SHELLS)('every form of command runs in %s', (shell) => {
  let seat: Seat;
  beforeAll(async () => {
    seat = await bed.seat(shell);
    // Whether `#` begins a comment is the user's choice in zsh; elsewhere it always does.
    if (shell === 'zsh') await seat.lines('setopt interactivecomments');
  });

  const forms: readonly (readonly [title: string, command: string, lines: readonly string[]])[] = [
    ['a comment behind a command', 'echo one # two', ['one']],
    ['a semicolon at the end', 'echo semi;', ['semi']],
    ['several commands on a line', 'echo a; echo b', ['a', 'b']],
    ['a pipe', "printf '3\\n1\\n2\\n' | sort", ['1', '2', '3']],
    ['a leading space', '  echo spaced', ['spaced']],
    ['a trailing space', 'echo trailing   ', ['trailing']],
    [
      'single quotes around specials',
      `printf '%s\\n' '$HOME \`x\` "q" \\n #h !b *'`,
      ['$HOME `x` "q" \\n #h !b *'],
    ],
    ['an exclamation mark', "echo 'hello! wow!!'", ['hello! wow!!']],
    ['tmux formats', "echo '#{pane_id} #(date) #S'", ['#{pane_id} #(date) #S']],
    ['percent signs', "printf '%s%%\\n' 5", ['5%']],
    ['a tilde', "echo '~'", ['~']],
    ['letters of every language', 'echo "grüße 漢字 👍"', ['grüße 漢字 👍']],
    ['a tab', "echo 'a\tb'", ['a\tb']],
    ['newlines at the end', 'echo ends\n\n', ['ends']],
    ['several lines', 'echo one\necho two\necho three', ['one', 'two', 'three']],
    ['blank lines in between', 'echo one\n\n\necho two', ['one', 'two']],
    ['a comment line in between', 'echo one\n# a note\necho two', ['one', 'two']],
    ['a line that continues', 'echo one \\\n  two', ['one two']],
    ['a quote over several lines', "echo 'one\ntwo'", ['one', 'two']],
    ['CRLF between lines', 'echo one\r\necho two\r\n', ['one', 'two']],
    ['names of keys', 'echo Enter C-c Escape', ['Enter C-c Escape']],
    ['a leading dash in an argument', "printf '%s\\n' -- -x", ['--', '-x']],
  ];

  test.each(forms)('%s', async (_title, command, lines) => {
    const done = await seat.execute(command);
    expect(done).toMatchObject({ state: 'completed', exit_code: 0, output_lines: lines });
  });

  test('a comment alone prints nothing and succeeds', async () => {
    await seat.execute('false');
    expect(await seat.execute('# nothing to do')).toMatchObject({
      state: 'completed',
      exit_code: 0,
      output_lines: [],
    });
  });

  test('a command of 10,000 characters runs', async () => {
    const word = 'abcdefghij'.repeat(1000);
    if (shell === 'sh') {
      // A terminal in canonical mode takes lines of at most 4,095 bytes; many lines are no problem.
      const lines = Array.from({ length: 100 }, (_, i) => `echo ${i} ${'x'.repeat(95)}`);
      expect((await seat.execute(lines.join('\n'))).total_lines).toBe(100);
      return;
    }
    const done = await seat.execute(`echo ${word}`);
    expect(done.output_lines.join('')).toBe(word);
  });

  test('the exit code of several lines is that of the last', async () => {
    expect(await seat.execute('false\ntrue')).toMatchObject({ exit_code: 0 });
    expect(await seat.execute('true\nfalse')).toMatchObject({ exit_code: 1 });
    expect(await seat.execute('echo a\nsh -c "exit 7"')).toMatchObject({ exit_code: 7, output_lines: ['a'] });
  });

  test('a loop over several lines runs', async () => {
    const loop =
      shell === 'fish' ? 'for i in 1 2 3\n  echo n$i\nend' : 'for i in 1 2 3\ndo\n  echo n$i\ndone';
    expect(await seat.lines(loop)).toEqual(['n1', 'n2', 'n3']);
  });

  test('a function over several lines is defined and can be called', async () => {
    const define = shell === 'fish' ? 'function greet\n  echo hi $argv\nend' : 'greet() {\n  echo hi $1\n}';
    expect(await seat.lines(define)).toEqual([]);
    expect(await seat.lines('greet you')).toEqual(['hi you']);
  });

  test('cd and exports persist', async () => {
    const directory = join(realpathSync(bed.tmux.home), `dir of ${shell}`);
    mkdirSync(directory, { recursive: true });
    expect(await seat.lines(`cd '${directory}'`)).toEqual([]);
    expect(await seat.lines('pwd')).toEqual([directory]);
    await seat.lines(shell === 'fish' ? 'set -x COLOUR blue' : 'export COLOUR=blue');
    expect(await seat.lines('printenv COLOUR')).toEqual(['blue']);
    await seat.lines('cd -');
  });

  test('a background job does not hold the command up, and what it prints later is in nobody else’s output', async () => {
    const channel = `late-${shell}`;
    const tmux = `tmux -S ${bed.tmux.socket}`;
    const job = `sh -c "${tmux} wait-for ${channel}; echo LATE; ${tmux} wait-for -S ${channel}-done" &`;
    const done = await seat.execute(job);
    expect(done).toMatchObject({ state: 'completed', exit_code: 0 });
    expect(done.output_lines.join('\n')).not.toContain('LATE');
    await bed.tmux.run('wait-for', '-S', channel);
    await bed.tmux.channel(`${channel}-done`);
    await bed.tmux.until(seat.pane, /^.*LATE$/m);
    const next = await seat.execute('echo after');
    expect(next).toMatchObject({ state: 'completed', exit_code: 0 });
    expect(next.output_lines).toContain('after');
    expect(next.output_lines).not.toContain('LATE');
    expect(await seat.lines('echo again')).toEqual(['again']);
  });

  test('a syntax error gives its message and a failing exit code, and the prompt is clean afterwards', async () => {
    const wrong = shell === 'fish' ? 'echo )' : 'echo (; )';
    const done = await seat.execute(wrong);
    expect(done.state).toBe('completed');
    expect(done.exit_code).not.toBe(0);
    expect(done.exit_code).not.toBeNull();
    expect(done.output_lines.length).toBeGreaterThan(0);
    expect(done.output_lines.join('\n')).toMatch(/syntax|parse|unexpected/i);
    expect(await seat.lines('echo fine')).toEqual(['fine']);
  });
});

describe.each(['bash', 'zsh', 'sh'] as const)('here documents in %s', (shell) => {
  let seat: Seat;
  beforeAll(async () => (seat = await bed.seat(shell)));

  test('the text arrives as it was written', async () => {
    const text = ['  two spaces', '$HOME stays', '', 'quote " and \' and `', '# no comment', 'é'];
    expect(await seat.lines(`cat <<'EOF'\n${text.join('\n')}\nEOF`)).toEqual(text);
  });

  test('with tabs, and with a command behind it', async () => {
    expect(await seat.lines('cat <<-X\n\tone\n\t\ttwo\nX\necho three')).toEqual(['one', 'two', 'three']);
  });

  test('a long one, of 200 lines', async () => {
    const text = Array.from({ length: 200 }, (_, i) => `line ${i} ${'.'.repeat(i % 70)}`);
    expect(await seat.lines(`cat <<'EOF'\n${text.join('\n')}\nEOF`)).toEqual(text);
  });

  test('a here string', async () => {
    if (shell === 'sh') return;
    expect(await seat.lines('cat <<< "a  b"')).toEqual(['a  b']);
  });
});

test('history expansion that a person has switched on in bash is theirs, and reported as bash does', async () => {
  const seat = await bed.seat('bash');
  const done = await seat.execute('echo "no !event-that-exists"');
  expect(done.output_lines.join('\n')).toContain('event not found');
  expect(done.state).toBe('completed');
  expect(await seat.lines('echo "fine"')).toEqual(['fine']);
});

describe('control characters in a command', () => {
  test('would be keys, so the call is refused and nothing is typed', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    const before = await seat.screen();
    for (const command of ['echo \x03', 'echo \x1b[A', 'echo \x00', 'a\x7f', '\x04'])
      expect(await seat.refusal('execute', { command })).toMatch(/^INVALID_ARGUMENT: .*control character/);
    expect(await seat.screen()).toEqual(before);
  });

  test('an empty command, or one of white space alone', async () => {
    const seat = await bed.seat('bash');
    expect(await seat.refusal('execute', { command: '' })).toMatch(/^INVALID_ARGUMENT: .*command/);
    expect(await seat.execute('\n')).toMatchObject({ state: 'completed', output_lines: [], exit_code: 0 });
    expect(await seat.execute('   ')).toMatchObject({ state: 'completed', output_lines: [], exit_code: 0 });
  });
});
