import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../support/client.js';
import { TestServer } from '../support/server.js';
import { Bench, IN_TIME } from './bench.js';
import { tinyDisk } from './disk.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.close());

interface History {
  readonly turns: readonly (Json & { readonly prompt: string })[];
}

const folder = (): string => join(bench.tmux.home, '.local/state/panewright/sessions');

async function turns(name: string, server = bench.server): Promise<History['turns']> {
  return (await server.client.call<History>('session_history', { name })).turns;
}

/** Resolves when the file holds what is wanted; nothing announces that, so it is looked at again. */
async function written(file: string, wanted: RegExp): Promise<void> {
  const deadline = performance.now() + IN_TIME;
  while (!existsSync(file) || !wanted.test(readFileSync(file, 'utf8'))) {
    if (performance.now() > deadline) throw new Error(`not in ${file}: ${String(wanted)}`);
    await new Promise((wake) => setTimeout(wake, 10));
  }
}

/** A command that says when it runs, and ends when told to. */
function gate(): {
  command: (then: string) => string;
  runs: () => Promise<void>;
  go: () => Promise<unknown>;
} {
  const name = `g${Math.random().toString(36).slice(2)}`;
  const tmux = `tmux -S ${bench.tmux.socket}`;
  return {
    command: (then) => `echo before; ${tmux} wait-for -S ${name}; ${tmux} wait-for ${name}-go; ${then}`,
    runs: () => bench.tmux.channel(name),
    go: () => bench.tmux.run('wait-for', '-S', `${name}-go`),
  };
}

describe('a session that a person made', () => {
  test('is sent to, waited for and remembered like one that was started here', async () => {
    await bench.tmux.newSession('theirs');
    expect(await turns('theirs')).toEqual([]);
    for (const i of [1, 2])
      expect(
        await bench.call('session_send', {
          name: 'theirs',
          prompt: `echo ${i}; exit-code() { return ${i}; }; exit-code`,
        }),
      ).toMatchObject({ response: String(i), outcome: 'completed', exit_code: i, turn_id: `t${i}` });
    expect(await bench.call('session_wait', { name: 'theirs', turn_id: 't1' })).toMatchObject({
      response: '1',
      exit_code: 1,
    });
    expect(await turns('theirs')).toMatchObject([{ response: '1' }, { response: '2' }]);
    expect(await bench.call('session_status', { name: 'theirs' })).toMatchObject({ managed: false });
    expect(await bench.server.client.refusal('session_destroy', { name: 'theirs' })).toMatch(/^NOT_OWNED: /);
  });
});

describe('a program that ends and is started again while it is asked about', () => {
  test('is told of as it was before or is after, never by an error', async () => {
    const pane = await bench.seat('restless');
    await bench.call('session_send', { name: 'restless', prompt: 'echo known' });
    let isOver = false;
    const restless = (async () => {
      while (!isOver) await bench.tmux.run('respawn-pane', '-k', '-t', pane, '--', 'bash', '--norc');
    })();
    const askAll = async (): Promise<void> => {
      for (let n = 0; n < 100; n++)
        expect(await bench.call('session_status', { name: 'restless' })).toMatchObject({ name: 'restless' });
    };
    await askAll().finally(() => (isOver = true));
    await restless;
  });
});

