import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { textOf, type Json } from '../support/client.js';
import { TestServer } from '../support/server.js';
import type { PrivateTmux } from '../support/tmux.js';

let server: TestServer;
let tmux: PrivateTmux;
let log: string;
let file: string;
let config: Json;
beforeAll(async () => {
  server = await TestServer.start();
  ({ tmux } = server);
  log = join(tmux.home, 'audit.jsonl');
  file = join(tmux.home, 'ran');
  config = { allowed_sessions: ['open', 'other'], audit_log: log };
  await tmux.newSession('keeper', { shell: ['sleep', '600'] });
});
afterEach(async () => {
  for (const name of ['open', 'other', 'hidden', 'hidden-twin'])
    await tmux.run('kill-session', '-t', `=${name}`).catch(() => undefined);
  for (const path of [log, file]) rmSync(path, { force: true });
});
afterAll(() => server.close());

/** A command that tells when it runs and then waits for a word. */
const held = (rest: string): string => {
  const waitFor = `tmux -S ${tmux.socket} wait-for`;
  return `${waitFor} -S begun; ${waitFor} go; ${rest}`;
};

const lines = (): Json[] =>
  readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Json);

describe('calls that wait for their turn', () => {
  test.each([
    ['writing is switched off', { write_enabled: false }, 'WRITE_DISABLED'],
    ['their session is allowed no longer', { allowed_sessions: ['other'] }, 'SESSION_NOT_ALLOWED'],
    ['their session becomes read-only', { read_only_sessions: ['open'] }, 'WRITE_DISABLED'],
  ])('type nothing once %s, and each is one line of the log', async (_how, more, code) => {
    await tmux.newSession('open');
    server.configure(config);
    const { client } = server;
    const first = client.raw('execute', { session: 'open', command: held('true'), timeout: 60 });
    await tmux.channel('begun');
    const queued = [
      ...[1, 2, 3].map((n) =>
        client.raw('execute', { session: 'open', command: `echo ${n} >>${file}`, timeout: 60 }),
      ),
      ...[4, 5].map((n) =>
        client.raw('session_send', { name: 'open', prompt: `echo ${n} >>${file}`, timeout: 60 }),
      ),
    ];
    // All of them are in the queue by the time that others, which came later, are answered.
    for (let n = 0; n < 5; n += 1) await client.raw('session_status', { name: 'open' });
    server.configure({ ...config, ...more });
    await tmux.run('wait-for', '-S', 'go');
    await first;
    for (const result of await Promise.all(queued)) expect(textOf(result)).toMatch(new RegExp(`^${code}: `));
    expect(existsSync(file)).toBe(false);
    expect(lines().map((line) => [line['decision'], line['code']])).toEqual([
      ['allow', undefined],
      ...queued.map(() => ['deny', code]),
    ]);
  });

  test('a command whose lines are typed one by one is not typed on once writing is switched off', async () => {
    await tmux.newSession('open', { shell: ['python3', '-q'] });
    await tmux.until('=open:', /^>>> ?$/m);
    server.configure(config);
    const command = `import os\nx = os.system(${JSON.stringify(held('sleep 0.2'))})\nopen(${JSON.stringify(file)}, "w")`;
    const done = server.client.raw('execute', { session: 'open', command, timeout: 60 });
    await tmux.channel('begun');
    server.configure({ ...config, write_enabled: false });
    await tmux.run('wait-for', '-S', 'go');
    expect(textOf(await done)).toMatch(/^WRITE_DISABLED: /);
    expect(existsSync(file)).toBe(false);
    expect(lines()).toHaveLength(1);
  });
});

/** What makes a pane of the session `open` one that may not be read. */
const CHANGES: Readonly<Record<string, () => Promise<unknown> | void>> = {
  'its session is renamed': () => tmux.run('rename-session', '-t', '=open', 'hidden-now'),
  'its window is linked elsewhere': () => tmux.run('link-window', '-d', '-s', '=open:0', '-t', '=hidden:7'),
  'its session gets a twin': () => tmux.run('new-session', '-d', '-s', 'hidden-twin', '-t', '=open'),
  'the list is narrowed': () => server.configure({ ...config, allowed_sessions: ['other'] }),
};

describe('calls that wait for output', () => {
  const SECRET = 'SECRET-9B2D';
  const WORDS = `sleep 0.2; echo SECRET'-9B2D'; touch`;

  test.each(
    Object.keys(CHANGES).flatMap((how) => [
      [how, 'execute', 'wait_for'] as const,
      [how, 'session_send', 'session_wait'] as const,
    ]),
  )('once %s, %s and %s tell nothing of it, and what was typed runs on', async (how, start, wait) => {
    await tmux.newSession('open');
    await tmux.newSession('hidden', { shell: ['sleep', '600'] });
    server.configure(config);
    const { client } = server;
    const command = held(`${WORDS} ${file}`);
    const started = client.raw(
      start,
      start === 'execute'
        ? { session: 'open', command, timeout: 60 }
        : { name: 'open', prompt: command, timeout: 60 },
    );
    await tmux.channel('begun');
    const waited = client.raw(
      wait,
      wait === 'wait_for'
        ? { session: 'open', pattern: 'never', timeout: 60 }
        : { name: 'open', timeout: 60 },
    );
    for (let n = 0; n < 5; n += 1) await client.raw('session_status', { name: 'open' });
    await CHANGES[how]?.();
    await tmux.run('wait-for', '-S', 'go');
    for (const result of await Promise.all([started, waited])) {
      const text = JSON.stringify(result);
      expect(textOf(result)).toMatch(/^SESSION_NOT_ALLOWED: /);
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('hidden');
    }
    expect(existsSync(file)).toBe(true);
    await tmux.run('kill-session', '-t', '=hidden-now').catch(() => undefined);
  });

  test('while writing is switched off meanwhile, what may be read is told', async () => {
    await tmux.newSession('open');
    server.configure(config);
    const done = server.client.call('execute', { session: 'open', command: held(`${WORDS} x`), timeout: 60 });
    await tmux.channel('begun');
    server.configure({ ...config, write_enabled: false });
    await tmux.run('wait-for', '-S', 'go');
    expect(await done).toMatchObject({ output_lines: [SECRET], exit_code: 0 });
  });

  test('an output is closed while the session that it came from has a name that is not allowed', async () => {
    await tmux.newSession('open');
    server.configure(config);
    const { mcp } = server.client;
    const done = await server.client.call('execute', { session: 'open', command: 'seq 1 3000', timeout: 60 });
    const uri = done['output_uri'] as string;
    const told = async (): Promise<string> =>
      JSON.stringify([
        await mcp.listResources(),
        await mcp.readResource({ uri }).catch((error: unknown) => String(error)),
      ]);
    expect(await told()).toContain('2999');
    await tmux.run('rename-session', '-t', '=open', 'hidden');
    expect(await told()).not.toContain('2999');
    expect(await told()).toMatch(/OUTPUT_NOT_FOUND/);
    expect((await mcp.listResources()).resources.map((one) => one.uri)).not.toContain(uri);
    await tmux.run('rename-session', '-t', '=hidden', 'open');
    expect(await told()).toContain('2999');
  });
});
