import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { HttpServer, TOKEN } from '../reach/http-server.js';
import { CLI, TestClient, type Json } from '../support/client.js';
import { TestServer } from '../support/server.js';
import { cleanEnvironment } from '../support/tmux.js';
import { processGone } from '../terminal/bed.js';
import { Bench, childrenOf, IN_TIME } from './bench.js';
import { tinyDisk } from './disk.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
const children: ChildProcessWithoutNullStreams[] = [];
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await bench.close();
});

/** A server whose every byte is in our hands. */
function raw(): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [CLI, '--config', bench.server.configFile], {
    env: cleanEnvironment(bench.tmux.home),
    cwd: bench.tmux.home,
  });
  children.push(child);
  child.stdin.on('error', () => undefined);
  const clientInfo = { name: 'raw', version: '1' };
  say(child, {
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo },
  });
  say(child, { method: 'notifications/initialized' });
  return child;
}

function say(child: ChildProcessWithoutNullStreams, message: object): void {
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

function call(child: ChildProcessWithoutNullStreams, id: number, name: string, args: Json): void {
  say(child, { id, method: 'tools/call', params: { name, arguments: args } });
}

/** A call of `execute` that is in the middle of its command. */
async function busy(child: ChildProcessWithoutNullStreams, session: string): Promise<() => Promise<void>> {
  const name = `p${Math.random().toString(36).slice(2)}`;
  const tmux = `tmux -S ${bench.tmux.socket}`;
  const command = `${tmux} wait-for -S ${name}; ${tmux} wait-for ${name}-go; echo survived`;
  call(child, 1, 'execute', { session, command, timeout: 60 });
  await bench.tmux.channel(name);
  return () => bench.tmux.run('wait-for', '-S', `${name}-go`).then(() => undefined);
}

describe('the server is ended in the middle of a call', () => {
  test.each([
    ['by SIGTERM', (child: ChildProcessWithoutNullStreams) => void child.kill('SIGTERM')],
    ['by SIGINT', (child: ChildProcessWithoutNullStreams) => void child.kill('SIGINT')],
    ['by SIGHUP', (child: ChildProcessWithoutNullStreams) => void child.kill('SIGHUP')],
    ['by the end of its input', (child: ChildProcessWithoutNullStreams) => void child.stdin.end()],
    [
      'by a closed pipe',
      (child: ChildProcessWithoutNullStreams) =>
        void (child.stdout.destroy(), child.stderr.destroy(), child.stdin.end()),
    ],
    [
      'by half a message and the end of its input',
      (child: ChildProcessWithoutNullStreams) => void child.stdin.end('{"jsonrpc":"2.0","id":5,"meth'),
    ],
    ['by SIGKILL', (child: ChildProcessWithoutNullStreams) => void child.kill('SIGKILL')],
  ])('%s: no control client stays, and the command goes on', async (how, end) => {
    const session = `end-${how.replace(/\W+/g, '-')}`;
    const pane = await bench.seat(session);
    const child = raw();
    child.stdout.resume();
    child.stderr.resume();
    const go = await busy(child, session);
    const clients = childrenOf(child.pid ?? 0);
    expect(clients.length).toBeGreaterThan(0);
    const began = performance.now();
    const ended = once(child, 'exit');
    end(child);
    await ended;
    expect(performance.now() - began).toBeLessThan(IN_TIME);
    for (const client of clients) await processGone(client, IN_TIME);
    await go();
    await bench.tmux.until(pane, /^survived$/m);
    await bench.works(session);
  });
});

test('a control client that outlives a killed server is ended by the next one; those of a living server are not', async () => {
  const session = 'outlived';
  await bench.seat(session);
  const own = bench.controlClients();
  const child = raw();
  child.stdout.resume();
  child.stderr.resume();
  const go = await busy(child, session);
  const [stray = 0] = childrenOf(child.pid ?? 0);
  // It cannot go by itself, as with a tmux that still has output for it.
  process.kill(stray, 'SIGSTOP');
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await go();
  const clients = await bench.tmux.run('list-clients', '-F', '#{client_pid}');
  // tmux 3.8 lets go of it, and nothing keeps it but the signal.
  if ((await bench.tmux.run('-V')).startsWith('tmux 3.8')) process.kill(stray, 'SIGCONT');
  else expect(clients.split('\n')).toContain(String(stray));
  const next = await TestServer.start({ tmux: bench.tmux });
  try {
    await next.client.call('execute', { session, command: 'true', timeout: 30 });
    await processGone(stray, IN_TIME);
    expect(bench.controlClients()).toEqual(own);
    await bench.works(session);
  } finally {
    await next.close();
  }
});

test('malformed messages are answered or ignored, and a call that is under way is not disturbed', async () => {
  const session = 'malformed';
  await bench.seat(session);
  const child = raw();
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.resume();
  const go = await busy(child, session);
  const lines = [
    ...[
      '{',
      '[]',
      '[[]]',
      '""',
      '0',
      'null',
      'true',
      '{}',
      '{"jsonrpc":"1.0"}',
      '\0',
      '\xff\xfe',
      '}{',
      ' ',
      '\t\r',
    ],
    ...[
      '{"jsonrpc":"2.0","id":null,"method":"tools/call"}',
      '{"jsonrpc":"2.0","method":"tools/call","params":5}',
    ],
    ...[
      '{"jsonrpc":"2.0","id":{},"method":"ping"}',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{}}',
    ],
    ...['{"jsonrpc":"2.0","id":10,"method":"tools/call","params":{"name":"read_pane","arguments":[]}}'],
    ...[
      '{"jsonrpc":"2.0","id":11,"method":"tools/call","params":{"name":5}}',
      '{"jsonrpc":"2.0","id":12,"result":{}}',
    ],
    ...[
      '{"jsonrpc":"2.0","id":13,"method":"__proto__"}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}',
    ],
    ...['{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1"}}'],
    ...[
      `{"jsonrpc":"2.0","id":14,"method":"${'x'.repeat(1_000_000)}"}`,
      '['.repeat(200_000),
      `"${'\\u0000'.repeat(10_000)}"`,
    ],
  ];
  for (const line of lines) child.stdin.write(`${line}\n`);
  const answered = (async () => {
    while (!/"id":1,|"id":1}/.test(out)) await once(child.stdout, 'data');
  })();
  await go();
  await answered;
  const answers = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json);
  expect(JSON.stringify(answers.find(({ id }) => id === 1))).toContain('survived');
  child.stdin.end();
  expect((await once(child, 'exit'))[0]).toBe(0);
  await bench.works(session);
});

