import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateTmux } from '../support/tmux.js';
import { ARGV, processGone } from '../terminal/bed.js';
import { Bench, IN_TIME, serverPid } from './bench.js';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.start();
  await bench.seat('work');
});
afterEach(() => bench.close());

/** Ends the tmux server as hard as it goes, and waits until it is gone. */
async function killTmux(): Promise<void> {
  const pid = await serverPid(bench.tmux);
  process.kill(pid, 'SIGKILL');
  await processGone(pid);
}

/** One that Panewright itself has ended meanwhile is left alone. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ESRCH');
  }
}

describe('tmux is killed', () => {
  test('at idle: what was there is not found, and its successor is used at once', async () => {
    await killTmux();
    for (const [tool, args] of [
      ['execute', { session: 'work', command: 'true' }],
      ['read_pane', { session: 'work' }],
      ['list_sessions', {}],
    ] as const) {
      const { isError, text, after } = await bench.ending(tool, args);
      expect([tool, isError, text.split(':')[0]]).toEqual([
        tool,
        tool !== 'list_sessions',
        isError ? 'SESSION_NOT_FOUND' : text.split(':')[0],
      ]);
      expect(after).toBeLessThan(IN_TIME);
    }
    await bench.tmux.newSession('work');
    await bench.works('work');
  });

  test.each(['execute', 'wait_for', 'wait_for with a pattern'])(
    'during %s: the call ends and says that the pane is gone',
    async (tool) => {
      const running = await bench.running('work');
      const waiting =
        tool === 'execute'
          ? running
          : bench.begin('wait_for', {
              session: 'work',
              timeout: 40,
              ...(tool.endsWith('pattern') && { pattern: 'never' }),
            });
      if (tool !== 'execute') await bench.call('pane_info', { session: 'work' });
      await killTmux();
      const { isError, result, text, after } = await waiting.ending();
      expect(after).toBeLessThan(IN_TIME);
      if (isError) expect(text).toMatch(/^(TMUX_LOST|SESSION_NOT_FOUND|PANE_NOT_FOUND): /);
      else expect(result).toMatchObject({ state: 'pane_closed', exit_code: null });
      await bench.tmux.newSession('work');
      await bench.works('work');
    },
  );

  test('and restarted with the same ids: calls work on the new one, and an old wait does not take it for the old one', async () => {
    const running = await bench.running('work');
    await killTmux();
    await bench.tmux.newSession('work');
    const { isError, result, after } = await running.ending();
    expect(after).toBeLessThan(IN_TIME);
    if (!isError) expect(result).toMatchObject({ state: 'pane_closed' });
    await bench.works('work');
    expect(await bench.call('wait_for', { session: 'work', timeout: 1 })).not.toMatchObject({
      state: 'pane_closed',
    });
  });

  test('ten times in a row, with calls going on', async () => {
    for (let round = 0; round < 10; round += 1) {
      const calls = [
        bench.begin('execute', { session: 'work', command: 'seq 1 50000', timeout: 20 }),
        bench.begin('read_pane', { session: 'work' }),
        bench.begin('list_sessions', {}),
        bench.begin('wait_for', { session: 'work', pattern: 'never', timeout: 20 }),
      ];
      await killTmux();
      for (const call of calls) expect((await call.ending()).after).toBeLessThan(IN_TIME);
      await bench.tmux.newSession('work');
      await bench.works('work');
    }
  }, 120_000);
});

describe('tmux stands still', () => {
  test('a call says so within 3 seconds, never that something is gone, and all works when it goes on', async () => {
    const pid = await serverPid(bench.tmux);
    process.kill(pid, 'SIGSTOP');
    try {
      const calls = [
        bench.begin('execute', { session: 'work', command: 'echo queued', timeout: 20 }),
        bench.begin('read_pane', { session: 'work' }),
        bench.begin('pane_info', { session: 'work' }),
        bench.begin('list_sessions', {}),
        bench.begin('session_list', {}),
        bench.begin('session_status', { name: 'work' }),
        bench.begin('session_start', { name: 'fresh', profile: 'bash' }),
        bench.begin('session_send', { name: 'work', prompt: 'echo queued' }),
        bench.begin('read_pane', { session: 'other' }),
      ];
      const endings = await Promise.all(calls.map((call) => call.ending()));
      for (const { isError, text, after } of endings) {
        expect(after).toBeLessThan(IN_TIME);
        expect([isError, text]).toEqual([true, expect.stringMatching(/^TMUX_LOST: tmux did not answer/)]);
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await bench.tmux.run('list-sessions', '-F', '#{session_name}')).toBe('work');
    // What a refused call had asked for must not be typed late, on top of what comes now.
    await bench.works('work');
    expect(await bench.tmux.capture('=work:')).not.toContain('queued');
  });

  test('a wait that is under way goes on, and ends with the truth', async () => {
    const running = await bench.running('work');
    const pid = await serverPid(bench.tmux);
    process.kill(pid, 'SIGSTOP');
    expect((await bench.ending('read_pane', { session: 'work' })).text).toMatch(/^TMUX_LOST: /);
    process.kill(pid, 'SIGCONT');
    await running.go();
    const { result, after } = await running.ending();
    expect(after).toBeLessThan(IN_TIME);
    expect(result).toMatchObject({
      state: 'completed',
      exit_code: 0,
      output_lines: [expect.stringMatching(/^done-/)],
    });
    await bench.works('work');
  });

  test('a call on another tmux is not slower for it', async () => {
    const other = new PrivateTmux();
    try {
      await other.newSession('elsewhere');
      const here = { write_enabled: true, tmux: { socket_path: bench.tmux.socket } };
      const there = { write_enabled: true, tmux: { socket_path: other.socket } };
      const configure = (config: object): void =>
        writeFileSync(bench.server.configFile, JSON.stringify(config));
      configure(there);
      await bench.works('elsewhere');
      const pid = await serverPid(bench.tmux);
      process.kill(pid, 'SIGSTOP');
      try {
        configure(here);
        const stalled = bench.begin('read_pane', { session: 'work' });
        await bench.call('version', {});
        configure(there);
        for (let i = 0; i < 5; i += 1) {
          const { isError, after } = await bench.ending('execute', {
            session: 'elsewhere',
            command: 'true',
            timeout: 20,
          });
          expect(isError).toBe(false);
          expect(after).toBeLessThan(1_000);
        }
        expect((await stalled.ending()).text).toMatch(/^TMUX_LOST: /);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      configure(here);
      await bench.works('work');
    } finally {
      await other.dispose();
    }
  });
});

describe('a control client is killed', () => {
  test('at idle: the next call makes another', async () => {
    for (let round = 0; round < 5; round += 1) {
      const clients = bench.controlClients();
      expect(clients).toHaveLength(1);
      const [client = 0] = clients;
      process.kill(client, 'SIGKILL');
      // The very next call is still given to the client that is dying.
      if (round % 2 === 0) await bench.call('read_pane', { session: 'work' });
      await bench.works('work');
      await processGone(client);
      await bench.works('work');
    }
  });

  test('while the shell integration loads: the shell is left as it was, and the next call works', async () => {
    const names = Array.from({ length: 16 }, (_, n) => `loading-${n}`);
    for (const name of names) {
      const pane = await bench.tmux.newSession(name, { width: 60, height: 6 });
      // At the bottom of the screen it loads behind a curtain.
      await bench.tmux.type(pane, `seq 1 20; tmux -S ${bench.tmux.socket} wait-for -S ${name}\n`);
      await bench.tmux.channel(name);
    }
    const began = performance.now();
    await bench.works('loading-0');
    const whole = performance.now() - began;
    let met = 0;
    for (const [n, session] of names.entries()) {
      if (n === 0) continue;
      const before = new Set(bench.controlClients());
      let done = false;
      const first = bench.ending('execute', { session, command: 'echo one', timeout: 10 });
      void first.then(() => (done = true));
      await pause((whole * n) / names.length);
      const clients = bench.controlClients().filter((pid) => !before.has(pid));
      if (!done && clients.length > 0) met += 1;
      for (const pid of clients) killIfThere(pid);
      const { isError, result, text } = await first;
      if (isError) expect(text).toMatch(/^TMUX_LOST: /);
      else expect(result).toMatchObject({ output_lines: ['one'], exit_code: 0 });
      await bench.works(session);
      expect(await bench.tmux.value(`=${session}:`, '#{alternate_on}')).toBe('0');
    }
    expect(met).toBeGreaterThan(3);
  }, 60_000);

  // Each asks something else before it types, and so has other moments at which the answer comes too late.
  test.each([
    ['bash', ARGV.bash, ['echo $((6*7))']],
    ['zsh', ARGV.zsh, ['echo $((6*7))']],
    ['fish', ARGV.fish, ["echo (math '6*7')"]],
    ['sh', ARGV.sh, ['echo $((6*7))']],
    ['python', ['python3', '-q'], ['6*7']],
    ['bash', ARGV.bash, ['for i in 42', 'do', 'echo $i', 'done']],
    ['zsh', ARGV.zsh, ['for i in 42', 'do', 'echo $i', 'done']],
    ['fish', ARGV.fish, ['for i in 42', 'echo $i', 'end']],
    ['sh', ARGV.sh, ['for i in 42', 'do', 'echo $i', 'done']],
    ['python', ['python3', '-q'], ['for i in [42]:', '  i']],
  ])(
    'as a command begins, in %s: what it prints comes back, or it says that it was lost, %j',
    async (_name, shell, lines) => {
      const command = lines.join('\n');
      // A fish that finds none makes some, beside its prompt, and looks busy meanwhile.
      mkdirSync(join(bench.tmux.home, '.local/share/fish/generated_completions'), { recursive: true });
      await bench.tmux.newSession('begins', { shell });
      const times: number[] = [];
      for (let round = 0; round < 6; round += 1) {
        const began = performance.now();
        expect(await bench.call('execute', { session: 'begins', command })).toMatchObject({
          output_lines: ['42'],
        });
        times.push(performance.now() - began);
      }
      const usual = Math.min(...times);
      for (let round = 0; round < 20; round += 1) {
        const begun = bench.begin('execute', { session: 'begins', command, timeout: 10 });
        await pause((usual * (round % 10)) / 10);
        for (const pid of bench.controlClients()) killIfThere(pid);
        const { isError, result, text } = await begun.ending();
        if (isError) expect(text).toMatch(/^TMUX_LOST: /);
        else expect(result).toMatchObject({ state: 'completed', output_lines: ['42'] });
      }
    },
    60_000,
  );

  test('during execute: the call goes on to the true end, and says that output may be missing', async () => {
    const running = await bench.running('work');
    for (const pid of bench.controlClients()) process.kill(pid, 'SIGKILL');
    await bench.ending('read_pane', { session: 'work' });
    await running.go();
    const { isError, result, after } = await running.ending();
    expect(isError).toBe(false);
    expect(after).toBeLessThan(IN_TIME);
    expect(result).toMatchObject({ state: 'completed', note: expect.stringMatching(/lost/) });
    await bench.works('work');
  });

  test('during execute in python: what it prints after that is all there', async () => {
    await bench.tmux.newSession('python', { shell: ['python3', '-q'] });
    await bench.call('execute', { session: 'python', command: 'import os, time' });
    const lost = bench.tmux.channel('printed');
    const told = `os.system("tmux -S ${bench.tmux.socket} wait-for -S printed")`;
    const command = `print("a", end="", flush=True), ${told}, time.sleep(1), print("b"), print("c")`;
    const running = bench.begin('execute', { session: 'python', command: `_ = ${command}`, timeout: 10 });
    await lost;
    for (const pid of bench.controlClients()) process.kill(pid, 'SIGKILL');
    expect((await running.ending()).result).toMatchObject({
      state: 'completed',
      output_lines: ['ab', 'c'],
      note: expect.stringMatching(/lost/),
    });
    const slow = bench.begin('execute', {
      session: 'python',
      command: 'time.sleep(1.5); print(42)',
      timeout: 10,
    });
    await pause(500);
    for (const pid of bench.controlClients()) process.kill(pid, 'SIGKILL');
    expect((await slow.ending()).result).toMatchObject({ state: 'completed', output_lines: ['42'] });
  });

  test.each([{}, { pattern: 'done-' }])(
    'during wait_for %j: the wait goes on to the true end',
    async (more) => {
      const running = await bench.running('work', { timeout: 0.5 });
      expect((await running.ending()).result).toMatchObject({ state: 'running' });
      const waiting = bench.begin('wait_for', { session: 'work', timeout: 20, ...more });
      await bench.call('pane_info', { session: 'work' });
      for (const pid of bench.controlClients()) process.kill(pid, 'SIGKILL');
      await bench.ending('read_pane', { session: 'work' });
      await running.go();
      const { isError, text, result, after } = await waiting.ending();
      expect(after).toBeLessThan(IN_TIME);
      if (isError) expect(text).toMatch(/^TMUX_LOST: /);
      else expect(result).toMatchObject({ state: 'completed' });
      await bench.works('work');
    },
  );
});