describe('a turn is on record before it runs', () => {
  test('and what is refused leaves none', async () => {
    const pane = await bench.tmux.newSession('refusing');
    await bench.tmux.type(pane, 'echo draft');
    await bench.tmux.until(pane, /echo draft$/m);
    expect(
      await bench.server.client.refusal('session_send', { name: 'refusing', prompt: 'echo no' }),
    ).toMatch(/^DRAFT_PRESENT: /);
    await bench.tmux.keys(pane, 'C-u');
    await bench.tmux.type(pane, 'sleep 600\n');
    await bench.tmux.untilValue(pane, '#{pane_current_command}', /^sleep$/);
    expect(
      await bench.server.client.refusal('session_send', { name: 'refusing', prompt: 'echo no' }),
    ).toMatch(/^PANE_BUSY: /);
    expect(await turns('refusing')).toEqual([]);
    await bench.tmux.keys(pane, 'C-c');
    await bench.call('session_send', { name: 'refusing', prompt: 'echo yes' });
    expect(await turns('refusing')).toMatchObject([{ turn_id: 't1', response: 'yes' }]);
  });

  test.each([
    ['goes on', false],
    ['has ended', true],
  ])('so another server collects one whose server was killed, when its command %s', async (_how, early) => {
    const name = `orphan-${String(early)}`;
    const pane = await bench.tmux.newSession(name);
    const second = await TestServer.start({ tmux: bench.tmux });
    const { command, runs, go } = gate();
    const prompt = command('echo after; (exit 3)');
    const sent = second.client.raw('session_send', { name, prompt, timeout: 60 });
    sent.catch(() => undefined);
    await runs();
    process.kill(second.client.pid, 'SIGKILL');
    await second.client.closed;
    expect(await turns(name)).toMatchObject([{ turn_id: 't1', prompt, outcome: 'running', ended: null }]);
    if (early) {
      await go();
      await bench.tmux.until(pane, /^after\n.*[$#] *$/m);
    }
    const waiting = bench.begin('session_wait', { name, timeout: 30 });
    if (!early) {
      await bench.call('session_status', { name });
      await go();
    }
    const { isError, result, after } = await waiting.ending();
    expect(isError).toBe(false);
    expect(after).toBeLessThan(IN_TIME);
    expect(result).toMatchObject({
      turn_id: 't1',
      response: 'before\nafter',
      outcome: 'completed',
      source: 'screen',
      timed_out: false,
      // Who was not there when it ended cannot know how.
      exit_code: early ? null : 3,
    });
    await bench.works(name);
    expect(await bench.call('session_wait', { name })).toMatchObject({ response: 'before\nafter' });
  });

  test('and one whose pane is another by now has failed, not answered', async () => {
    const name = 'gone';
    const pane = await bench.tmux.newSession(name);
    const second = await TestServer.start({ tmux: bench.tmux });
    const { command, runs } = gate();
    second.client.raw('session_send', { name, prompt: command('true'), timeout: 60 }).catch(() => undefined);
    await runs();
    process.kill(second.client.pid, 'SIGKILL');
    await second.client.closed;
    await bench.tmux.run('respawn-pane', '-k', '-t', pane, '--', 'bash', '--norc');
    expect(await bench.call('session_wait', { name, timeout: 10 })).toMatchObject({
      outcome: 'failed',
      failure: 'pane_closed',
    });
  });

  test('and its end is written down when it comes, though nobody waits any more', async () => {
    const name = 'unattended';
    const pane = await bench.tmux.newSession(name);
    const second = await TestServer.start({ tmux: bench.tmux });
    const { command, runs, go } = gate();
    const sent = second.client.call('session_send', { name, prompt: command('echo later'), timeout: 1 });
    await runs();
    expect(await sent).toMatchObject({ timed_out: true, outcome: 'running', response: 'before' });
    await go();
    await bench.tmux.until(pane, /^later$/m);
    await written(join(folder(), `${name}.json`), /"outcome": "completed"/);
    process.kill(second.client.pid, 'SIGKILL');
    await second.client.closed;
    expect(await bench.call('session_wait', { name })).toMatchObject({
      response: 'before\nlater',
      exit_code: 0,
      source: 'integration',
    });
  });
});

describe('a record that cannot be written', () => {
  async function isKept(server: TestServer, name: string, reason: RegExp): Promise<void> {
    const began = performance.now();
    const sent = await server.client.call('session_send', { name, prompt: 'echo kept', timeout: 30 });
    expect(performance.now() - began).toBeLessThan(2 * IN_TIME);
    expect(sent).toMatchObject({
      response: 'kept',
      exit_code: 0,
      outcome: 'completed',
      note: expect.stringMatching(reason),
    });
    expect(await server.client.call('session_wait', { name, turn_id: sent['turn_id'] })).toMatchObject({
      response: 'kept',
      note: expect.stringMatching(reason),
    });
    expect((await turns(name, server)).at(-1)).toMatchObject({ prompt: 'echo kept', response: 'kept' });
    const { problems } = await server.client.call('health');
    expect(JSON.stringify(problems)).toMatch(reason);
  }

  async function isWritten(server: TestServer, name: string, file: string): Promise<void> {
    const done = await server.client.call('session_send', { name, prompt: 'echo then', timeout: 30 });
    expect(done['note']).toBeUndefined();
    const record = readFileSync(file, 'utf8');
    for (const prompt of ['echo first', 'echo kept', 'echo then']) expect(record).toContain(`"${prompt}"`);
    const { problems } = await server.client.call('health');
    expect(JSON.stringify(problems)).not.toMatch(/could not be written/);
  }

  test('on a full disk: the answer comes with a note, and is written when there is room again', async () => {
    const state = join(bench.tmux.directory, 'full-state');
    const umount = tinyDisk(state);
    const server = await TestServer.start({ tmux: bench.tmux, env: { XDG_STATE_HOME: state } });
    try {
      await bench.tmux.newSession('full');
      await server.client.call('session_send', { name: 'full', prompt: 'echo first', timeout: 30 });
      try {
        writeFileSync(join(state, 'filling'), Buffer.alloc(128 * 1024));
      } catch {
        // Full is what it is to be.
      }
      await isKept(server, 'full', /ENOSPC/);
      execFileSync('rm', [join(state, 'filling')]);
      await isWritten(server, 'full', join(state, 'panewright/sessions/full.json'));
    } finally {
      await server.close();
      umount();
    }
  });

  test('because another process holds its lock for long: the same', async () => {
    const name = 'held';
    await bench.tmux.newSession(name);
    await bench.call('session_send', { name, prompt: 'echo first', timeout: 30 });
    const file = join(folder(), `${name}.json`);
    const lock = `${file}.lock`;
    mkdirSync(lock);
    const alive = setInterval(() => utimesSync(lock, new Date(), new Date()), 500);
    try {
      const sent = await bench.call('session_send', { name, prompt: 'echo kept', timeout: 30 });
      expect(sent).toMatchObject({ response: 'kept', note: expect.stringMatching(/another process/) });
    } finally {
      clearInterval(alive);
      execFileSync('rmdir', [lock]);
    }
    await isWritten(bench.server, name, file);
  });

  test.each([
    ['now', 0],
    ['at a time that the clock has not reached, having been set back', 3_600],
  ])('a lock that a dead process left behind, made %s, is taken over', async (_when, seconds) => {
    const name = `left-${seconds}`;
    await bench.tmux.newSession(name);
    await bench.call('session_send', { name, prompt: 'echo first', timeout: 30 });
    const lock = join(folder(), `${name}.json.lock`);
    mkdirSync(lock);
    const made = Date.now() / 1000 + seconds;
    utimesSync(lock, made, made);
    const { result, after } = await bench.ending('session_send', { name, prompt: 'echo on', timeout: 30 });
    expect(after).toBeLessThan(IN_TIME);
    expect(result).toMatchObject({ response: 'on' });
    expect(result['note']).toBeUndefined();
    expect(existsSync(lock)).toBe(false);
  });

  test('nor made at all: a session is started all the same, and says so', async () => {
    const state = join(bench.tmux.directory, 'no-state');
    writeFileSync(state, 'a file where the folder should be');
    chmodSync(state, 0o400);
    const server = await TestServer.start({ tmux: bench.tmux, env: { XDG_STATE_HOME: state } });
    try {
      const started = await server.client.call('session_start', {
        name: 'stateless',
        profile: 'bash',
        working_dir: bench.tmux.home,
      });
      expect(started).toMatchObject({ state: 'idle', degraded: [expect.stringMatching(/ENOTDIR/)] });
      await isKept(server, 'stateless', /ENOTDIR/);
      expect(await server.client.call('session_destroy', { name: 'stateless' })).toMatchObject({
        destroyed: true,
      });
    } finally {
      await server.close();
    }
  });
});
