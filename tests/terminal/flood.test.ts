/** A flood of output comes by another way, and back; nothing of it may be lost or doubled where one takes over. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { overlap } from '../../src/tmux/pipe.js';
import { Bed, type Executed, type Seat } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

const LONG = 240_000;
const LINES = 60_000;

const numbers = (count = LINES, before = ''): string =>
  Array.from({ length: count }, (_, i) => `${before}${String(i + 1)}\n`).join('');

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

async function whole({ output_uri = '' }: Executed): Promise<string> {
  const { contents } = await bed.server.client.mcp.readResource({ uri: output_uri }, { timeout: 120_000 });
  const [content] = contents;
  return content !== undefined && 'text' in content ? content.text : '';
}

/** Whether tmux has the pane's output piped to a command. */
async function isPiped(seat: Seat): Promise<boolean> {
  return (await seat.tmux.run('display-message', '-p', '-t', seat.pane, '#{pane_pipe}')).trim() === '1';
}

/** Resolves when the pane is piped, or no longer. */
async function piped(seat: Seat, wanted: boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await isPiped(seat)) !== wanted) {
    if (performance.now() > deadline) throw new Error(`the pane is ${wanted ? 'not' : 'still'} piped`);
    await pause(5);
  }
}

/** Where Panewright never pipes. */
const here = process.platform === 'linux' && process.env['PANEWRIGHT_TEST_HOST'] === undefined;

describe('a flood of output', () => {
  test(
    'is piped while it lasts, and whole',
    async () => {
      const seat = await bed.seat();
      const running = seat.execute(`seq 1 ${String(10 * LINES)}`);
      if (here) await piped(seat, true);
      const done = await running;
      expect(done).toMatchObject({ state: 'completed', exit_code: 0, total_lines: 10 * LINES });
      expect(digest(await whole(done))).toBe(digest(numbers(10 * LINES)));
      await piped(seat, false);
      expect(await seat.lines('echo behind it')).toEqual(['behind it']);
    },
    LONG,
  );

  test.each([0, 0.05, 0.09, 0.1, 0.11, 0.15])(
    'that stops for %d s again and again is whole',
    async (seconds) => {
      const seat = await bed.seat();
      const done = await seat.execute(
        `for i in 1 2 3 4 5 6 7 8; do seq -f $i.%g ${String(LINES)}; sleep ${String(seconds)}; done`,
      );
      expect(done).toMatchObject({ state: 'completed', exit_code: 0, total_lines: 8 * LINES });
      const expected = Array.from({ length: 8 }, (_, i) => numbers(LINES, `${String(i + 1)}.`)).join('');
      expect(digest(await whole(done))).toBe(digest(expected));
    },
    LONG,
  );

  test(
    'that turns into a trickle is whole',
    async () => {
      const seat = await bed.seat();
      const trickle = `for i in {1..150}; do echo $i; sleep 0.0$((RANDOM % 10)); done`;
      const done = await seat.execute(`for n in 1 2 3; do seq ${String(LINES)}; ${trickle}; done`);
      expect(done).toMatchObject({ state: 'completed', exit_code: 0, total_lines: 3 * (LINES + 150) });
      expect(digest(await whole(done))).toBe(digest((numbers() + numbers(150)).repeat(3)));
    },
    LONG,
  );

  test(
    'is followed at once by the next command',
    async () => {
      const seat = await bed.seat();
      for (let i = 0; i < 12; i++) {
        expect(await seat.execute(`seq ${String(2 * LINES)}`)).toMatchObject({ total_lines: 2 * LINES });
        expect(await seat.lines(`echo ${String(i)}`)).toEqual([String(i)]);
      }
    },
    LONG,
  );

  test(
    'leaves alone a pipe that a person has on the pane',
    async () => {
      const seat = await bed.seat();
      const log = join(seat.tmux.directory, `log-${seat.session}`);
      await seat.tmux.run('pipe-pane', '-t', seat.pane, `cat > ${log}`);
      const done = await seat.execute(`seq ${String(3 * LINES)}; echo the last`);
      expect(done).toMatchObject({ total_lines: 3 * LINES + 1 });
      expect(digest(await whole(done))).toBe(digest(`${numbers(3 * LINES)}the last\n`));
      expect(await isPiped(seat)).toBe(true);
      while (!readFileSync(log, 'utf8').includes('\nthe last')) await pause(10);
      expect(readFileSync(log, 'utf8').replaceAll('\r', '')).toContain(numbers(3 * LINES));
    },
    LONG,
  );

  test(
    'by the end of which the shell exits is whole',
    async () => {
      const seat = await bed.seat();
      const done = await seat.execute(`seq ${String(3 * LINES)}; exit 7`);
      // The last line is bash's own word.
      expect(done).toMatchObject({ state: 'pane_closed', exit_code: 7, total_lines: 3 * LINES + 1 });
      expect(digest(await whole(done))).toBe(digest(`${numbers(3 * LINES)}exit\n`));
    },
    LONG,
  );

  test(
    'in which tmux stands still for a while is whole',
    async () => {
      const seat = await bed.seat();
      const running = seat.execute(
        `seq ${String(10 * LINES)}; sleep 0.3; seq ${String(LINES)}; sleep 0.2; false`,
      );
      if (here) await piped(seat, true);
      const tmux = Number(await seat.tmux.run('display-message', '-p', '#{pid}'));
      process.kill(tmux, 'SIGSTOP');
      await pause(6_000);
      process.kill(tmux, 'SIGCONT');
      const done = await running;
      expect(done).toMatchObject({ state: 'completed', exit_code: 1, total_lines: 11 * LINES });
      expect(done).not.toHaveProperty('note');
      expect(digest(await whole(done))).toBe(digest(numbers(10 * LINES) + numbers()));
    },
    LONG,
  );

  test(
    'whose pane is closed ends the call',
    async () => {
      const seat = await bed.seat();
      const running = seat.execute('yes');
      if (here) await piped(seat, true);
      else await pause(300);
      const before = performance.now();
      await seat.tmux.run('kill-pane', '-t', seat.pane);
      expect(await running).toMatchObject({ state: 'pane_closed', exit_code: null });
      expect(performance.now() - before).toBeLessThan(3_000);
    },
    LONG,
  );

  test(
    'that goes on after the timeout is collected by wait_for',
    async () => {
      const seat = await bed.seat();
      const left = await seat.execute(`for i in {1..30}; do seq ${String(LINES)}; done; false`, {
        timeout: 0.5,
      });
      expect(left).toMatchObject({ state: 'running' });
      expect(await seat.refusal('execute', { command: 'echo no' })).toMatch(/^PANE_BUSY/);
      expect(await seat.waitFor()).toMatchObject({ state: 'completed', exit_code: 1 });
      expect(await seat.lines('echo yes')).toEqual(['yes']);
    },
    LONG,
  );

  test(
    'goes on when the pipe is taken away; the call says so',
    async () => {
      const seat = await bed.seat();
      const running = seat.execute(`seq ${String(20 * LINES)}; false`);
      if (here) {
        await piped(seat, true);
        await seat.tmux.run('pipe-pane', '-t', seat.pane);
      }
      const done = await running;
      expect(done).toMatchObject({ state: 'completed', exit_code: 1 });
      expect(done.output_lines.at(-1)).toBe(String(20 * LINES));
      if (here) expect(done).toMatchObject({ note: expect.stringContaining('may be missing') });
      expect(await seat.lines('echo behind it')).toEqual(['behind it']);
    },
    LONG,
  );
});

