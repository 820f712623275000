/** A list of sessions is a look in passing: nobody attaches for it, and no bell counts as heard. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestServer } from '../support/server.js';
import { PLAIN_BASH } from '../support/tmux.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ config: { write_enabled: false } });
  for (const session of ['rung', 'other']) await server.tmux.newSession(session, { shell: PLAIN_BASH });
});
afterAll(() => server.close());

const SEEN =
  '#{session_name} #{session_attached} #{window_bell_flag} [#{session_alerts}] #{session_activity} #{session_last_attached}';

test.each([
  ['session_list', {}],
  ['session_status', { name: 'rung', explain: true }],
  ['health', {}],
  ['list_sessions', { detail: true }],
])('%s', async (tool, args) => {
  const { tmux, client } = server;
  await tmux.type('=rung:', `printf '\\a%s\\n' ${tool}\n`);
  await tmux.until('=rung:', new RegExp(`^${tool}$`, 'm'));
  const look = (): Promise<string> => tmux.run('list-windows', '-a', '-F', SEEN);
  const before = await look();
  expect(before).toMatch(/^rung 0 1 /m);
  const result = await client.call(tool, args);
  expect(JSON.stringify(result)).toContain('rung');
  expect(await look()).toBe(before);
  expect(await tmux.run('list-clients')).toBe('');
});
