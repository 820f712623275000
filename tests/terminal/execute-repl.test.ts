import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

const REPLS: readonly (readonly [
  name: string,
  start: readonly string[],
  cases: readonly (readonly [string, readonly string[]])[],
])[] = [
  [
    'python',
    ['python3', '-q'],
    [
      ['print(6*7)', ['42']],
      ['6*7', ['42']],
      ['x = 5', []],
      ['x + 1', ['6']],
      ['"a" * 200', [`'${'a'.repeat(200)}'`]],
      ['for i in range(3): print(i)', ['0', '1', '2']],
      ['def f(n):\n    return n * 2', []],
      ['f(21)', ['42']],
      ['for i in range(2):\n    for j in range(2):\n        print(i, j)', ['0 0', '0 1', '1 0', '1 1']],
      ['print("a\\n\\nb")', ['a', '', 'b']],
      ['print("é 漢字 👍")', ['é 漢字 👍']],
      ['print(">>> ")', ['>>> ']],
      ['print("no newline", end="")', ['no newline']],
      ['# a comment', []],
    ],
  ],
  [
    'node',
    ['node', '--no-warnings'],
    [
      ['6 * 7', ['42']],
      ['console.log("hi")', ['hi', 'undefined']],
      ['const x = 5', ['undefined']],
      ['function f(n) {\n  return n * 2;\n}', ['undefined']],
      ['f(21)', ['42']],
      ['"é 漢字"', ["'é 漢字'"]],
      ['for (let i = 0; i < 3; i++) console.log(i)', ['0', '1', '2', 'undefined']],
    ],
  ],
  [
    'sqlite3',
    ['sqlite3', ':memory:'],
    [
      ['select 6*7;', ['42']],
      ['create table t(a, b);', []],
      ["insert into t values (1, 'one'), (2, 'two');", []],
      ['select *\n  from t\n  order by a;', ['1|one', '2|two']],
      ['.tables', ['t']],
    ],
  ],
];

describe.each(REPLS)('the %s prompt in execute', (name, start, cases) => {
  test('answers one statement after the other, exactly', async () => {
    await bed.tmux.newSession(name, { shell: start });
    for (const [command, lines] of cases) {
      const done = await bed.call('execute', { session: name, command, timeout: 60 });
      expect(done).toMatchObject({
        command,
        state: 'completed',
        completed: true,
        timeout_occurred: false,
        exit_code: null,
        detection: 'screen',
      });
      expect([command, done['output_lines']]).toEqual([command, lines]);
    }
  });

  test('behind a shell, started by execute and left again', async () => {
    const seat = await bed.seat('bash');
    expect(await seat.execute(start.join(' '))).toMatchObject({ state: 'waiting_for_input' });
    const [command, lines] = cases[0] as (typeof cases)[0];
    expect((await seat.execute(command)).output_lines).toEqual(lines);
    const leave = name === 'python' ? 'exit()' : name === 'node' ? '.exit' : '.quit';
    expect(await seat.execute(leave)).toMatchObject({ state: 'completed', output_lines: [] });
    expect(await seat.execute('sh -c "echo shell; exit 2"')).toMatchObject({
      exit_code: 2,
      output_lines: ['shell'],
      detection: 'integration',
    });
  });

  test('started by tmux through a shell, as `tmux new-session COMMAND` does', async () => {
    const session = `${name}-through-sh`;
    await bed.tmux.newSession(session, { shell: [start.join(' ')] });
    const [command, lines] = cases[0] as (typeof cases)[0];
    expect(await bed.call('execute', { session, command, timeout: 60 })).toMatchObject({
      state: 'completed',
      output_lines: lines,
    });
    expect((await bed.tmux.lines(`=${session}:`)).join('')).not.toMatch(/stty|133/);
  });

  test('a half-typed statement is refused, and force discards it', async () => {
    const session = `${name}-draft`;
    await bed.tmux.newSession(session, { shell: start });
    const [command, lines] = cases[0] as (typeof cases)[0];
    await bed.call('execute', { session, command, timeout: 60 });
    await bed.tmux.type(`=${session}:`, 'half');
    await bed.tmux.until(`=${session}:`, /half$/m);
    expect(await bed.refusal('execute', { session, command })).toMatch(/^DRAFT_PRESENT: /);
    const done = await bed.call('execute', { session, command, timeout: 60, force: true });
    expect(done).toMatchObject({ state: 'completed', output_lines: lines });
  });

  test('a statement that is not finished is reported, and the prompt is clean afterwards', async () => {
    const session = `${name}-open`;
    await bed.tmux.newSession(session, { shell: start });
    const open = name === 'sqlite3' ? "select 'abc" : name === 'node' ? 'f(' : 'print((1,';
    expect(await bed.call('execute', { session, command: open, timeout: 60 })).toMatchObject({
      state: 'incomplete_input',
      completed: false,
    });
    const [command, lines] = cases[0] as (typeof cases)[0];
    expect(await bed.call('execute', { session, command, timeout: 60 })).toMatchObject({
      state: 'completed',
      output_lines: lines,
    });
  });
});

describe('python', () => {
  test('an exception is output like any other', async () => {
    await bed.tmux.newSession('exception', { shell: ['python3', '-q'] });
    const done = await bed.call('execute', { session: 'exception', command: '1/0', timeout: 60 });
    expect(done).toMatchObject({ state: 'completed', exit_code: null });
    expect((done['output_lines'] as string[]).at(-1)).toBe('ZeroDivisionError: division by zero');
  });

  test('output far beyond the scrollback is counted', async () => {
    await bed.tmux.newSession('many', { shell: ['python3', '-q'] });
    const command = 'for i in range(10000): print(i)';
    const done = await bed.call('execute', { session: 'many', command, timeout: 60 });
    expect(done).toMatchObject({ state: 'completed', total_lines: 10_000, truncated: true });
    expect((done['output_lines'] as string[]).at(-1)).toBe('9999');
  });

  test('input() in a statement is a question', async () => {
    const seat = await bed.seat('bash');
    await seat.execute('python3 -q');
    expect(await seat.execute('n = input("Name? ")')).toMatchObject({
      state: 'waiting_for_input',
      question: 'Name?',
    });
    await seat.write('Ada\n');
    expect(await seat.waitFor()).toMatchObject({ state: 'completed' });
    expect((await seat.execute('n')).output_lines).toEqual(["'Ada'"]);
  });

  test('a statement that runs longer than the timeout is collected by wait_for', async () => {
    const seat = await bed.seat('bash');
    await seat.execute('python3 -q');
    const long = await seat.execute('import time; print("a"); time.sleep(3); print("b")', { timeout: 1 });
    expect(long).toMatchObject({ state: 'running', timeout_occurred: true, output_lines: ['a'] });
    expect(await seat.waitFor()).toMatchObject({ state: 'completed', output_lines: ['a', 'b'] });
  });

  test('in a pane of 20 columns, where statements and answers wrap', async () => {
    await bed.tmux.newSession('narrow', { shell: ['python3', '-q'], width: 20, height: 8 });
    for (const text of ['a'.repeat(5), 'b'.repeat(50), 'c'.repeat(200)]) {
      const command = `print("${text}")`;
      const done = await bed.call('execute', { session: 'narrow', command, timeout: 60 });
      expect(done).toMatchObject({ state: 'completed', output_lines: [text] });
    }
  });
});
