import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed, SHELLS } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

describe.each(SHELLS)('waiting for a text in %s', (shell) => {
  test('the echo of what was typed is no match', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await seat.write('sleep 1; echo ne""edle\n');
    const found = await seat.waitFor({ pattern: 'needle' });
    expect(found).toMatchObject({ matched: true, match: 'needle', timeout_occurred: false });
    await seat.write('true needle; sleep 600\n');
    expect(await seat.waitFor({ pattern: 'needle', timeout: 2 })).toMatchObject({
      matched: false,
      timeout_occurred: true,
    });
    await seat.keys('C-c');
  });

  test('text that was on the screen before is no match', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('echo old-text');
    expect(await seat.waitFor({ pattern: 'old-text', timeout: 1 })).toMatchObject({ matched: false });
  });

  test('what came between write_pane and wait_for is found at once', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await seat.write('printf "rea%s\\n" dy\n');
    await bed.tmux.until(seat.pane, /^ready$/m);
    const found = await seat.waitFor({ pattern: '^ready$' });
    expect(found).toMatchObject({ matched: true, match: 'ready' });
    expect(found.elapsed_seconds).toBeLessThan(15);
    // It has been reported: it is old now.
    expect(await seat.waitFor({ pattern: '^ready$', timeout: 1 })).toMatchObject({ matched: false });
  });

  test('without a pattern, the end of what write_pane started is awaited, with its output and exit code', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await seat.write('sh -c "echo a; sleep 1; echo b; exit 5"\n');
    expect(await seat.waitFor()).toMatchObject({
      matched: true,
      state: 'completed',
      exit_code: shell === 'sh' ? expect.anything() : 5,
      output_lines: ['a', 'b'],
    });
  });

  test('without a pattern at an idle prompt, there is nothing to wait for', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('echo done before');
    const idle = await seat.waitFor();
    expect(idle).toMatchObject({ state: 'completed', timeout_occurred: false });
    expect(idle.elapsed_seconds).toBeLessThan(15);
  });

  test('a pattern in the output of what execute left running', async () => {
    const seat = await bed.seat(shell);
    const tmux = `tmux -S ${bed.tmux.socket}`;
    await seat.execute(`sh -c "echo one; ${tmux} wait-for p-${shell}; echo two-22; sleep 600"`, {
      timeout: 0.5,
    });
    const waiting = seat.waitFor({ pattern: 'two-(\\d+)' });
    await bed.tmux.run('wait-for', '-S', `p-${shell}`);
    expect(await waiting).toMatchObject({ matched: true, match: 'two-22', state: 'running' });
    await seat.keys('C-c');
    expect(await seat.waitFor()).toMatchObject({ state: 'completed' });
  });

  test('a pattern that never comes: the end of the command ends the wait', async () => {
    const seat = await bed.seat(shell);
    await seat.execute('sh -c "sleep 2; echo other; exit 3"', { timeout: 0.3 });
    const done = await seat.waitFor({ pattern: 'never' });
    expect(done).toMatchObject({ matched: false, timeout_occurred: false, state: 'completed', exit_code: 3 });
    expect(done.elapsed_seconds).toBeLessThan(30);
  });

  test('a command that was typed ends the wait when it ends, though nothing ran when the wait began', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await seat.write('sleep 1; false\n');
    expect(await seat.waitFor({ pattern: 'never', timeout: 20 })).toMatchObject({
      matched: false,
      timeout_occurred: false,
      state: 'completed',
      exit_code: 1,
    });
  });

  test('a pane that is closed ends the wait', async () => {
    const seat = await bed.seat(shell);
    await bed.tmux.run('new-window', '-d', '-t', `${seat.session}:`);
    await seat.lines('true');
    const waiting = seat.waitFor({ pattern: 'never' });
    // Whoever answers this has found the pane of the call before it, too: without it, the session means another.
    await bed.call('pane_info', { session: seat.session });
    await bed.tmux.run('kill-pane', '-t', seat.pane);
    expect(await waiting).toMatchObject({ matched: false, state: 'pane_closed', timeout_occurred: false });
  });
});

describe('patterns', () => {
  test('one that is no regular expression is refused, with the reason', async () => {
    const seat = await bed.seat('bash');
    for (const pattern of ['(', '[a', '*', 'a{2,1}', '(?<n', '\\'])
      expect(await seat.refusal('wait_for', { pattern })).toMatch(/^INVALID_ARGUMENT: .*pattern/);
    expect(await seat.refusal('wait_for', { pattern: '' })).toMatch(/^INVALID_ARGUMENT: /);
  });

  test('one that backtracks for ever ends the wait quickly with an error, and the server lives', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await seat.write(`printf 'a%.0s' {1..5000}; sleep 1; printf 'a%.0s' {1..5000}; echo\n`);
    const began = performance.now();
    expect(await seat.refusal('wait_for', { pattern: '^(a+)+b$', timeout: 60 })).toMatch(
      /^INVALID_ARGUMENT: .*pattern/,
    );
    expect(performance.now() - began).toBeLessThan(30_000);
    expect((await seat.read()).lines.join('')).toContain('aaaa');
  });

  test('match against lines as they show, without colours', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await seat.write(`printf '\\033[32mgr\\033[1meen\\033[0m light\\n'\n`);
    expect(await seat.waitFor({ pattern: '^green light$' })).toMatchObject({ matched: true });
  });

  test('match a text whose bytes arrive in pieces', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await seat.write(`for c in s p l i t; do printf $c; sleep 0.1; done; echo\n`);
    expect(await seat.waitFor({ pattern: 'split' })).toMatchObject({ matched: true, match: 'split' });
  });

  test('match a prompt that a program shows without a newline', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await seat.write('python3 -q\n');
    expect(await seat.waitFor({ pattern: '>>> $' })).toMatchObject({ matched: true });
    await seat.write('exit()\n');
  });

  test('match in a pane that nobody has touched yet, once something new comes', async () => {
    const seat = await bed.seat('bash');
    await bed.tmux.until(seat.pane, /[$#] ?$/m);
    const waiting = seat.waitFor({ pattern: 'fresh-\\d' });
    await bed.tmux.until(seat.pane, /[$#] ?$/m);
    await bed.tmux.type(seat.pane, 'while :; do echo fresh-$((6 * 1)); sleep 0.2; done\n');
    expect(await waiting).toMatchObject({ matched: true, match: 'fresh-6' });
    await bed.tmux.keys(seat.pane, 'C-c');
  });

  test('match far down in a flood', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await seat.write('seq 1 300000; sleep 600\n');
    expect(await seat.waitFor({ pattern: '^299999$' })).toMatchObject({ matched: true });
    await seat.keys('C-c');
  }, 120_000);

  test('match in a full-screen program', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await seat.write('less /etc/passwd\n');
    expect(await seat.waitFor({ pattern: 'root:' })).toMatchObject({ matched: true });
    await seat.keys('q');
  });
});