test('a client that reads slowly gets every answer, and what it asks meanwhile is done', async () => {
  await bench.seat('slow');
  const quick = await bench.tmux.newSession('quick');
  const child = raw();
  child.stderr.resume();
  child.stdout.pause();
  for (let id = 1; id <= 30; id += 1)
    call(child, id, 'execute', { session: 'slow', command: 'seq 1 900', timeout: 60 });
  // By the same process, whose answers pile up: more of them than a pipe holds.
  await bench.tmux.until(await bench.tmux.run('list-panes', '-t', '=slow:', '-F', '#{pane_id}'), /^900$/m);
  call(child, 31, 'write_pane', { session: 'quick', text: 'echo not-kept-waiting\n' });
  const began = performance.now();
  await bench.tmux.until(quick, /^not-kept-waiting$/m);
  expect(performance.now() - began).toBeLessThan(IN_TIME);
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString())).resume();
  while ((out.match(/"completed":true/g) ?? []).length < 30) await once(child.stdout, 'data');
  child.stdin.end();
  expect((await once(child, 'exit'))[0]).toBe(0);
}, 90_000);

test('of two clients of one server, one that never reads does not keep the other waiting', async () => {
  // Answers of more than a connection holds.
  const http = await HttpServer.start({ buffer_size: 100_000 });
  const idle: Socket[] = [];
  try {
    for (const session of ['unread', 'quick']) await http.tmux.newSession(session);
    const started = await http.send({});
    const id = String(started.headers['mcp-session-id']);
    for (let i = 1; i <= 12; i += 1) idle.push(unread(http, id, i));
    await http.tmux.until('=unread:', /^30000$/m);
    const other = await http.connect();
    for (let round = 0; round < 5; round += 1) {
      const began = performance.now();
      const done = await other.callTool({
        name: 'execute',
        arguments: { session: 'quick', command: `echo round-${round}`, timeout: 30 },
      });
      expect(done.structuredContent).toMatchObject({ output_lines: [`round-${round}`], exit_code: 0 });
      expect(performance.now() - began).toBeLessThan(IN_TIME);
    }
  } finally {
    for (const socket of idle) socket.destroy();
    await http.close();
  }
}, 90_000);

