import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PrivateTmux } from '../support/tmux.js';
import { freshDirectory } from '../support/run-dir.js';
import { Bench, IN_TIME } from './bench.js';

/** The clock of everything in this suite: an offset in a file, which libfaketime reads at every look. */
const offset = join(freshDirectory(), 'offset');

function set(to: string): void {
  writeFileSync(`${offset}.new`, `${to}\n`);
  renameSync(`${offset}.new`, offset);
}

function library(): string {
  const folders = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`);
  const found = folders.find((file) => existsSync(file));
  if (found === undefined) throw new Error('libfaketime is not installed');
  return found;
}

const JUMPS = ['+1h', '-1h', '+3d', '-3d', '+0'];

let bench: Bench;
beforeAll(async () => {
  set('+0');
  const env = {
    LD_PRELOAD: library(),
    FAKETIME_TIMESTAMP_FILE: offset,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  bench = await Bench.start({ tmux: new PrivateTmux({ env }), env });
  await bench.seat('work');
});
afterAll(async () => {
  await bench.close();
  await bench.tmux.dispose();
});

const hourOf = (time: unknown): number => new Date(time as string).getTime();

describe('the clock is set', () => {
  test('and the server and tmux both have the new time', async () => {
    const before = hourOf((await bench.call('version', {}))['timestamp']);
    set('+1h');
    expect(hourOf((await bench.call('version', {}))['timestamp']) - before).toBeGreaterThan(3_500_000);
    await bench.works('work');
    set('+0');
  });

  test.each(JUMPS)('by %s at idle: the next call works, and takes no longer', async (jump) => {
    set(jump);
    const { isError, result, after } = await bench.ending('execute', {
      session: 'work',
      command: 'echo on; (exit 3)',
    });
    expect([isError, result['output_lines'], result['exit_code']]).toEqual([false, ['on'], 3]);
    expect(after).toBeLessThan(IN_TIME);
    expect(result['elapsed_seconds']).toBeLessThan(IN_TIME / 1_000);
  });

  test.each(JUMPS)(
    'by %s during execute, wait_for and session_send: they go on to the true end',
    async (jump) => {
      const name = `jump${JUMPS.indexOf(jump)}`;
      for (const session of [name, `${name}-s`]) await bench.seat(session);
      const running = await bench.running(name);
      const waiting = bench.begin('wait_for', { session: 'work', pattern: `seen-${name}`, timeout: 20 });
      const channel = `tmux -S ${bench.tmux.socket} wait-for`;
      const prompt = `${channel} -S ${name}; ${channel} ${name}-go; echo answer`;
      const sent = bench.begin('session_send', { name: `${name}-s`, prompt, timeout: 20 });
      await bench.tmux.channel(name);
      set(jump);
      await bench.tmux.run('wait-for', '-S', `${name}-go`);
      await running.go();
      await bench.tmux.type('=work:', `clear; echo seen-"${name}"\n`);
      expect((await running.ending()).result).toMatchObject({
        state: 'completed',
        timeout_occurred: false,
        output_lines: [expect.stringMatching(/^done-/)],
      });
      expect((await waiting.ending()).result).toMatchObject({ matched: true, timeout_occurred: false });
      expect((await sent.ending()).result).toMatchObject({
        response: 'answer',
        outcome: 'completed',
        turn_id: 't1',
      });
      const again = await bench.call('session_send', { name: `${name}-s`, prompt: 'echo next' });
      expect(again).toMatchObject({ response: 'next', turn_id: 't2' });
      const { turns } = (await bench.call('session_history', { name: `${name}-s` })) as {
        turns: { turn_id: string }[];
      };
      expect(turns.map(({ turn_id }) => turn_id)).toEqual(['t1', 't2']);
    },
  );

  test('back: an audit log that was being rotated by a server that died is rotated all the same', async () => {
    const log = join(bench.tmux.home, 'audit.jsonl');
    writeFileSync(log, '');
    truncateSync(log, 10 * 1024 * 1024);
    writeFileSync(`${log}.rotating`, '');
    const future = Date.now() / 1_000 + 3_600;
    utimesSync(`${log}.rotating`, future, future);
    bench.server.configure({ audit_log: log });
    await bench.works('work');
    expect(existsSync(`${log}.1`)).toBe(true);
    expect(readFileSync(log, 'utf8')).toContain('"execute"');
  });
});
