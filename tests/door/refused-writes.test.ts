import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { TestServer } from '../support/server.js';
import { calls, hostile, hostileStrings, type Arguments } from './hostile.js';
import { nothingChanges, timeFor, type Judgement } from './property.js';
import { Terrain } from './terrain.js';
import { wholeOf } from './whole.js';

let terrain: Terrain;
let server: TestServer;
beforeAll(async () => {
  terrain = await Terrain.make();
  server = await TestServer.start({ tmux: terrain.tmux, config: { write_enabled: false } });
  await server.client.mcp.listTools();
});
afterEach(() => server.configure({ write_enabled: false }));
afterAll(async () => {
  await server.close();
  await terrain.dispose();
});

const SESSIONS = ['work', 'work-2', 'frozen', 'guest', 'twin', 'old', 'vault', 'fresh'];
const TARGET: Arguments = {
  session: SESSIONS,
  window: [undefined, undefined, 0, 1, 5],
  pane: [undefined, undefined, 0, 1, '%0', '%7'],
};
const name = SESSIONS;

/** Every argument has a value that would leave a trace. */
const writes = (): Readonly<Record<string, Arguments>> => {
  const command = `touch ${terrain.canary}`;
  // No host but this machine is in the configuration; what is allowed on others: tests/hosts/rights.test.ts.
  const host = ['local', 'local', 'local', 'local', 'elsewhere', `-oProxyCommand=${command}`];
  const tools: Readonly<Record<string, Arguments>> = {
    execute: { ...TARGET, command: [command], timeout: [0.2], force: [true, false] },
    write_pane: { ...TARGET, text: [`${command}\n`], paste: [true, false] },
    write_tmux_pane: { ...TARGET, text: [`${command}\n`] },
    send_keys: { ...TARGET, key: ['x', 'Enter', ['C-c', 'C-d']] },
    send_keys_tmux: { ...TARGET, keys: ['x', 'Enter'] },
    open_pane: {
      ...TARGET,
      placement: ['window', 'right', 'below'],
      command: [command],
      working_dir: ['/tmp'],
      name: ['new'],
    },
    close_pane: TARGET,
    session_start: {
      name,
      profile: ['bash', 'python'],
      claude_session_id: ['11111111-1111-4111-8111-111111111111'],
      working_dir: ['/tmp'],
      args: [['-c', command]],
      env: [{ BASH_ENV: terrain.canary }],
      trust: ['ask', 'accept'],
    },
    session_send: {
      name,
      prompt: [command],
      timeout: [0.2],
      raw: [true, false],
      claude_session_id: ['x'],
      working_dir: ['/tmp'],
      profile: ['bash'],
      on_busy: ['steer', 'refuse', 'interrupt'],
    },
    session_answer: { name, dialog_id: ['d1'], choice: [1, 'allow', 'deny'], text: [command] },
    session_interrupt: { name },
    session_destroy: { name, force: [true] },
    session_set_claude_id: { name, claude_session_id: ['x'] },
  };
  return Object.fromEntries(Object.entries(tools).map(([tool, args]) => [tool, { ...args, host }]));
};

test('the list above has every tool that says it writes', async () => {
  const { tools } = await server.client.mcp.listTools();
  const writing = tools.filter(({ annotations }) => annotations?.readOnlyHint !== true);
  expect(Object.keys(writes())).toEqual(expect.arrayContaining(writing.map((tool) => tool.name)));
  for (const tool of writing)
    expect(Object.keys(writes()[tool.name] ?? {}).sort()).toEqual(
      Object.keys(tool.inputSchema.properties ?? {}).sort(),
    );
});

const denied =
  (...codes: readonly string[]) =>
  ({ call, text, isError }: Judgement): void => {
    expect([call.tool, isError]).toEqual([call.tool, true]);
    expect(['INVALID_ARGUMENT', 'HOST_UNKNOWN', ...codes]).toContain(text.split(':')[0]);
  };

