import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Sshd } from '../support/sshd.js';
import { TestServer } from '../support/server.js';
import { PrivateTmux } from '../support/tmux.js';

let sshd: Sshd;
let server: TestServer;
let policy: string;
let one: PrivateTmux;
let two: PrivateTmux;
let log: string;

/** The entries of two hosts, each with more keys. */
const hosts = (onOne: object = {}, onTwo: object = {}) => ({
  one: { ...sshd.entry, tmux: { socket_path: one.socket }, ...onOne },
  two: { ...sshd.entry, tmux: { socket_path: two.socket }, ...onTwo },
});

beforeAll(async () => {
  sshd = await Sshd.start();
  [one, two] = [new PrivateTmux(), new PrivateTmux()];
  for (const tmux of [one, two]) for (const name of ['work', 'private']) await tmux.newSession(name);
  policy = join(one.directory, 'policy.json');
  writeFileSync(policy, '{}');
  server = await TestServer.start({ config: { hosts: hosts() }, env: { PANEWRIGHT_POLICY: policy } });
  await server.tmux.newSession('work');
  log = join(server.tmux.directory, 'audit.log');
});
afterEach(() => writeFileSync(policy, '{}'));
afterAll(async () => {
  await server.close();
  await one.dispose();
  await two.dispose();
  await sshd.close();
});

const write = (host: string, session = 'work') => ({ host, session, text: '# typed' });

test('one list names the sessions of this machine and of every host', async () => {
  server.configure({ hosts: hosts() });
  const {
    sessions,
    count,
    hosts: rows,
  } = await server.client.call<{
    sessions: { host?: string; name: string }[];
    count: number;
    hosts: Record<string, unknown>[];
  }>('list_sessions');
  expect(sessions.map(({ host, name }) => `${host ?? ''}/${name}`).sort()).toEqual(
    ['/work', 'one/private', 'one/work', 'two/private', 'two/work'].sort(),
  );
  expect(count).toBe(5);
  expect(rows).toMatchObject([
    { name: 'one', reachable: true, via: 'ssh far' },
    { name: 'two', reachable: true },
  ]);
  expect(await server.client.call('list_sessions', { host: 'two' })).toMatchObject({ host: 'two', count: 2 });
  expect(await server.client.call('list_sessions', { host: 'local' })).toMatchObject({ count: 1 });
});

test('health says in what state each host is', async () => {
  server.configure({ hosts: { ...hosts(), gone: { command: ['/nowhere/at-all'] } } });
  const { hosts: rows, problems } = await server.client.call<{ hosts: unknown[]; problems: unknown[] }>(
    'health',
  );
  expect(rows).toMatchObject([
    { name: 'one', reachable: true, tmux_available: true, session_count: 2 },
    { name: 'two', reachable: true, tmux_available: true, session_count: 2 },
    { name: 'gone', reachable: false, problem: expect.stringMatching(/^HOST_UNREACHABLE: host gone/) },
  ]);
  expect(JSON.stringify(problems)).toContain('host gone');
});

test('a host only narrows what this machine allows', async () => {
  server.configure({ hosts: hosts({ write_enabled: false }, { allowed_sessions: ['work'] }) });
  expect(await server.client.refusal('write_pane', write('one'))).toMatch(
    /^WRITE_DISABLED: .*false for host one/,
  );
  expect(await server.client.call('read_pane', { host: 'one', session: 'work' })).toMatchObject({
    host: 'one',
  });
  await server.client.call('write_pane', write('two'));
  expect(await server.client.refusal('read_pane', { host: 'two', session: 'private' })).toMatch(
    /^SESSION_NOT_ALLOWED: .*hosts\.two/,
  );
  server.configure({ write_enabled: false, hosts: hosts() });
  expect(await server.client.refusal('write_pane', write('two'))).toMatch(/^WRITE_DISABLED: /);
  server.configure({ read_only_sessions: ['private'], hosts: hosts({ read_only_sessions: ['work'] }) });
  for (const session of ['work', 'private'])
    expect(await server.client.refusal('write_pane', write('one', session))).toMatch(
      /^WRITE_DISABLED: .*read-only/,
    );
});

test('a machine policy leaves only the hosts that it names, and pins where they lead', async () => {
  server.configure({ hosts: hosts() });
  writeFileSync(policy, JSON.stringify({ hosts: { two: { ...hosts().two, write_enabled: false } } }));
  expect(await server.client.refusal('read_pane', { host: 'one', session: 'work' })).toMatch(
    /^HOST_UNKNOWN: the policy .* leaves out the host "one"/,
  );
  expect(await server.client.refusal('write_pane', write('two'))).toMatch(/^WRITE_DISABLED: /);
  server.configure({ hosts: { two: { ssh: 'elsewhere.invalid' } } });
  expect(await server.client.call('read_pane', { host: 'two', session: 'work' })).toMatchObject({
    host: 'two',
  });
});

test('the audit log says on which host something was typed', async () => {
  server.configure({ audit_log: log, hosts: hosts() });
  await server.client.call('write_pane', write('one'));
  await server.client.call('write_pane', { session: 'work', text: '# here' });
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(entries[0]).toMatchObject({ tool: 'write_pane', host: 'one', target: 'work' });
  expect(entries[1]).not.toHaveProperty('host');
});

test('sessions of the same name on two hosts are two, on record as well', async () => {
  server.configure({ hosts: hosts() });
  const folder = join(one.home, 'of-one');
  mkdirSync(folder);
  for (const [host, working_dir] of [
    ['one', folder],
    ['two', two.home],
  ] as const)
    expect(
      await server.client.call('session_start', { host, name: 'twin', profile: 'bash', working_dir }),
    ).toMatchObject({ host, name: 'twin', working_dir });
  for (const host of ['one', 'two'])
    await server.client.call('session_send', { host, name: 'twin', prompt: `echo on ${host}; pwd` });
  const { sessions } = await server.client.call<{ sessions: { name: string; host: string }[] }>(
    'session_list',
  );
  expect(sessions.filter(({ name }) => name === 'twin').map(({ host }) => host)).toEqual(['one', 'two']);
  expect(await server.client.call('session_history', { host: 'one', name: 'twin' })).toMatchObject({
    count: 1,
    turns: [{ prompt: 'echo on one; pwd', response: `on one\n${folder}` }],
  });
  await server.client.call('session_destroy', { host: 'one', name: 'twin' });
  expect(await server.client.call('session_status', { host: 'two', name: 'twin' })).toMatchObject({
    state: 'idle',
  });
  expect(await server.client.refusal('session_history', { host: 'one', name: 'twin' })).toMatch(
    /^AGENT_NOT_FOUND/,
  );
});

test('a program that is started on a host can be interrupted there', async () => {
  server.configure({ hosts: hosts() });
  await server.client.call('session_start', { host: 'one', name: 'loop', profile: 'bash' });
  await server.client.call('session_send', { host: 'one', name: 'loop', prompt: 'sleep 600', timeout: 0.5 });
  expect(await server.client.call('session_interrupt', { host: 'one', name: 'loop' })).toMatchObject({
    interrupted: true,
    method: 'C-c',
  });
});
