import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed } from './bed.js';
import { stateOf } from './state.js';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
  await bed.tmux.newSession('work');
  await bed.call('execute', { session: 'work', command: 'true', timeout: 60 });
});
afterAll(() => bed.close());

const TERMINAL_TOOLS: Readonly<Record<string, Record<string, unknown>>> = {
  execute: { session: 'work', command: 'true' },
  read_pane: { session: 'work' },
  write_pane: { session: 'work', text: ' ' },
  send_keys: { session: 'work', key: 'C-u' },
  wait_for: { session: 'work', timeout: 0.2 },
  list_sessions: {},
  pane_info: { session: 'work' },
  open_pane: { session: 'work' },
  close_pane: { session: 'work', window: 1 },
  version: {},
};

describe('the ten terminal tools', () => {
  test('are listed with schemas, annotations and short descriptions; the old names are not', async () => {
    const { tools } = await bed.server.client.mcp.listTools();
    const names = tools.map((tool) => tool.name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(TERMINAL_TOOLS)));
    for (const old of Object.keys(OLD)) expect(names).not.toContain(old);
    for (const tool of tools) {
      expect(tool.description?.length).toBeLessThan(600);
      expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(tool.outputSchema).toMatchObject({ type: 'object' });
      expect(Object.keys(tool.inputSchema)).not.toEqual(expect.arrayContaining(['anyOf']));
      for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const)
        expect(typeof tool.annotations?.[hint]).toBe('boolean');
      for (const key of Object.keys(tool.inputSchema.properties ?? {})) expect(key).toMatch(/^[a-z_]+$/);
    }
  });

  test('what a model sees of all tools stays under 4,500 tokens', async () => {
    const { tools } = await bed.server.client.mcp.listTools();
    const seen = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
    // About four characters a token for JSON and English.
    expect(JSON.stringify(seen).length / 4).toBeLessThan(4_500);
  });

  test('only what changes nothing is called read-only, only close_pane is destructive', async () => {
    const { tools } = await bed.server.client.mcp.listTools();
    const own = tools.filter((tool) => tool.name in TERMINAL_TOOLS);
    expect(
      own
        .filter((tool) => tool.annotations?.readOnlyHint)
        .map((tool) => tool.name)
        .sort(),
    ).toEqual(['list_sessions', 'pane_info', 'read_pane', 'version', 'wait_for']);
    expect(own.filter((tool) => tool.annotations?.destructiveHint).map((tool) => tool.name)).toEqual([
      'close_pane',
    ]);
  });

  test.each(Object.entries(TERMINAL_TOOLS))(
    '%s answers with structured content that fits its schema, and with the same as text',
    async (tool, args) => {
      const result = await bed.call(tool, args);
      const time = result['timestamp'] as string;
      expect(new Date(time).toISOString()).toBe(time);
      if ('session' in args && tool !== 'list_sessions') {
        expect(result['target']).toMatch(/^work:\d+\.\d+$/);
        expect(result['pane_id']).toMatch(/^%\d+$/);
      }
    },
  );

  test.each(Object.entries(TERMINAL_TOOLS))(
    '%s names an unknown argument and does nothing',
    async (tool, args) => {
      const before = await stateOf(bed.tmux);
      const text = await bed.refusal(tool, { ...args, comand: 'x', 'weird "key"': 1 });
      expect(text).toMatch(/^INVALID_ARGUMENT: .*"comand"/);
      if (tool === 'execute') expect(text).toMatch(/known: .*command/);
      expect(await stateOf(bed.tmux)).toBe(before);
    },
  );

  test.each(Object.keys(TERMINAL_TOOLS).filter((tool) => !['list_sessions', 'version'].includes(tool)))(
    '%s says that the session is missing',
    async (tool) => {
      const { session: _, ...rest } = TERMINAL_TOOLS[tool] ?? {};
      expect(await bed.refusal(tool, rest)).toMatch(/^INVALID_ARGUMENT: .*session is missing/);
    },
  );

  test('errors are results whose text is CODE: what failed. What to do next.', async () => {
    const result = await bed.server.client.raw('read_pane', { session: 'wrok' });
    expect(result.isError).toBe(true);
    expect(result.content).toHaveLength(1);
    expect(result.content[0]).toMatchObject({
      type: 'text',
      text: 'SESSION_NOT_FOUND: no session "wrok". Sessions: work. Use one of these names exactly.',
    });
  });

  test('a tool that does not exist is named, with those that do', async () => {
    expect(await bed.refusal('exceute', {})).toMatch(/^INVALID_ARGUMENT: .*"exceute".*execute/);
  });
});

const OLD: Readonly<Record<string, Record<string, unknown>>> = {
  read_tmux_pane: { session: 'work' },
  write_tmux_pane: { session: 'work', text: ' ' },
  send_keys_tmux: { session: 'work', keys: 'C-u' },
  get_tmux_sessions: {},
  get_pane_info: { session: 'work' },
  get_server_version: {},
};

describe('the names of the predecessor', () => {
  test.each(Object.entries(OLD))('%s is accepted', async (tool, args) => {
    expect(typeof (await bed.call(tool, args))['timestamp']).toBe('string');
  });

  test('send_keys_tmux takes key as well', async () => {
    expect(await bed.call('send_keys_tmux', { session: 'work', key: 'C-u' })).toMatchObject({ key: 'C-u' });
  });
});

describe('the server as such', () => {
  test('tells a model in under 1,500 characters when to use which tool', () => {
    const text = bed.server.client.mcp.getInstructions() ?? '';
    expect(text.length).toBeGreaterThan(200);
    expect(text.length).toBeLessThan(1_500);
    for (const tool of ['execute', 'read_pane', 'write_pane', 'send_keys', 'wait_for', 'list_sessions'])
      expect(text).toContain(tool);
  });

  test('arguments that are no object at all are an error, not a crash', async () => {
    const { mcp } = bed.server.client;
    for (const args of ['text', 5, ['a'], null])
      await mcp.callTool({ name: 'version', arguments: args as never }).catch(() => undefined);
    expect((await bed.call('version', {}))['tmux_available']).toBe(true);
  });
});
