import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestServer } from '../support/server.js';
import { hostileStrings } from './hostile.js';
import { LEAK, Terrain } from './terrain.js';
import { wholeOf } from './whole.js';

let terrain: Terrain;
let server: TestServer;
let hidden: readonly string[];
let panes: readonly string[];
beforeAll(async () => {
  terrain = await Terrain.make();
  server = await TestServer.start({
    tmux: terrain.tmux,
    config: { allowed_sessions: ['work*', 'frozen', 'guest', 'twin', 'old'] },
  });
  const ids = await terrain.tmux.run('list-panes', '-a', '-F', '#{pane_id}');
  panes = [...new Set(ids.split('\n'))];
  hidden = await terrain.hiddenPanes(/^(work|work-2|frozen|guest|twin)$/);
});
afterAll(async () => {
  await server.close();
  await terrain.dispose();
});

/** What a client is told, answer or error. */
const told = async (asked: Promise<unknown>): Promise<string> =>
  JSON.stringify(await asked.catch((error: unknown) => String(error)));

test('lists, resources and their templates tell nothing of sessions that are not allowed', async () => {
  const { mcp, ...client } = server.client;
  expect(client).toBeDefined();
  const texts = [
    await told(mcp.listResources()),
    await told(mcp.listResourceTemplates()),
    await told(mcp.listPrompts()),
    await told(mcp.readResource({ uri: 'panewright://sessions' })),
    await told(server.client.raw('list_sessions', { detail: true })),
    await told(server.client.raw('session_list')),
    await told(server.client.raw('health')),
    await told(server.client.raw('version')),
  ];
  for (const text of texts) {
    expect(text).not.toContain(LEAK);
    expect(text).not.toMatch(/vault/);
    for (const pane of hidden) expect(text).not.toMatch(new RegExp(`${pane}(?!\\d)`));
  }
  expect(texts[3]).toContain('work-2');
});

test('an error lists no window and no pane that is hidden', async () => {
  const ids = new RegExp(`(${hidden.join('|')})(?!\\d)`);
  for (const session of ['guest', 'twin'])
    for (const tool of ['read_pane', 'pane_info', 'execute', 'write_pane', 'close_pane'])
      for (const place of [{ window: 77 }, { pane: '%987654' }, { pane: 9 }, { window: 5, pane: 9 }]) {
        const text = (tool === 'execute' && { command: 'true' }) || (tool === 'write_pane' && { text: 'x' });
        const refusal = await server.client.refusal(tool, { session, ...place, ...text });
        expect(refusal).toMatch(/^(PANE_NOT_FOUND|SESSION_NOT_ALLOWED): /);
        expect(refusal).not.toMatch(ids);
        expect(refusal).not.toMatch(/Windows: .*5|\(5\.|:5 has no/);
      }
  const refusal = await server.client.refusal('read_pane', { session: 'guest', window: 77 });
  expect(refusal).toMatch(/Windows: 0\./);
});

test('the screens of hidden panes read and are watched like those of panes that never were', async () => {
  expect(hidden.length).toBeGreaterThanOrEqual(3);
  const about = async (pane: string): Promise<string[]> => {
    const uri = `panewright://pane/${pane.slice(1)}`;
    const { mcp } = server.client;
    const texts = [await told(mcp.readResource({ uri })), await told(mcp.subscribeResource({ uri }))];
    return texts.map((text) => text.replaceAll(uri, 'URI').replaceAll(pane.slice(1), 'N'));
  };
  const never = await about('%987654');
  for (const pane of hidden) expect([pane, await about(pane)]).toEqual([pane, never]);
  for (const pane of panes.filter((one) => !hidden.includes(one)))
    expect(await about(pane)).not.toEqual(never);
});

test('completions offer what may be seen, whatever is begun', async () => {
  const { mcp } = server.client;
  const { prompts } = await mcp.listPrompts();
  const before = await wholeOf(terrain.tmux);
  let asked = 0;
  for (const value of [
    '',
    'v',
    'va',
    'vault',
    'L',
    'LEAK',
    LEAK,
    'w',
    '%',
    ...hostileStrings(terrain.canary),
  ])
    for (const [ref, name] of [
      ...prompts.flatMap((prompt) =>
        (prompt.arguments ?? []).map(
          (argument) => [{ type: 'ref/prompt', name: prompt.name }, argument.name] as const,
        ),
      ),
      [{ type: 'ref/resource', uri: 'panewright://pane/{id}' }, 'id'] as const,
    ]) {
      asked += 1;
      const { completion } = await mcp.complete({ ref: ref, argument: { name, value } });
      expect(JSON.stringify(completion.values)).not.toContain(LEAK);
      expect(completion.values).not.toContain('vault');
      if (name === 'id' || name === 'pane')
        for (const pane of hidden) expect(completion.values).not.toContain(pane.slice(1));
    }
  expect(asked).toBeGreaterThan(1_000);
  expect(await wholeOf(terrain.tmux)).toBe(before);
}, 120_000);
