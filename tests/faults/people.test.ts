import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Bench, IN_TIME } from './bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.close());

/** A person at a terminal of their own: a real tmux client on a real pseudo-terminal. */
class Person {
  private constructor(
    readonly client: ChildProcess,
    readonly tty: string,
  ) {}

  static async attach(session: string): Promise<Person> {
    const { tmux } = bench;
    const command = `stty cols 100 rows 30; exec tmux ${tmux.clientArgs.join(' ')} attach -t '=${session}'`;
    const client = spawn('script', ['-qfec', command, '/dev/null'], {
      env: { PATH: process.env['PATH'], TERM: 'xterm-256color', LANG: 'C.UTF-8', SHELL: '/bin/sh' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // Control clients attach, too, and only a person has a terminal: no single event tells, so it is asked for.
    for (;;) {
      const clients = await tmux.run('list-clients', '-t', `=${session}`, '-F', '#{client_tty}');
      const tty = clients.split('\n').find((one) => one.startsWith('/'));
      if (tty !== undefined) return new Person(client, tty);
    }
  }

  /** Presses keys at the terminal, as bytes. */
  press(keys: string): void {
    this.client.stdin?.write(keys);
  }

  async leave(): Promise<void> {
    const ended = once(this.client, 'exit');
    this.press('\x02d');
    await ended;
  }
}

test('a person attaches during execute, to a window of another size, and leaves: the result is the same', async () => {
  await bench.seat('shared');
  const running = await bench.running('shared');
  const person = await Person.attach('shared');
  expect(person.tty).toMatch(/^\/dev\//);
  await running.go();
  const { result, after } = await running.ending();
  expect(after).toBeLessThan(IN_TIME);
  expect(result).toMatchObject({
    state: 'completed',
    exit_code: 0,
    output_lines: [expect.stringMatching(/^done-/)],
  });
  await bench.works('shared');
  await person.leave();
  await bench.works('shared');
});

test('a person scrolls in copy mode while a command runs: nothing is lost, and the person stays where they are', async () => {
  const pane = await bench.seat('scrolled');
  const person = await Person.attach('scrolled');
  const running = await bench.running('scrolled');
  person.press('\x02[');
  await bench.tmux.untilValue(pane, '#{pane_mode}', /copy-mode/);
  await running.go();
  const { result, after } = await running.ending();
  expect(after).toBeLessThan(IN_TIME);
  expect(result).toMatchObject({ state: 'completed', output_lines: [expect.stringMatching(/^done-/)] });
  await bench.works('scrolled');
  expect(await bench.tmux.value(pane, '#{pane_mode}')).toBe('copy-mode');
  person.press('q');
  // tmux takes keys that come all at once for a paste, and the prefix in it for text.
  await bench.tmux.untilValue(pane, '#{pane_mode}', /^$/);
  await person.leave();
});

test('a person types at the prompt: their line is neither submitted nor lost', async () => {
  const pane = await bench.seat('typed');
  const person = await Person.attach('typed');
  person.press('echo theirs');
  await bench.tmux.until(pane, /echo theirs$/m);
  expect(
    await bench.ending('execute', { session: 'typed', command: 'echo ours', timeout: 10 }),
  ).toMatchObject({
    isError: true,
    text: expect.stringMatching(/^DRAFT_PRESENT: /),
  });
  person.press('\r');
  await bench.tmux.until(pane, /^theirs$/m);
  await bench.works('typed');
  expect(await bench.tmux.capture(pane)).not.toContain('ours');
  await person.leave();
});

test('a person types ahead while a command runs: its result is its own', async () => {
  const pane = await bench.seat('ahead');
  const person = await Person.attach('ahead');
  const running = await bench.running('ahead');
  person.press('echo ahead\r');
  await bench.tmux.until(pane, /echo ahead/);
  await running.go();
  const { isError, result, after } = await running.ending();
  expect([isError, after < IN_TIME]).toEqual([false, true]);
  expect(result).toMatchObject({ state: 'completed', exit_code: 0 });
  // What the terminal itself echoed while the command ran stands in its output; the command of the person does not.
  expect((result['output_lines'] as string[]).filter((line) => line !== 'echo ahead')).toEqual([
    expect.stringMatching(/^done-/),
  ]);
  await bench.tmux.until(pane, /^ahead$/m);
  await bench.works('ahead');
  await person.leave();
});

test('a person interrupts the command: the result says so', async () => {
  const pane = await bench.seat('interrupted');
  const person = await Person.attach('interrupted');
  const running = bench.begin('execute', {
    session: 'interrupted',
    command: 'echo on; sleep 600',
    timeout: 30,
  });
  await bench.tmux.until(pane, /^on$/m);
  person.press('\x03');
  const { result, after } = await running.ending();
  expect(after).toBeLessThan(IN_TIME);
  expect(result).toMatchObject({ state: 'completed', exit_code: 130 });
  await bench.works('interrupted');
  await person.leave();
});

test('a person closes the pane during wait_for: the wait ends and says so', async () => {
  await bench.seat('closed');
  const person = await Person.attach('closed');
  const waiting = bench.begin('wait_for', { session: 'closed', pattern: 'never', timeout: 20 });
  await bench.call('pane_info', { session: 'closed' });
  person.press('exit\r');
  const { isError, result, text, after } = await waiting.ending();
  expect(after).toBeLessThan(IN_TIME);
  if (isError) expect(text).toMatch(/^(PANE_NOT_FOUND|TMUX_LOST): /);
  else expect(result).toMatchObject({ matched: false, state: 'pane_closed' });
});
