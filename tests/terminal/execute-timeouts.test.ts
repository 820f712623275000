import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed, SHELLS } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

let gates = 0;

/** A command part that waits until the test opens the gate. */
function gate(): { readonly wait: string; readonly open: () => Promise<string> } {
  const channel = `gate-${String(++gates)}`;
  return {
    wait: `tmux -S ${bed.tmux.socket} wait-for ${channel}`,
    open: () => bed.tmux.run('wait-for', '-S', channel),
  };
}

describe.each(SHELLS)('a command that outlives its timeout in %s', (shell) => {
  test('is reported as running with its output so far, and wait_for collects all of it', async () => {
    const seat = await bed.seat(shell);
    const { wait, open } = gate();
    const started = await seat.execute(`sh -c "echo one; echo two; ${wait}; echo three; exit 6"`, {
      timeout: 1,
    });
    expect(started).toMatchObject({
      state: 'running',
      completed: false,
      timeout_occurred: true,
      exit_code: null,
      output_lines: ['one', 'two'],
      total_lines: 2,
    });
    await open();
    expect(await seat.waitFor()).toMatchObject({
      matched: true,
      state: 'completed',
      exit_code: 6,
      output_lines: ['one', 'two', 'three'],
      total_lines: 3,
    });
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('can be waited for in several pieces', async () => {
    const seat = await bed.seat(shell);
    const { wait, open } = gate();
    await seat.execute(`sh -c "echo one; ${wait}; echo two"`, { timeout: 0.5 });
    for (let i = 0; i < 2; i += 1)
      expect(await seat.waitFor({ timeout: 0.3 })).toMatchObject({
        matched: false,
        timeout_occurred: true,
        state: 'running',
        output_lines: ['one'],
      });
    await open();
    expect(await seat.waitFor()).toMatchObject({ state: 'completed', output_lines: ['one', 'two'] });
  });

  test('and that ended before anybody asked is collected all the same', async () => {
    const seat = await bed.seat(shell);
    const { wait, open } = gate();
    await seat.execute(`sh -c "echo one; ${wait}; echo two; exit 8"`, { timeout: 0.5 });
    await open();
    await bed.tmux.until(seat.pane, /^two$/m);
    expect(await seat.waitFor()).toMatchObject({
      state: 'completed',
      exit_code: 8,
      output_lines: ['one', 'two'],
    });
  });

  test('is ended by C-c, with the exit code of that', async () => {
    const seat = await bed.seat(shell);
    await seat.execute('sleep 600', { timeout: 0.5 });
    await seat.keys('C-c');
    expect(await seat.waitFor()).toMatchObject({ state: 'completed', exit_code: 130 });
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('goes on when the caller cancels, and wait_for collects it', async () => {
    const seat = await bed.seat(shell);
    const { wait, open } = gate();
    const abort = new AbortController();
    const begun = gate();
    const tmux = `tmux -S ${bed.tmux.socket}`;
    const channel = `begun-${shell}`;
    const call = seat.execute(
      `sh -c "echo one; ${tmux} wait-for -S ${channel}; ${wait}; echo two; exit 9"`,
      {},
      { signal: abort.signal },
    );
    await bed.tmux.channel(channel);
    abort.abort();
    await expect(call).rejects.toThrow();
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({ state: 'busy' });
    await open();
    expect(await seat.waitFor()).toMatchObject({
      state: 'completed',
      exit_code: 9,
      output_lines: ['one', 'two'],
    });
    await begun.open();
  });
});

describe('timeouts', () => {
  test.each([0, -1, 301, 1e9, -0.001])('%d is out of range: the error states the range', async (timeout) => {
    const seat = await bed.seat('bash');
    for (const tool of ['execute', 'wait_for']) {
      const args = tool === 'execute' ? { command: 'echo NEVER', timeout } : { timeout };
      const text = await seat.refusal(tool, args);
      expect(text).toMatch(/^INVALID_ARGUMENT: .*timeout/);
      expect(text).toContain('300');
      expect(text).toMatch(/\b0\b/);
    }
    expect((await seat.screen()).join('\n')).not.toContain('NEVER');
  });

  test.each([null, 'ten', '10', true, [], {}])('%j is no number: refused', async (timeout) => {
    const seat = await bed.seat('bash');
    expect(await seat.refusal('execute', { command: 'echo NEVER', timeout })).toMatch(
      /^INVALID_ARGUMENT: .*timeout/,
    );
  });

  test('300 and a small fraction are in range', async () => {
    const seat = await bed.seat('bash');
    expect((await seat.execute('echo a', { timeout: 300 })).output_lines).toEqual(['a']);
    expect((await seat.execute('sleep 5', { timeout: 0.05 })).timeout_occurred).toBe(true);
  });

  test('without one, execute waits for ten seconds', async () => {
    const seat = await bed.seat('bash');
    const { wait, open } = gate();
    const done = await bed.call('execute', { session: seat.session, command: wait });
    expect(done).toMatchObject({ state: 'running', timeout_occurred: true });
    expect(done['elapsed_seconds']).toBeGreaterThan(9.5);
    expect(done['elapsed_seconds']).toBeLessThan(20);
    await open();
  });

  test('a command that ends in time is not told to have timed out, however close', async () => {
    const seat = await bed.seat('bash');
    const done = await seat.execute('sleep 1', { timeout: 30 });
    expect(done).toMatchObject({ state: 'completed', timeout_occurred: false });
    expect(done.elapsed_seconds).toBeGreaterThan(0.9);
  });
});

describe('a caller who waits', () => {
  test('hears about every five seconds that the command goes on, in words', async () => {
    const seat = await bed.seat('bash');
    const messages: string[] = [];
    await seat.execute('echo a; echo b; sleep 11.5', {}, { onProgress: (message) => messages.push(message) });
    const still = messages.filter((message) => /still running/.test(message));
    expect(still.length).toBeGreaterThanOrEqual(2);
    expect(still.length).toBeLessThanOrEqual(4);
    expect(still[0]).toMatch(/\d+ s/);
    expect(still[0]).toContain('2 lines');
  });

  test('hears the same from wait_for, with and without a pattern', async () => {
    const seat = await bed.seat('bash');
    await seat.execute('sleep 600', { timeout: 0.2 });
    for (const args of [{ timeout: 6 }, { timeout: 6, pattern: 'never printed' }]) {
      const messages: string[] = [];
      await seat.waitFor(args, { onProgress: (message) => messages.push(message) });
      expect(messages.length).toBeGreaterThanOrEqual(1);
      expect(messages.join('')).not.toBe('');
    }
    await seat.keys('C-c');
  });

  test('finds on stderr what was started and how it ended', async () => {
    const seat = await bed.seat('bash');
    await seat.execute('echo for-stderr');
    expect(bed.server.client.stderr).toMatch(/^\[panewright execute\] started: echo for-stderr$/m);
    expect(bed.server.client.stderr).toMatch(/^\[panewright execute\] completed after [\d.]+ s$/m);
    await seat.execute('sleep 30', { timeout: 0.2 });
    expect(bed.server.client.stderr).toMatch(/^\[panewright execute\] running after [\d.]+ s$/m);
    await seat.keys('C-c');
  });

  test('a cancelled wait_for leaves the program alone, too', async () => {
    const seat = await bed.seat('bash');
    const { wait, open } = gate();
    await seat.execute(`${wait}; echo end`, { timeout: 0.3 });
    const abort = new AbortController();
    const waiting = seat.waitFor({}, { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toThrow();
    await open();
    expect(await seat.waitFor()).toMatchObject({ state: 'completed', output_lines: ['end'] });
  });
});
