import { afterEach, describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js';
import { PROTOCOL_VERSIONS } from '../src/server/greeting.js';
import { LineTransport } from '../src/server/transport.js';
import { Peer, type Message } from './stdio-peer.js';

const peers: Peer[] = [];
async function started(mode?: string): Promise<Peer> {
  const peer = await Peer.start(mode);
  peers.push(peer);
  return peer;
}

afterEach(async () => {
  for (const peer of peers.splice(0)) {
    peer.process.stdin.end();
    await peer.ended;
    expect(peer.garbage).toEqual([]);
  }
});

describe('the handshake', () => {
  test('initialize is answered, and an unknown method before it, without making the toolbox', async () => {
    const peer = new Peer();
    peers.push(peer);
    const probe = await peer.request('server/discover', { protocolVersion: '2026-07-28' });
    expect(probe['error']).toMatchObject({ code: -32601 });
    const hello = await peer.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'x', version: '1' },
    });
    expect(hello['result']).toMatchObject({
      protocolVersion: '2025-06-18',
      serverInfo: { name: 'panewright', version: '1.2.3' },
      instructions: 'how to use it',
      capabilities: { tools: {}, resources: {} },
    });
    expect((await peer.request('ping'))['result']).toEqual({});
    expect(peer.stderr).toBe('');
    await peer.request('tools/list');
    await peer.untilStderr('\n');
    expect(peer.stderr).toBe('toolbox made\n');
  });

  const hello = (protocolVersion: string) => ({
    protocolVersion,
    capabilities: {},
    clientInfo: { name: 'x', version: '1' },
  });

  test.each([...SUPPORTED_PROTOCOL_VERSIONS, '1999-01-01'])(
    'asked first, initialize for %s is answered as the SDK answers it later, and once',
    async (version) => {
      const [first, later] = [new Peer(), new Peer()];
      peers.push(first, later);
      const [greeted] = await Promise.all([
        first.request('initialize', hello(version)),
        later.request('ping'),
      ]);
      const { result } = await later.request('initialize', hello(version));
      expect(greeted['result']).toEqual(result);
      await first.request('ping');
      expect(first.messages.filter(({ id }) => id === greeted.id)).toHaveLength(1);
    },
  );

  test('the versions that are answered without the SDK are those of the SDK', () => {
    expect(PROTOCOL_VERSIONS).toEqual(SUPPORTED_PROTOCOL_VERSIONS);
  });

  test('an initialize that breaks its schema is an error of the SDK, whoever would have answered', async () => {
    const peer = new Peer();
    peers.push(peer);
    const broken = await peer.request('initialize', { protocolVersion: '2025-11-25', clientInfo: {} });
    expect(broken['error']).toBeDefined();
    expect((await peer.request('initialize', hello('2025-11-25')))['result']).toBeDefined();
  });

  test('everything that is written in one go with initialize is answered, in order', async () => {
    const peer = new Peer();
    peers.push(peer);
    const messages = [
      { jsonrpc: '2.0', id: 1, method: 'initialize', params: hello('2025-11-25') },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 2, method: 'ping' },
      { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'echo', arguments: {} } },
    ];
    peer.line(messages.map((message) => JSON.stringify(message)).join('\n'));
    peer.process.stdin.end();
    expect(await peer.ended).toBe(0);
    expect(peer.messages.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(peer.messages[2]?.['result']).toMatchObject({ structuredContent: { client: 'x' } });
  });

  test('a toolbox that could not be made is tried again at the next request', async () => {
    const peer = await started('fails-once');
    expect((await peer.request('tools/list'))['error']).toEqual({
      code: -32603,
      message: 'INTERNAL: no luck',
    });
    expect((await peer.request('tools/list'))['result']).toHaveProperty('tools');
  });
});

describe('calls', () => {
  test('a result is structured and the same as text, and the tool knows the client', async () => {
    const { result } = (await (await started()).call('echo', { a: [1, 'é'] })) as {
      result: Record<string, never>;
    };
    const facts = { args: { a: [1, 'é'] }, client: 'raw-peer' };
    expect(result).toEqual({
      structuredContent: facts,
      content: [{ type: 'text', text: JSON.stringify(facts) }],
    });
  });

  test('a failure is a result with isError, an unknown tool too', async () => {
    const peer = await started();
    expect((await peer.call('fail'))['result']).toEqual({
      isError: true,
      content: [{ type: 'text', text: 'PANE_BUSY: vim runs. Wait.' }],
    });
    expect((await peer.call('no_such_tool'))['result']).toMatchObject({ isError: true });
  });

  test('linked resources are content, listed and readable', async () => {
    const peer = await started();
    expect((await peer.call('link'))['result']).toMatchObject({
      content: [{ type: 'text' }, { type: 'resource_link', uri: 'panewright://output/7', name: 'output 7' }],
    });
    expect((await peer.request('resources/list'))['result']).toMatchObject({
      resources: [{ uri: 'panewright://output/7' }],
    });
    expect((await peer.request('resources/templates/list'))['result']).toMatchObject({
      resourceTemplates: [{ uriTemplate: 'panewright://output/{id}' }],
    });
    expect((await peer.request('resources/read', { uri: 'panewright://output/7' }))['result']).toEqual({
      contents: [{ uri: 'panewright://output/7', text: 'all of it', mimeType: 'text/plain' }],
    });
    expect((await peer.request('resources/read', { uri: 'panewright://output/8' }))['error']).toEqual({
      code: -32002,
      message: 'OUTPUT_NOT_FOUND: it is gone. Run it again.',
    });
  });

  test('a library that prints to stdout does not disturb the protocol', async () => {
    const peer = await started();
    expect(await peer.call('print')).toHaveProperty('result');
    expect(peer.garbage).toEqual([]);
    expect(peer.stderr).toContain('a library that prints');
  });

  test('a result of 20 MB arrives whole', async () => {
    const peer = await started();
    const { result } = (await peer.call('big', { size: 10_000_000 })) as never;
    const { structuredContent } = result as { structuredContent: { text: string } };
    expect(structuredContent.text).toHaveLength(10_000_000);
  });
});

