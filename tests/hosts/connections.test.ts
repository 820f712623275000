import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { processGone } from '../terminal/bed.js';
import { Sshd } from '../support/sshd.js';
import { TestServer } from '../support/server.js';
import { PrivateTmux } from '../support/tmux.js';

const MANY = 20;
let sshd: Sshd;
let far: PrivateTmux;
beforeAll(async () => {
  sshd = await Sshd.start();
  far = new PrivateTmux();
  for (let n = 0; n < MANY; n += 1) await far.newSession(`s${n}`);
});
afterAll(async () => {
  await far.dispose();
  await sshd.close();
});

const start = () =>
  TestServer.start({ config: { hosts: { build: { ...sshd.entry, tmux: { socket_path: far.socket } } } } });

/** Everywhere at once. */
const everywhere = (server: TestServer) =>
  Promise.all(
    Array.from({ length: MANY }, (_, n) =>
      server.client.call('execute', { host: 'build', session: `s${n}`, command: `echo ${n}`, timeout: 60 }),
    ),
  );

/** Process ids of ssh below a process. */
function sshBelow(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' }).trim().split('\n');
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, parent, name]) => Number(parent) === pid && name === 'ssh')
    .map(([own]) => Number(own));
}

/** Log-ins that the host serves now: each connection is one, however many programs it carries. */
const logIns = (): number =>
  execFileSync('ps', ['-eo', 'ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((row) => new RegExp(`^\\s*${sshd.pid} sshd: `).test(row)).length;

/** Process ids of the control clients over there. */
async function clientsThere(): Promise<number[]> {
  const pids = await far.run('list-clients', '-F', '#{client_pid}');
  return pids.split('\n').filter(Boolean).map(Number);
}

test('more sessions than one connection carries share a few of them', async () => {
  const server = await start();
  const results = await everywhere(server);
  expect(results).toMatchObject(
    Array.from({ length: MANY }, (_, n) => ({ output_lines: [String(n)], exit_code: 0 })),
  );
  expect(logIns()).toBe(Math.ceil(MANY / 8));
  await server.close();
});

test('a server that ends leaves no connection behind', async () => {
  const server = await start();
  await everywhere(server);
  const left = sshBelow(server.client.pid);
  expect(left.length).toBeGreaterThan(MANY);
  await server.close();
  for (const pid of left) await processGone(pid);
  // What was over there ends by itself when its connection does.
  for (const pid of await clientsThere()) await processGone(pid);
});

test('a server that is killed leaves no connection behind either', async () => {
  const server = await start();
  await everywhere(server);
  const left = sshBelow(server.client.pid);
  process.kill(server.client.pid, 'SIGKILL');
  await server.client.closed;
  // tmux 3.3a never lets go of a control client for which it still has output when nobody reads there any more:
  // clients that end all at once tell each other so. What it holds on to holds an ssh.
  await Promise.all(left.map((pid) => processGone(pid, 5_000))).catch(async () => {
    for (const pid of await clientsThere()) process.kill(pid, 'SIGKILL');
  });
  for (const pid of left) await processGone(pid);
  await server.close();
  // What was over there ends by itself when its connection does.
  for (const pid of await clientsThere()) await processGone(pid);
});
