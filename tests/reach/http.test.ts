import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { HttpServer, INITIALIZE, TOKEN } from './http-server.js';

const execute = (client: Client, session: string, command: string, timeout = 20) =>
  client.callTool({ name: 'execute', arguments: { session, command, timeout } }, CallToolResultSchema, {
    timeout: 60_000,
  });

describe('a server over HTTP', () => {
  let server: HttpServer;
  beforeAll(async () => {
    server = await HttpServer.start();
    await server.tmux.newSession('work');
    await server.tmux.newSession('other');
  });
  afterAll(() => server.close());

  test('listens on the loopback address unless told otherwise, and says where', () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
  });

  test('a client lists the tools and runs a command in a real pane', async () => {
    const client = await server.connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('execute');
    expect((await execute(client, 'work', 'echo "over http"')).structuredContent).toMatchObject({
      output_lines: ['over http'],
      exit_code: 0,
    });
  });

  test('two clients work at once, each in its own session', async () => {
    const clients = await Promise.all([server.connect('one'), server.connect('two')]);
    // Each waits for the other, so neither can end if they are served one after the other.
    const commands = [
      ['work', 'tmux wait-for -S here; tmux wait-for there; echo one'],
      ['other', 'tmux wait-for here; tmux wait-for -S there; echo two'],
    ] as const;
    const results = await Promise.all(
      commands.map(([session, command], index) => execute(clients[index] as Client, session, command)),
    );
    expect(results.map(({ structuredContent: s }) => (s as { output_lines: string[] }).output_lines)).toEqual(
      [['one'], ['two']],
    );
  });

  test('progress reaches the client while a call runs, and a cancelled call leaves the program alone', async () => {
    const client = await server.connect();
    const cancel = new AbortController();
    const messages: (string | undefined)[] = [];
    const args = { session: 'work', pattern: 'never printed', timeout: 60 };
    const running = client.callTool({ name: 'wait_for', arguments: args }, CallToolResultSchema, {
      signal: cancel.signal,
      timeout: 60_000,
      onprogress: ({ message }) => {
        messages.push(message);
        cancel.abort();
      },
    });
    await expect(running).rejects.toThrow(/abort/i);
    expect(messages[0]).toMatch(/\w+/);
    expect((await execute(client, 'work', 'echo still here')).structuredContent).toMatchObject({
      output_lines: ['still here'],
    });
  });

  test('a session that its client has ended is not found any more', async () => {
    const begun = await server.send({});
    const id = begun.headers['mcp-session-id'] as string;
    expect(begun.status).toBe(200);
    const list = {
      headers: { 'Mcp-Session-Id': id },
      body: '{"jsonrpc":"2.0","id":2,"method":"tools/list"}',
    };
    expect((await server.send(list)).status).toBe(200);
    expect(
      (await server.send({ method: 'DELETE', headers: { 'Mcp-Session-Id': id }, body: '' })).status,
    ).toBe(200);
    expect((await server.send(list)).status).toBe(404);
  });

  test('a session that never was is not found, whatever is asked of it', async () => {
    const headers = { 'Mcp-Session-Id': 'never-was' };
    const body = '{"jsonrpc":"2.0","id":2,"method":"tools/list"}';
    for (const method of ['GET', 'POST', 'DELETE'])
      expect((await server.send({ method, headers, body: method === 'POST' ? body : '' })).status).toBe(404);
  });

  test('a request without a session that does not begin one is told to begin', async () => {
    const reply = await server.send({ body: '{"jsonrpc":"2.0","id":2,"method":"tools/list"}' });
    expect(reply).toMatchObject({
      status: 400,
      text: expect.stringContaining('initialize') as unknown as string,
    });
  });

  test.each([
    ['no token', { Authorization: '' }, 401],
    ['a wrong token', { Authorization: 'Bearer not-the-token' }, 401],
    ['the beginning of the token', { Authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 401],
    ['the token in another scheme', { Authorization: `Basic ${TOKEN}` }, 401],
    ['a foreign Host', { Host: 'evil.example' }, 403],
    ['a foreign Host with our port', { Host: 'evil.example:8722' }, 403],
    ['a Host that only begins like ours', { Host: '127.0.0.1.evil.example' }, 403],
    ['a foreign Origin', { Origin: 'https://evil.example' }, 403],
    ['the Origin of a local file', { Origin: 'null' }, 403],
    ['an Origin that only begins like ours', { Origin: 'http://localhost.evil.example' }, 403],
  ])('%s is refused', async (_what, headers, status) => {
    const reply = await server.send({ headers });
    expect(reply.status).toBe(status);
    expect(reply.text).not.toContain(TOKEN);
    expect(reply.headers['www-authenticate']).toEqual(
      status === 401 ? 'Bearer realm="panewright"' : undefined,
    );
  });

  test.each([
    ['localhost', { Host: 'localhost:1234' }],
    ['the loopback address of IPv6', { Host: '[::1]:1234' }],
    ['a page of this machine', { Origin: 'http://localhost:6274' }],
  ])('%s is let in', async (_what, headers) => {
    expect((await server.send({ headers })).status).toBe(200);
  });

  test('a body of more than 4 MB is refused, whether it says so or not, and the server goes on', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024 + 1, 0x20);
    const announced = await server.send({ body, headers: { 'Content-Length': String(body.length) } });
    const chunked = await server.send({ body, headers: { 'Transfer-Encoding': 'chunked' } });
    expect([announced.status, chunked.status]).toEqual([413, 413]);
    expect((await server.send({})).status).toBe(200);
  });

  test('other paths, broken JSON and other content types are told apart', async () => {
    expect((await server.send({ path: '/' })).status).toBe(404);
    expect(await server.send({ method: 'PUT' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, POST, DELETE' },
    });
    expect((await server.send({ body: '{' })).status).toBe(400);
    expect((await server.send({ headers: { 'Content-Type': 'text/plain' } })).status).toBe(415);
    expect((await server.send({ headers: { Accept: 'text/html' } })).status).toBe(406);
  });

  test('a client that dribbles its headers is cut off, without a token, and others are served meanwhile', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    expect((await server.send({})).status).toBe(200);
    const began = performance.now();
    await closed;
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('more calls at once than the limit are told to come back, and are served once there is room', async () => {
    const begun = await server.send({});
    const headers = { 'Mcp-Session-Id': begun.headers['mcp-session-id'] as string };
    const call = (id: number, name: string, args: object) =>
      server.send({
        headers,
        body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } }),
      });
    const wait = { session: 'work', pattern: 'never printed', timeout: 60 };
    const waiting = Array.from({ length: 256 }, (_, index) => call(1000 + index, 'wait_for', wait));
    let reply = await call(1, 'version', {});
    while (reply.status === 200) reply = await call(1, 'version', {});
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    for (let index = 0; index < 256; index += 1) {
      const params = { requestId: 1000 + index };
      const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params };
      expect((await server.send({ headers, body: JSON.stringify(cancel) })).status).toBe(202);
    }
    expect((await call(2, 'version', {})).status).toBe(200);
    await server.send({ headers, method: 'DELETE', body: '' });
    await Promise.allSettled(waiting);
  });

  test('another token in the configuration counts from the next request on', async () => {
    server.configure({ auth_token: 'the-next-token' });
    expect((await server.send({})).status).toBe(401);
    expect((await server.send({ headers: { Authorization: 'Bearer the-next-token' } })).status).toBe(200);
    server.configure({ auth_token: null });
    expect((await server.send({ headers: { Authorization: 'Bearer null' } })).status).toBe(401);
    server.configure({ auth_token: TOKEN });
    expect((await server.send({})).status).toBe(200);
  });

  test('names of allowed_hosts are let in, as Host and as Origin', async () => {
    const headers = { Host: 'proxy.example', Origin: 'https://proxy.example' };
    server.configure({ auth_token: TOKEN, http: { port: 0, allowed_hosts: ['proxy.example'] } });
    expect((await server.send({ headers })).status).toBe(200);
    server.configure({ auth_token: TOKEN });
    expect((await server.send({ headers })).status).toBe(403);
  });
});

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s in the middle of a call answers it and ends with status 0',
    async (signal) => {
      const server = await HttpServer.start();
      try {
        await server.tmux.newSession('work');
        const client = await server.connect();
        const running = execute(client, 'work', 'tmux wait-for -S begun; exec sleep 61', 60);
        await server.tmux.channel('begun');
        server.signal(signal);
        const result = await running;
        expect(result).toMatchObject({
          isError: true,
          content: [{ text: expect.stringMatching(/^CANCELLED/) as unknown as string }],
        });
        expect(await server.ended).toBe(0);
        expect(await server.tmux.value('work', '#{pane_current_command}')).toBe('sleep');
      } finally {
        await server.close();
      }
    },
  );
});

