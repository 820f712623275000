import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Json } from '../support/client.js';
import { TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  await server.tmux.newSession('keeper');
});
afterAll(() => server.close());

const names = async (): Promise<string[]> =>
  (await server.tmux.run('list-sessions', '-F', '#{session_name}')).split('\n').sort();
const known = async (): Promise<string[]> =>
  ((await server.client.call('session_list'))['sessions'] as Json[]).map(({ name }) => String(name)).sort();

describe('a name that tmux would change', () => {
  test.each([
    ...['p$HOME', 'p$_', 'p${x', 'a\\b', 'a\\', '\\$x', 'a.b', 'a:b', 'a##b', 'a#{pid}', 'tab\tb', 'line\nb'],
    ...[
      '\x7f',
      'c1\x85b',
      'line\u2028b',
      'paragraph\u2029b',
      'none\uffffb',
      'unassigned\u0378b',
      'half\ud83db',
    ],
    // Assigned since Unicode 16: known here before it is to the C library that tmux asks.
    'new\u1c89b',
  ])('%j is refused, or kept as it is, and nothing is left behind', async (name) => {
    const before = await names();
    const { isError, content } = await server.client.raw('session_start', { name, profile: 'bash' });
    if (isError === true) {
      const refused = /INVALID_ARGUMENT: [^]*cannot be the name/;
      expect(JSON.stringify(content)).toMatch(refused);
      const send = { name, prompt: 'echo hi', profile: 'bash' };
      expect(await server.client.refusal('session_send', send)).toMatch(refused);
    } else {
      // Where its own C library can show the character, tmux changes nothing.
      expect(name).toMatch(/\u1c89/);
      expect(await names()).toContain(name);
      await server.client.call('session_destroy', { name });
    }
    expect(await names()).toEqual(before);
    expect(await known()).toEqual(before);
  });
});

test.each(['a$', 'cost $1', 'a$$', 'é ü', '🇩🇪', 'a;', 'a"b\'c', '~x', '*', 'a%b', 'x'.repeat(100)])(
  'a session called %j is found, used and ended by that name',
  async (name) => {
    const { client } = server;
    expect(await client.call('session_start', { name, profile: 'bash' })).toMatchObject({ name });
    expect(await names()).toContain(name);
    expect(await client.call('session_send', { name, prompt: 'echo hi' })).toMatchObject({ response: 'hi' });
    expect(await client.call('session_destroy', { name })).toMatchObject({ destroyed: true });
    expect(await names()).not.toContain(name);
  },
);

test('a session that was renamed is neither ended nor started anew, and it is said where it lives on', async () => {
  const { client, tmux } = server;
  await client.call('session_start', { name: 'first', profile: 'bash' });
  await tmux.run('rename-session', '-t', '=first', 'second');
  expect(await client.refusal('session_destroy', { name: 'first' })).toMatch(
    /^SESSION_NOT_FOUND: .*lives on in session "second"\. Nothing was ended/,
  );
  expect(await names()).toContain('second');
  // Nor is another one started in its stead.
  for (const [tool, args] of [
    ['session_send', { prompt: 'echo hi' }],
    ['session_interrupt', {}],
  ] as const)
    expect(await client.refusal(tool, { name: 'first', ...args })).toMatch(
      /^SESSION_NOT_FOUND: .*lives on in session "second"\. Nothing was sent/,
    );
  expect(await names()).toEqual(['keeper', 'second']);
  expect(await client.call('session_send', { name: 'second', prompt: 'echo hi' })).toMatchObject({
    response: 'hi',
  });
  await client.call('session_destroy', { name: 'second', force: true });
  expect(await client.call('session_destroy', { name: 'first' })).toMatchObject({ destroyed: true });
  expect(await names()).toEqual(['keeper']);
  expect(await known()).toEqual(['keeper']);
});

test('where it lives on is not told to whom that session is hidden', async () => {
  const { client, tmux } = server;
  await client.call('session_start', { name: 'shown', profile: 'bash' });
  await tmux.run('rename-session', '-t', '=shown', 'vault');
  server.configure({ allowed_sessions: ['shown'] });
  try {
    const refusal = await client.refusal('session_destroy', { name: 'shown', force: true });
    expect(refusal).toMatch(/^SESSION_NOT_FOUND: .*lives on in another session/);
    expect(refusal).not.toContain('vault');
    expect(await names()).toContain('vault');
  } finally {
    server.configure({});
  }
});
