import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestServer } from '../support/server.js';
import { calls, hostile, hostileStrings, type Arguments } from './hostile.js';
import { nothingChanges, timeFor } from './property.js';
import { LEAK, Terrain } from './terrain.js';
import { wholeOf } from './whole.js';

let terrain: Terrain;
let server: TestServer;
beforeAll(async () => {
  terrain = await Terrain.make();
  server = await TestServer.start({ tmux: terrain.tmux, config: CONFIG });
  await server.client.mcp.listTools();
});
afterAll(async () => {
  await server.close();
  await terrain.dispose();
});

const SESSIONS = ['work', 'work-2', 'frozen', 'guest', 'twin', 'old', 'vault', 'none'];
const CONFIG = {
  write_enabled: true,
  allowed_sessions: ['work*', 'frozen', 'guest', 'twin', 'old', 'none'],
  max_timeout: 0.5,
};
const TARGET: Arguments = {
  session: SESSIONS,
  window: [undefined, undefined, 0, 0, 1, 5],
  pane: [undefined, undefined, 0, 0, 1, '%0', '%1', '%2', '%3', '%7', '%8'],
};
const TIMEOUT = { timeout: [0.01, 0.05] };
// No host but this machine is in the configuration.
const HOST = ['local', 'local', 'local', 'local', undefined, 'elsewhere'];

const LISTED: Readonly<Record<string, Arguments>> = {
  read_pane: { ...TARGET, lines: [1, 10, 1000], ansi: [true, false] },
  read_tmux_pane: TARGET,
  wait_for: { ...TARGET, pattern: ['never', '[0-9]+', '.'], ...TIMEOUT },
  pane_info: TARGET,
  get_pane_info: TARGET,
  list_sessions: { detail: [true, false] },
  get_tmux_sessions: {},
  version: {},
  get_server_version: {},
  session_status: { name: SESSIONS, explain: [true, false] },
  session_wait: { name: SESSIONS, turn_id: ['t1', 't2'], ...TIMEOUT },
  session_history: { name: SESSIONS, limit: [1, 200] },
  session_list: {},
  health: {},
};
const READS: Readonly<Record<string, Arguments>> = Object.fromEntries(
  Object.entries(LISTED).map(([tool, args]) => [tool, { ...args, host: HOST }]),
);

test('the list above has every tool that says it only reads', async () => {
  const { tools } = await server.client.mcp.listTools();
  const reading = tools.filter(({ annotations }) => annotations?.readOnlyHint === true);
  expect(Object.keys(READS)).toEqual(expect.arrayContaining(reading.map(({ name }) => name)));
  for (const { name, inputSchema } of reading)
    expect(Object.keys(READS[name] ?? {}).sort()).toEqual(Object.keys(inputSchema.properties ?? {}).sort());
});

test(
  'no reading tool changes anything, whatever it is called with, or says a word of what is not allowed',
  async () => {
    const anything = hostile(terrain.canary);
    const counts = await nothingChanges(terrain, server.client, calls(READS, anything), 6_000);
    // Every tool was really reached, not only refused.
    for (const tool of Object.keys(READS))
      expect([tool, counts.get(`${tool} ok`) ?? 0]).not.toEqual([tool, 0]);
  },
  timeFor(6_000),
);

test('every hostile value in every argument of every reading tool, one by one', async () => {
  const before = await wholeOf(terrain.tmux);
  let count = 0;
  for (const [tool, takes] of Object.entries(READS)) {
    const valid = Object.fromEntries(Object.entries(takes).map(([name, values]) => [name, values[0]]));
    const tried = Object.keys(takes).flatMap((name) =>
      hostileStrings(terrain.canary).map((value) => ({ ...valid, [name]: value })),
    );
    count += tried.length;
    for (let i = 0; i < tried.length; i += 40) {
      const results = await Promise.all(tried.slice(i, i + 40).map((args) => server.client.raw(tool, args)));
      expect(JSON.stringify(results)).not.toContain(LEAK);
    }
    expect([tool, await wholeOf(terrain.tmux)]).toEqual([tool, before]);
  }
  expect(count).toBeGreaterThan(2_000);
}, 200_000);

test('resources: a hostile address is not there, and reads no file', async () => {
  for (const value of hostileStrings(terrain.canary)) {
    for (const uri of [value, `panewright://output/${value}`, `panewright://${value}`])
      await expect(server.client.mcp.readResource({ uri })).rejects.toThrow(
        /OUTPUT_NOT_FOUND|[Ii]nvalid|expected/,
      );
  }
});