/** A call whose answer nobody takes from the connection. */
function unread(http: HttpServer, session: string, id: number): Socket {
  const { hostname, port } = new URL(http.url);
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
  socket.on('error', () => undefined);
  socket.pause();
  const args = { session: 'unread', command: 'seq 1 30000', timeout: 60 };
  const body = JSON.stringify({
    ...{ jsonrpc: '2.0', id, method: 'tools/call' },
    params: { name: 'execute', arguments: args },
  });
  const headers = [
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${TOKEN}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `Mcp-Session-Id: ${session}`,
    'Mcp-Protocol-Version: 2025-06-18',
    `Content-Length: ${body.length}`,
  ];
  socket.write(`POST /mcp HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
  return socket;
}

describe('two servers on one state directory', () => {
  test('keep one record of a session between them, and lose no turn', async () => {
    const second = await TestServer.start({ tmux: bench.tmux });
    try {
      const clients = [bench.server.client, second.client];
      await bench.call('session_start', { name: 'both', profile: 'bash', working_dir: bench.tmux.home });
      const sent: string[] = [];
      for (let round = 0; round < 6; round += 1)
        await Promise.all(
          clients.map(async (client, i) => {
            const prompt = `echo turn-${round}-${i}`;
            const done = await client.raw('session_send', { name: 'both', prompt, timeout: 30 });
            if (done.isError === true) throw new Error(JSON.stringify(done));
            expect(done.structuredContent).toMatchObject({
              outcome: 'completed',
              response: `turn-${round}-${i}`,
            });
            sent.push(prompt);
          }),
        );
      for (const client of clients) {
        const history = (await client.call('session_history', { name: 'both', limit: 50 })) as unknown as {
          turns: { prompt: string }[];
        };
        expect(history.turns.map(({ prompt }) => prompt).sort()).toEqual([...sent].sort());
      }
    } finally {
      await second.close();
    }
  });

  test('start sessions without a name at once, each under a name of its own', async () => {
    const second = await TestServer.start({ tmux: bench.tmux });
    try {
      const clients = [bench.server.client, second.client];
      for (let round = 0; round < 3; round += 1) {
        const starts = [...clients, ...clients].map((client) =>
          client.call('session_start', { profile: 'sh' }),
        );
        const names = (await Promise.all(starts)).map(({ name }) => String(name)).sort();
        expect(names).toEqual([1, 2, 3, 4].map((n) => `sh-${String(4 * round + n)}`).sort());
        for (const [i, name] of names.entries())
          expect(await clients[i % 2]?.call('session_send', { name, prompt: `echo ${name}` })).toMatchObject({
            response: name,
            turn_id: 't1',
          });
      }
    } finally {
      await second.close();
    }
  });

  test('one that is killed while it writes leaves a record that the other reads, or sets aside and says so', async () => {
    const folder = join(bench.tmux.home, '.local/state/panewright/sessions');
    for (let round = 0; round < 5; round += 1) {
      const second = await TestServer.start({ tmux: bench.tmux });
      const name = `killed-${round}`;
      await second.client.call('session_start', { name, profile: 'bash', working_dir: bench.tmux.home });
      const sends = [1, 2, 3].map((i) =>
        second.client.raw('session_send', { name, prompt: `echo ${i}`, timeout: 20 }).catch(() => undefined),
      );
      await Promise.race(sends);
      process.kill(second.client.pid, 'SIGKILL');
      await second.client.closed;
      expect(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))).toMatchObject({ name });
      expect(await bench.call('session_history', { name })).toMatchObject({ name });
      const { isError, text } = await bench.ending('session_send', { name, prompt: 'echo on', timeout: 30 });
      expect([isError, text]).toEqual([false, expect.stringContaining('on')]);
    }
  }, 120_000);

  test('a record that was cut off is set aside, never overwritten, and the session is usable', async () => {
    const folder = join(bench.tmux.home, '.local/state/panewright/sessions');
    await bench.call('session_start', { name: 'torn', profile: 'bash', working_dir: bench.tmux.home });
    const file = join(folder, 'torn.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, text.length / 2));
    await bench.call('session_send', { name: 'torn', prompt: 'echo again', timeout: 30 });
    const aside = readdirSync(folder).filter((one) => one.startsWith('torn.json.damaged-'));
    expect(aside.map((one) => readFileSync(join(folder, one), 'utf8'))).toEqual([
      text.slice(0, text.length / 2),
    ]);
    expect(JSON.stringify((await bench.call('health', {}))['problems'])).toContain('torn.json.damaged-');
  });
});

function fill(folder: string): void {
  try {
    writeFileSync(join(folder, 'filling'), Buffer.alloc(128 * 1024));
  } catch {
    // Full is what it is to be.
  }
}

describe('a full disk', () => {
  test('for long outputs: the result is right, and the resource says what it lacks', async () => {
    const folder = join(bench.tmux.directory, 'spool');
    const umount = tinyDisk(folder);
    fill(folder);
    const own = await TestServer.start({ tmux: bench.tmux, env: { TMPDIR: folder } });
    try {
      await bench.tmux.newSession('spooled');
      const done = await own.client.call('execute', {
        session: 'spooled',
        command: 'seq 1 100000',
        timeout: 60,
      });
      expect(done).toMatchObject({ state: 'completed', exit_code: 0, total_lines: 100_000, truncated: true });
      expect((done['output_lines'] as string[]).at(-1)).toBe('100000');
      const uri = done['output_uri'] as string;
      const [content] = (await own.client.mcp.readResource({ uri })).contents as { text: string }[];
      if (!content?.text.startsWith('1\n')) expect(content?.text).toMatch(/^\[.*not kept/);
      expect(content?.text).toMatch(/\n100000\n?$/);
      const next = await own.client.call('execute', {
        session: 'spooled',
        command: 'echo next',
        timeout: 60,
      });
      expect(next).toMatchObject({ output_lines: ['next'] });
    } finally {
      await own.close();
      umount();
    }
  });

  test('for records: the command runs, the answer says that it is not on disk, and nothing is lost once there is room', async () => {
    const folder = join(bench.tmux.directory, 'state');
    const umount = tinyDisk(folder);
    const env = { XDG_STATE_HOME: folder };
    const own = await TestServer.start({ tmux: bench.tmux, env });
    const prompts = async (server: TestServer) =>
      (
        (await server.client.call('session_history', { name: 'recorded' }))['turns'] as { prompt: string }[]
      ).map(({ prompt }) => prompt);
    const send = (prompt: string) =>
      own.client.call('session_send', { name: 'recorded', prompt, timeout: 30 });
    try {
      const working_dir = bench.tmux.home;
      await own.client.call('session_start', { name: 'recorded', profile: 'bash', working_dir });
      await send('echo first');
      fill(folder);
      const long = 'x'.repeat(3_000);
      const began = performance.now();
      const full = await send(`echo ${long}`);
      expect(performance.now() - began).toBeLessThan(15_000);
      expect(full).toMatchObject({ outcome: 'completed', response: long });
      expect(JSON.stringify(full['note'])).toContain('ENOSPC');
      const problems = JSON.stringify((await own.client.call('health'))['problems']);
      expect(problems).toMatch(/session recorded: [^"]*ENOSPC/);
      const sent = ['echo first', `echo ${long}`];
      expect(await prompts(own)).toEqual(sent);
      execFileSync('rm', [join(folder, 'filling')]);
      expect(await send('echo later')).not.toHaveProperty('note');
      const next = await TestServer.start({ tmux: bench.tmux, env });
      try {
        expect(await prompts(next)).toEqual([...sent, 'echo later']);
      } finally {
        await next.close();
      }
    } finally {
      await own.close();
      umount();
    }
  });
});

test('ten clients come and go while calls run: no process stays behind', async () => {
  await bench.seat('many');
  const pids: number[] = [];
  for (let i = 0; i < 10; i += 1) {
    const client = await TestClient.start({
      args: ['--config', bench.server.configFile],
      env: cleanEnvironment(bench.tmux.home),
    });
    const calls = ['many', 'none'].map((session) =>
      client.raw('read_pane', { session }).catch(() => undefined),
    );
    if (i % 2 === 0) await Promise.all(calls);
    pids.push(client.pid, ...childrenOf(client.pid));
    await client.close();
  }
  for (const pid of pids) await processGone(pid, IN_TIME);
  await bench.works('many');
});