test(
  'while writing is off no call changes anything',
  async () => {
    const drawn = calls(writes(), hostile(terrain.canary));
    const counts = await nothingChanges(terrain, server.client, drawn, 3_000, denied('WRITE_DISABLED'));
    for (const tool of Object.keys(writes()))
      expect([tool, counts.get(`${tool} WRITE_DISABLED`) ?? 0]).not.toEqual([tool, 0]);
  },
  timeFor(3_000),
);

test(
  'while no session is allowed no call changes anything, or tells what exists',
  async () => {
    server.configure({ write_enabled: true, allowed_sessions: ['nothing-has-this-name'], max_timeout: 0.5 });
    const drawn = calls(writes(), hostile(terrain.canary));
    const counts = await nothingChanges(terrain, server.client, drawn, 2_000, (judged) => {
      denied('SESSION_NOT_ALLOWED', 'PROFILE_UNKNOWN')(judged);
      for (const exists of ['work-2', 'frozen', 'guest', 'twin'])
        if (!JSON.stringify(judged.call).includes(exists)) expect(judged.text).not.toContain(exists);
    });
    for (const tool of Object.keys(writes()))
      expect([tool, counts.get(`${tool} SESSION_NOT_ALLOWED`) ?? 0]).not.toEqual([tool, 0]);
  },
  timeFor(2_000),
);

test(
  'while every session is read-only no call changes anything',
  async () => {
    server.configure({ write_enabled: true, read_only_sessions: ['*'], max_timeout: 0.5 });
    const drawn = calls(writes(), hostile(terrain.canary));
    const counts = await nothingChanges(
      terrain,
      server.client,
      drawn,
      2_000,
      denied('WRITE_DISABLED', 'PROFILE_UNKNOWN', 'SESSION_NOT_FOUND', 'PANE_NOT_FOUND'),
    );
    for (const tool of Object.keys(writes()))
      expect([tool, counts.get(`${tool} WRITE_DISABLED`) ?? 0]).not.toEqual([tool, 0]);
  },
  timeFor(2_000),
);

test(
  'while the configuration is broken no call changes anything',
  async () => {
    server.configure({ write_enabled: 'yes' });
    const drawn = calls(writes(), hostile(terrain.canary));
    const codes = ['CONFIG_INVALID', 'PROFILE_UNKNOWN'];
    await nothingChanges(terrain, server.client, drawn, 1_000, denied(...codes));
  },
  timeFor(1_000),
);

test('a write in an allowed session leaves all others as they were, whatever it is called with', async () => {
  server.configure({ write_enabled: true, allowed_sessions: ['work-2'], max_timeout: 0.3 });
  const others = (await terrain.tmux.run('list-sessions', '-F', '#{session_id} #{session_name}'))
    .split('\n')
    .filter((line) => !line.endsWith(' work-2'))
    .map((line) => line.split(' ')[0] ?? '');
  const before = await wholeOf(terrain.tmux, others);
  const { canary } = terrain;
  const harmless = hostileStrings(canary).filter((text) => !text.includes('kill') && text.length < 1_000);
  const keys = { session: 'work-2', pane: 0 };
  for (const text of harmless) {
    // What is typed at a shell runs there: that is what the tool is for. So nothing is submitted here.
    if (!/[\n\r]/.test(text)) await server.client.raw('write_pane', { ...keys, text });
    await server.client.raw('send_keys', { ...keys, key: 'C-u' });
    await server.client.raw('send_keys', { ...keys, key: text });
    await server.client.raw('open_pane', { ...keys, name: text, command: 'true' });
    await server.client.raw('open_pane', { ...keys, working_dir: text, command: 'true' });
    await server.client.raw('open_pane', { ...keys, working_dir: `/tmp/${text}`, command: 'true' });
    await server.client.raw('session_start', { name: text, profile: 'bash' });
    await server.client.raw('session_set_claude_id', { name: 'work-2', claude_session_id: text });
  }
  expect(await wholeOf(terrain.tmux, others)).toBe(before);
  expect(existsSync(canary)).toBe(false);
  const names = (await terrain.tmux.run('list-sessions', '-F', '#{session_id}')).split('\n');
  expect(names.filter((id) => !others.includes(id))).toHaveLength(1);
}, 100_000);
