import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { TestServer } from '../support/server.js';
import { HttpServer } from './http-server.js';

let server: TestServer;
let pane: string;
beforeAll(async () => {
  server = await TestServer.start({ config: { allowed_sessions: ['work', 'extra'] } });
  pane = await server.tmux.newSession('work');
  await server.tmux.newSession('secret');
});
afterAll(() => server.close());

const number = async (session: string): Promise<string> =>
  (await server.tmux.value(session, '#{pane_id}')).slice(1);

/** Resolves at the next notification about a resource that comes after this was called. */
function updates(client: Client): { next(uri: string): Promise<void>; readonly seen: string[] } {
  const events = new EventEmitter();
  const seen: string[] = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params: { uri } }) => {
    seen.push(uri);
    events.emit(uri);
  });
  return { seen, next: async (uri) => void (await once(events, uri)) };
}

describe('resources', () => {
  test('the sessions are a resource, with the panes that may be seen and no others', async () => {
    const { mcp } = server.client;
    expect((await mcp.listResources()).resources).toMatchObject([{ uri: 'panewright://sessions' }]);
    const [content] = (await mcp.readResource({ uri: 'panewright://sessions' })).contents;
    const { sessions } = JSON.parse((content as { text: string }).text) as { sessions: { name: string }[] };
    expect(sessions.map(({ name }) => name)).toEqual(['work']);
  });

  test('the screen of a pane is a resource, by the number of its id', async () => {
    const { mcp } = server.client;
    expect(
      (await mcp.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    ).toEqual(['panewright://output/{id}', 'panewright://pane/{id}']);
    await server.client.call('execute', { session: 'work', command: 'echo on the screen' });
    const { contents } = await mcp.readResource({ uri: `panewright://pane/${await number('work')}` });
    expect(contents).toMatchObject([
      { mimeType: 'text/plain', text: expect.stringMatching(/^on the screen$/m) as unknown },
    ]);
  });

  test('a pane of a session that is not allowed reads as one that does not exist', async () => {
    const { mcp } = server.client;
    const refusal = (id: string) =>
      mcp
        .readResource({ uri: `panewright://pane/${id}` })
        .then(String, (error: Error) => error.message.replaceAll(id, 'N'));
    const hidden = await refusal(await number('secret'));
    expect(hidden).toContain('PANE_NOT_FOUND');
    expect(hidden).toBe(await refusal('4711'));
    await expect(
      mcp.subscribeResource({ uri: `panewright://pane/${await number('secret')}` }),
    ).rejects.toThrow('PANE_NOT_FOUND');
  });

  test('what is no resource cannot be read or subscribed to', async () => {
    const { mcp } = server.client;
    for (const uri of ['panewright://nothing', 'file:///etc/passwd', 'panewright://pane/x']) {
      await expect(mcp.readResource({ uri })).rejects.toThrow('OUTPUT_NOT_FOUND');
      await expect(mcp.subscribeResource({ uri })).rejects.toThrow('OUTPUT_NOT_FOUND');
    }
  });
});

describe('subscriptions', () => {
  test('a pane that prints tells those who subscribed, until they unsubscribe', async () => {
    const { mcp } = server.client;
    const uri = `panewright://pane/${await number('work')}`;
    const heard = updates(mcp);
    await mcp.subscribeResource({ uri });
    const told = heard.next(uri);
    await server.tmux.type(pane, 'echo news\n');
    await told;
    await mcp.unsubscribeResource({ uri });
    const before = heard.seen.length;
    await server.client.call('execute', { session: 'work', command: 'echo unheard' });
    expect(heard.seen.length).toBe(before);
  });

  test('a burst of output becomes a few notifications', async () => {
    const { mcp } = server.client;
    const uri = `panewright://pane/${await number('work')}`;
    const heard = updates(mcp);
    await mcp.subscribeResource({ uri });
    const began = performance.now();
    await server.client.call('execute', { session: 'work', command: 'seq 1 20000', timeout: 30 });
    const most = (performance.now() - began) / 200 + 2;
    expect(heard.seen.length).toBeGreaterThan(0);
    expect(heard.seen.length).toBeLessThanOrEqual(most);
    await mcp.unsubscribeResource({ uri });
  });

  test('sessions that come, split, are renamed and go are told', async () => {
    const { mcp } = server.client;
    const uri = 'panewright://sessions';
    const heard = updates(mcp);
    await mcp.subscribeResource({ uri });
    for (const change of [
      () => server.tmux.newSession('extra'),
      () => server.tmux.run('new-window', '-d', '-t', '=work:', 'cat'),
      () => server.tmux.run('rename-session', '-t', '=extra', 'other'),
      () => server.tmux.run('kill-session', '-t', '=other'),
    ]) {
      const told = heard.next(uri);
      await change();
      await told;
    }
    await mcp.unsubscribeResource({ uri });
  });

  test('a pane that may no longer be seen is not told of', async () => {
    const { mcp } = server.client;
    const uri = `panewright://pane/${await number('work')}`;
    const heard = updates(mcp);
    await mcp.subscribeResource({ uri });
    server.configure({ allowed_sessions: ['extra'] });
    await server.tmux.type(pane, 'echo hidden; tmux wait-for -S hidden\n');
    await server.tmux.channel('hidden');
    await mcp.listResources();
    expect(heard.seen).toEqual([]);
    server.configure({ allowed_sessions: ['work', 'extra'] });
  });

  test('over HTTP the notification comes to the client that subscribed', async () => {
    const http = await HttpServer.start();
    try {
      const other = await http.tmux.newSession('work');
      const client = await http.connect();
      const uri = `panewright://pane/${(await http.tmux.value(other, '#{pane_id}')).slice(1)}`;
      const heard = updates(client);
      await client.subscribeResource({ uri });
      const told = heard.next(uri);
      await http.tmux.type(other, 'echo news\n');
      await told;
    } finally {
      await http.close();
    }
  });
});

describe('prompts and completions', () => {
  test('every prompt has a title and gives a text with what was asked for in it', async () => {
    const { mcp } = server.client;
    const { prompts } = await mcp.listPrompts();
    expect(prompts.length).toBeGreaterThanOrEqual(3);
    const { tools } = await mcp.listTools();
    for (const { name, title, description, arguments: args = [] } of prompts) {
      expect(title && description).toBeTruthy();
      const given = Object.fromEntries(args.map((arg) => [arg.name, `the-${arg.name}`]));
      const { messages } = await mcp.getPrompt({ name, arguments: given });
      const text = (messages[0]?.content as { text: string }).text;
      for (const value of Object.values(given)) expect(text).toContain(value);
      // A prompt that names a tool which does not exist would mislead.
      const named = [...text.matchAll(/\b[a-z]+_[a-z]+\b/g)].map(([word]) => word);
      const facts = ['exit_code', 'output_lines', 'waiting_for_input', 'working_dir'];
      const known = [...tools.map((tool) => tool.name), ...facts];
      expect(named.filter((word) => !known.includes(word))).toEqual([]);
    }
  });

  test('a prompt without what it needs, or that does not exist, is an error that says so', async () => {
    const { mcp } = server.client;
    await expect(mcp.getPrompt({ name: 'explain_pane' })).rejects.toThrow('session');
    await expect(mcp.getPrompt({ name: 'no_such' })).rejects.toThrow('watch_long_build');
  });

  const complete = async (
    ref: { name: string } | { uri: string },
    name: string,
    value: string,
    given?: Record<string, string>,
  ) => {
    const { completion } = await server.client.mcp.complete({
      ref: 'uri' in ref ? { type: 'ref/resource', ...ref } : { type: 'ref/prompt', ...ref },
      argument: { name, value },
      ...(given && { context: { arguments: given } }),
    });
    return completion.values;
  };

  test('sessions, windows, panes and profiles are completed, allowed ones only', async () => {
    expect(await complete({ name: 'explain_pane' }, 'session', '')).toEqual(['work']);
    expect(await complete({ name: 'explain_pane' }, 'session', 'sec')).toEqual([]);
    expect(await complete({ name: 'explain_pane' }, 'window', '0')).toEqual(['0']);
    const visible = await complete({ uri: 'panewright://pane/{id}' }, 'id', '');
    expect(visible).toContain(await number('work'));
    expect(visible).not.toContain(await number('secret'));
    expect(await complete({ name: 'delegate_to_agent' }, 'profile', 'py')).toEqual(['python']);
    expect(await complete({ name: 'explain_pane' }, 'no_such', '')).toEqual([]);
  });

  test('windows are those of the session that was chosen before, and panes those of the window', async () => {
    const { tmux } = server;
    await tmux.newSession('extra');
    await tmux.run('new-window', '-d', '-t', '=extra:7', 'cat');
    const pane = (await tmux.value('=extra:7', '#{pane_id}')).slice(1);
    const ref = { name: 'explain_pane' };
    expect(await complete(ref, 'window', '', { session: 'extra' })).toEqual(['0', '7']);
    expect(await complete(ref, 'window', '7', { session: 'work' })).toEqual([]);
    expect(await complete(ref, 'window', '', { session: 'secret' })).toEqual([]);
    expect(await complete(ref, 'pane', '', { session: 'extra', window: '7' })).toEqual([pane]);
    expect(await complete(ref, 'pane', '', { session: 'extra' })).toHaveLength(2);
    await tmux.run('kill-session', '-t', '=extra');
  });
});
