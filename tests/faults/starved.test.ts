/** On real processes: one that would run, one that sleeps, one that was stopped, one that has ended. */
import { afterEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Starved } from '../../src/tmux/starved.js';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function start(script: string): Promise<number> {
  const child = spawn('bash', ['-c', `echo; ${script}`], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  if (child.stdout) await once(child.stdout, 'data');
  return child.pid ?? 0;
}

const busy = (): Promise<number> => start('while :; do :; done');
const idle = (): Promise<number> => start('exec sleep 600');

async function becomes(pid: number, state: string): Promise<void> {
  while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(`) ${state} `)) await new Promise(setImmediate);
}

test('one that would run if it were let is waited for, however often it is looked at', async () => {
  const pids = [await idle(), await busy()];
  const starved = new Starved();
  for (let look = 0; look < 20; look++) expect(starved.waitOn(pids)).toBe(true);
});

test('one that sleeps is looked at once more, and then no longer waited for', async () => {
  const pid = await idle();
  await becomes(pid, 'S');
  const starved = new Starved();
  expect([starved.waitOn([pid]), starved.waitOn([pid])]).toEqual([true, false]);
});

test('one that ran in between gets its second look again', async () => {
  const [sleeping, running] = [await idle(), await busy()];
  await becomes(sleeping, 'S');
  const starved = new Starved();
  const looks = [[sleeping], [running], [sleeping], [sleeping]].map((pids) => starved.waitOn(pids));
  expect(looks).toEqual([true, true, true, false]);
});

test('one that was stopped is not waited for, whatever the others do', async () => {
  const [running, stopped] = [await busy(), await busy()];
  process.kill(stopped, 'SIGSTOP');
  await becomes(stopped, 'T');
  expect(new Starved().waitOn([running, stopped])).toBe(false);
});

test('nothing is waited for where nothing can be seen', async () => {
  const ended = await start('exit');
  await once(children[0] as ChildProcess, 'close');
  expect(new Starved().waitOn([undefined])).toBe(false);
  expect(new Starved().waitOn([ended, undefined])).toBe(false);
});