describe('progress', () => {
  const progressOf = (peer: Peer): Message[] =>
    peer.messages.filter((message) => message.method === 'notifications/progress');

  test('has a message and always grows; none comes behind the result', async () => {
    const peer = await started();
    await peer.call('count', { to: 10 }, { progressToken: 'tok' });
    await peer.call('slow', { ms: 60 });
    const sent = progressOf(peer).map(
      (message) => message['params'] as { progress: number; message: string },
    );
    expect(sent.map(({ message }) => message)).toEqual(Array.from({ length: 10 }, (_, n) => `step ${n + 1}`));
    expect(sent.every((params) => 'progressToken' in params && params['progressToken'] === 'tok')).toBe(true);
    const values = sent.map(({ progress }) => progress);
    expect(values.every((value, index) => index === 0 || value > (values[index - 1] ?? 0))).toBe(true);
  });

  test('is not sent to a client that did not ask', async () => {
    const peer = await started();
    await peer.call('count', { to: 3 });
    expect(progressOf(peer)).toEqual([]);
  });

  test('a token of 0 is a token', async () => {
    const peer = await started();
    await peer.call('count', { to: 1 }, { progressToken: 0 });
    expect(progressOf(peer)).toHaveLength(1);
  });

  test('a client that does not read gets fewer messages instead of a growing queue, and blocks nobody', async () => {
    const peer = await started();
    peer.process.stdout.pause();
    const call = peer.call('flood', { messages: 20_000 }, { progressToken: 1 });
    await peer.untilStderr('flooded');
    peer.process.stdout.resume();
    expect((await call)['result']).toBeDefined();
    expect(progressOf(peer).length).toBeLessThan(1000);
    expect(progressOf(peer).length).toBeGreaterThan(10);
  });
});

describe('cancellation', () => {
  test('stops the wait and answers nothing; other calls go on', async () => {
    const peer = await started();
    peer.send({ jsonrpc: '2.0', id: 'w', method: 'tools/call', params: { name: 'wait', arguments: {} } });
    await peer.untilStderr('waiting');
    expect((await peer.call('echo'))['result']).toBeDefined();
    peer.send({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 'w', reason: 'Esc' },
    });
    await peer.untilStderr('wait aborted');
    await peer.request('ping');
    expect(peer.messages.filter((message) => message.id === 'w')).toEqual([]);
  });
});

describe('lines that are no messages', () => {
  test.each([
    ['{"jsonrpc": "2.0", "id": 1, ', -32700, null],
    ['hello', -32700, null],
    ['"text"', -32600, null],
    ['null', -32600, null],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600, null],
    ['{"id":5,"method":"ping"}', -32600, 5],
    ['{"jsonrpc":"1.0","id":5,"method":"ping"}', -32600, 5],
    ['{"jsonrpc":"2.0","id":6,"method":7}', -32600, 6],
    ['{"jsonrpc":"2.0","id":6,"method":"tools/call","params":[1]}', -32600, 6],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600, null],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600, null],
  ])('%s is answered with an error, and the next request works', async (line, code, id) => {
    const peer = await started();
    peer.line(line);
    const { error } = (await peer.until(() =>
      peer.messages.find((m) => m.id === id && 'error' in m),
    )) as never;
    expect(error).toMatchObject({ code });
    expect((await peer.call('echo'))['result']).toBeDefined();
  });

  test('empty lines, CRLF and a character split between two reads are fine', () => {
    const input = new PassThrough();
    const transport = new LineTransport(input, new PassThrough());
    const seen: unknown[] = [];
    transport.onmessage = (message) => seen.push(message);
    transport.onerror = (error) => seen.push(error);
    void transport.start();
    const message = { jsonrpc: '2.0', id: 1, method: 'ping', params: { text: 'é🙂' } };
    const bytes = Buffer.from(`\n\r\n  \n${JSON.stringify(message)}\r\n${JSON.stringify(message)}\n`);
    for (const byte of bytes) input.emit('data', Buffer.of(byte));
    expect(seen).toEqual([message, message]);
  });

  test('a line that never ends is dropped at 32 MB, and said so', async () => {
    const peer = await started();
    for (let megabyte = 0; megabyte < 34; megabyte += 1) peer.process.stdin.write('x'.repeat(1_000_000));
    peer.line('');
    const { error } = (await peer.until(() => peer.messages.find((m) => m.id === null))) as never;
    expect(error).toMatchObject({
      code: -32600,
      message: expect.stringMatching(/longer than 33554432 bytes/),
    });
    expect((await peer.call('echo'))['result']).toBeDefined();
  });

  test('a request that breaks its schema is an error of that request', async () => {
    const peer = await started();
    const { error } = (await peer.request('tools/call', { arguments: {} })) as { error?: unknown };
    expect(error).toBeDefined();
    expect((await peer.call('echo'))['result']).toBeDefined();
  });
});
