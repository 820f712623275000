import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freshDirectory } from '../support/run-dir.js';
import { TestServer } from '../support/server.js';
import { LEAK, record, Terrain } from './terrain.js';

let terrain: Terrain;
let server: TestServer;
let temporary: string;
beforeAll(async () => {
  terrain = await Terrain.make();
  temporary = freshDirectory();
  server = await TestServer.start({
    tmux: terrain.tmux,
    config: { allowed_sessions: ['work*', 'old'] },
    env: { TMPDIR: temporary },
  });
  await server.client.mcp.listTools();
});
afterAll(async () => {
  await server.close();
  await terrain.dispose();
});

test('records of sessions that are not allowed any more are neither listed nor told of', async () => {
  const { client } = server;
  const names = (list: unknown): string[] => (list as { name: string }[]).map(({ name }) => name).sort();
  expect(names((await client.call('session_list'))['sessions'])).toEqual(['old', 'work', 'work-2']);
  expect(names((await client.call('health'))['sessions'])).toEqual(['old', 'work', 'work-2']);
  expect(JSON.stringify(await client.call('session_history', { name: 'old' }))).toContain('fine');
  for (const tool of ['session_history', 'session_status', 'session_wait'])
    expect(await client.refusal(tool, { name: 'vault' })).toMatch(/^SESSION_NOT_ALLOWED: /);
});

test('a refusal is the same whether there is a record, a live session, or nothing at all', async () => {
  const texts = new Set<string>();
  for (const name of ['vault', `${LEAK}-old`, `${LEAK}-session`, 'never-was'])
    for (const tool of ['session_history', 'session_status', 'session_wait', 'session_interrupt'])
      texts.add((await server.client.refusal(tool, { name })).replaceAll(name, 'NAME'));
  expect(texts.size).toBe(1);
});

test('a damaged record of a session that is not allowed is not named', async () => {
  writeFileSync(join(terrain.stateDir, 'sessions', `${LEAK}-damaged.json`), '{"version": 1, "na');
  expect(JSON.stringify(await server.client.call('session_list'))).not.toContain(LEAK);
  expect(JSON.stringify(await server.client.call('health'))).not.toContain(LEAK);
});

test('a name is a name and no path, in whatever a session tool does with files', async () => {
  const outside = join(terrain.tmux.home, 'outside.json');
  mkdirSync(join(terrain.stateDir, 'sessions', 'folder'), { recursive: true });
  writeFileSync(outside, JSON.stringify({ version: 1, name: 'outside', turns: [] }));
  server.configure({});
  const before = statSync(outside).mtimeMs;
  for (const name of ['../../../../../outside', '../outside', outside, 'folder/x', '.', '..', 'a\0b', '~'])
    for (const [tool, args] of [
      ['session_history', {}],
      ['session_status', {}],
      ['session_destroy', { force: true }],
      ['session_set_claude_id', { claude_session_id: 'x' }],
      ['session_send', { prompt: 'x', timeout: 1 }],
    ] as const)
      expect(await server.client.refusal(tool, { name, ...args })).toMatch(
        /^(AGENT_NOT_FOUND|INVALID_ARGUMENT): /,
      );
  expect(statSync(outside).mtimeMs).toBe(before);
});

test('what is kept on disk is for the user alone', async () => {
  await server.client.call('session_start', { name: 'made', profile: 'bash' });
  expect(statSync(terrain.stateDir).mode & 0o777).toBe(0o700);
  expect(statSync(join(terrain.stateDir, 'sessions')).mode & 0o777).toBe(0o700);
  expect(statSync(join(terrain.stateDir, 'sessions', 'made.json')).mode & 0o777).toBe(0o600);
  await server.client.call('execute', { session: 'made', command: 'seq 1 100000', timeout: 60 });
  const [folder = ''] = readdirSync(temporary);
  const outputs = readdirSync(join(temporary, folder));
  expect(statSync(join(temporary, folder)).mode & 0o777).toBe(0o700);
  expect(outputs.length).toBeGreaterThan(0);
  for (const output of outputs) expect(statSync(join(temporary, folder, output)).mode & 0o777).toBe(0o600);
});

describe('a record that others could have written is not run, and health says why', () => {
  const others = 65534;
  const cases: [string, (state: string, file: string) => void, RegExp][] = [
    [
      'in a folder that everybody can write',
      (state) => void chmodSync(state, 0o777),
      /written by everybody|everybody can write/,
    ],
    [
      'in a folder for records that everybody can write',
      (_, file) => void chmodSync(dirname(file), 0o777),
      /written by everybody|everybody can write/,
    ],
    ['with the mode 0666', (_, file) => void chmodSync(file, 0o666), /can be written by everybody/],
  ];
  // Only root can give a file away.
  if (process.getuid?.() === 0)
    cases.push(
      [
        'where somebody else was first, in a sticky folder',
        (state, file) => {
          chmodSync(dirname(state), 0o1777);
          for (const path of [state, dirname(file), file]) chownSync(path, others, others);
        },
        /belongs to another user/,
      ],
      [
        'of another user, in a folder of ours',
        (_, file) => void chownSync(file, others, others),
        /belongs to another user/,
      ],
    );

  test.each(cases)('%s', async (_name, spoil, reason) => {
    const shared = freshDirectory();
    const state = join(shared, 'panewright');
    const file = join(state, 'sessions', 'build.json');
    const canary = join(shared, 'canary');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      JSON.stringify({ ...record('build', 'x'), args: ['-c', `touch ${canary}; exec bash`] }),
    );
    const before = statSync(file).mtimeMs;
    spoil(state, file);
    const own = await TestServer.start({ env: { XDG_STATE_HOME: shared } });
    try {
      await own.tmux.newSession('other');
      for (const [tool, more] of [
        ['session_send', { prompt: 'echo hi', timeout: 10 }],
        ['session_history', {}],
        ['session_start', { profile: 'bash' }],
      ] as const) {
        const refusal = await own.client.refusal(tool, { name: 'build', ...more });
        expect(refusal).toMatch(/^STATE_UNTRUSTED: /);
        expect(refusal).toMatch(reason);
      }
      expect(JSON.stringify((await own.client.call('health'))['problems'])).toMatch(reason);
      expect(JSON.stringify(await own.client.call('session_list'))).not.toContain('"build"');
      expect(existsSync(canary)).toBe(false);
      expect(statSync(file).mtimeMs).toBe(before);
    } finally {
      await own.close();
    }
  });

  test('an output is not kept where others could replace it', async () => {
    const open = freshDirectory();
    chmodSync(open, 0o777);
    const own = await TestServer.start({ env: { TMPDIR: open } });
    try {
      await own.tmux.newSession('work');
      const done = await own.client.call('execute', {
        session: 'work',
        command: 'seq 1 100000',
        timeout: 60,
      });
      const uri = done['output_uri'] as string;
      const [content] = (await own.client.mcp.readResource({ uri })).contents as { text: string }[];
      expect(content?.text).toMatch(/^\[.*not kept/);
      expect(readdirSync(open, { recursive: true }).filter((name) => String(name).endsWith('.txt'))).toEqual(
        [],
      );
    } finally {
      await own.close();
    }
  });
});