test(
  'while the server is stopped by Ctrl-Z nothing is piped to it; the call ends when it goes on, and says so',
  async () => {
    const own = await Bed.start();
    try {
      const seat = await own.seat();
      const running = seat.execute(`seq ${String(40 * LINES)}; false`);
      if (here) await piped(seat, true);
      const { pid } = own.server.client;
      await pause(300);
      process.kill(pid, 'SIGTSTP');
      await piped(seat, false);
      if (here)
        while (!/^State:\tT/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))) await pause(5);
      await pause(500);
      process.kill(pid, 'SIGCONT');
      const done = await running;
      expect(done).toMatchObject({ state: 'completed', exit_code: 1 });
      expect(done.output_lines.at(-1)).toBe(String(40 * LINES));
      if (here) expect(done).toMatchObject({ note: expect.stringContaining('may be missing') });
    } finally {
      await own.close();
    }
  },
  LONG,
);

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a server that is ended by %s in a flood leaves no pipe behind',
  async (signal) => {
    const own = await Bed.start();
    try {
      const seat = await own.seat();
      void seat.execute('yes').catch(() => undefined);
      if (here) await piped(seat, true);
      // tmux 3.3a itself never lets go of a client that is killed while output for it is on its way.
      await pause(500);
      process.kill(own.server.client.pid, signal);
      await own.server.client.closed;
      await piped(seat, false);
    } finally {
      await own.close();
    }
  },
  LONG,
);

test('a caller who only reads has nothing piped', async () => {
  const seat = await bed.seat();
  await seat.lines('echo integrated');
  await seat.tmux.run('send-keys', '-t', seat.pane, `seq ${String(10 * LINES)}; echo the end`, 'Enter');
  let over = false;
  const waiting = seat.waitFor({ pattern: '^the end$' }).finally(() => (over = true));
  while (!over) {
    expect(await isPiped(seat)).toBe(false);
    await pause(5);
  }
  expect(await waiting).toMatchObject({ matched: true });
});

test.each([
  ['', '', 0],
  ['abc', '', 0],
  ['abc', 'bcd', 2],
  ['abc', 'abc', 3],
  ['abab', 'ab', 2],
  ['ab', 'abc', 2],
  ['abc', 'x', 0],
])('what %j ends with and %j begins with', (held, late, length) => {
  expect(overlap(Buffer.from(held), Buffer.from(late))).toBe(length);
});