describe('the start', () => {
  const attempt = async (config: Record<string, unknown>, args: string[] = []) => {
    const server = await HttpServer.start(config, args);
    const { url, stderr, configFile } = server;
    const body = url === '' ? undefined : await server.send({ body: INITIALIZE }).catch(String);
    await server.close();
    return { url, stderr, configFile, status: await server.ended, body };
  };

  test('without a token it does not start and says what to set and where', async () => {
    const { status, stderr, configFile } = await attempt({ auth_token: null });
    expect(status).toBe(1);
    expect(stderr).toContain('auth_token_file');
    expect(stderr).toContain(configFile);
    expect(stderr).toMatch(/mkdir -p (\S+)\n.*openssl rand -hex 32 > \1\/token/);
  });

  test('the token can come from a file that only its owner can read', async () => {
    const server = await HttpServer.start();
    const file = join(server.tmux.directory, 'token');
    try {
      writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 });
      expect(await attempt({ auth_token: null, auth_token_file: file })).toMatchObject({
        body: { status: 200 },
      });
      for (const mode of [0o644, 0o640]) {
        chmodSync(file, mode);
        const open = await attempt({ auth_token: null, auth_token_file: file });
        expect(open).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('chmod 600') as unknown as string,
        });
        expect(open.stderr).not.toContain(TOKEN);
      }
      const gone = `${file}-that-is-not`;
      expect(await attempt({ auth_token: null, auth_token_file: gone })).toMatchObject({
        status: 1,
        stderr: expect.stringContaining(`auth_token_file ${gone}: does not exist`) as unknown as string,
      });
    } finally {
      await server.close();
    }
  });

  test('the address can be given on the command line', async () => {
    const { url, body } = await attempt({}, ['localhost:0']);
    expect(url).toMatch(/^http:\/\/localhost:\d+\/mcp$/);
    expect(body).toMatchObject({ status: 200 });
  });

  test('an address that is taken is an error', async () => {
    const server = await HttpServer.start();
    const { status, stderr } = await attempt({}, [new URL(server.url).host]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/EADDRINUSE.*--http HOST:PORT/) as unknown as string,
    });
    await server.close();
  });
});
