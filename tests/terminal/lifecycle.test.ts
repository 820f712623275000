import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CLI, TestClient } from '../support/client.js';
import { TestServer } from '../support/server.js';
import { cleanEnvironment, PrivateTmux } from '../support/tmux.js';
import { Bed, processGone, SHELLS } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

const clients = async (): Promise<string[]> =>
  (await bed.tmux.run('list-clients', '-F', '#{client_pid}')).split('\n').filter(Boolean);

describe('when the client goes', () => {
  test('the server ends and its control clients are gone', async () => {
    for (const shell of SHELLS) await bed.seat(shell);
    const before = await clients();
    const other = await TestServer.start({ tmux: bed.tmux });
    for (const session of ['bash-1', 'zsh-2', 'fish-3', 'sh-4'])
      await other.client.call('execute', { session, command: 'true', timeout: 60 });
    const own = (await clients()).filter((pid) => !before.includes(pid));
    expect(own.length).toBeGreaterThan(0);
    const { pid } = other.client;
    await other.close();
    await processGone(pid);
    for (const client of own) await processGone(Number(client));
    expect(await clients()).toEqual(before);
  });

  test('in the middle of a command, the command goes on and the server still ends', async () => {
    const seat = await bed.seat('bash');
    const child = spawn(process.execPath, [CLI, '--config', bed.server.configFile], {
      env: cleanEnvironment(bed.tmux.home),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.stdout.resume();
    const send = (message: object): unknown =>
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    send({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
    });
    send({ method: 'notifications/initialized' });
    const tmux = `tmux -S ${bed.tmux.socket}`;
    const command = `${tmux} wait-for -S midway; ${tmux} wait-for midway-go; echo survived`;
    send({
      id: 2,
      method: 'tools/call',
      params: {
        name: 'execute',
        arguments: { ...bed.server.there, session: seat.session, command, timeout: 200 },
      },
    });
    await bed.tmux.channel('midway');
    const ended = once(child, 'exit');
    child.stdin.end();
    expect((await ended)[0]).toBe(0);
    await bed.tmux.run('wait-for', '-S', 'midway-go');
    await bed.tmux.until(seat.pane, /^survived$/m);
    // The lock that it held does not keep the next server out.
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('killed without a chance to clean up: the pane is usable by another server at once', async () => {
    const seat = await bed.seat('bash');
    const other = await TestServer.start({ tmux: bed.tmux });
    const running = other.client.call('execute', {
      session: seat.session,
      command: 'sleep 600',
      timeout: 200,
    });
    const failed = running.catch(() => 'failed');
    await bed.tmux.untilValue(seat.pane, '#{pane_current_command}', /^sleep$/);
    process.kill(other.client.pid, 'SIGKILL');
    expect(await failed).toBe('failed');
    await other.close();
    expect(await seat.refusal('execute', { command: 'echo NEVER' })).toMatch(/^PANE_BUSY: .*sleep/);
    await seat.keys('C-c');
    await bed.tmux.untilValue(seat.pane, '#{pane_current_command}', /^bash$/);
    expect(await seat.lines('echo mine')).toEqual(['mine']);
  });
});

describe('tmux that is not there', () => {
  test('not on PATH: initialize, list and version work, the rest is TMUX_NOT_FOUND', async () => {
    const tmux = new PrivateTmux();
    const bin = join(tmux.directory, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    const client = await TestClient.start({
      args: ['--write-enabled', '--tmux-socket-path', tmux.socket],
      env: { ...cleanEnvironment(tmux.home), PATH: bin },
    });
    try {
      expect((await client.mcp.listTools()).tools.length).toBeGreaterThanOrEqual(10);
      expect(await client.call('version')).toMatchObject({ tmux_available: false, tmux_version: null });
      for (const [tool, args] of [
        ['list_sessions', {}],
        ['execute', { session: 'work', command: 'true' }],
        ['read_pane', { session: 'work' }],
        ['open_pane', { session: 'work' }],
      ] as const)
        expect(await client.refusal(tool, args)).toMatch(/^TMUX_NOT_FOUND: .*Install tmux/);
    } finally {
      await client.close();
      await tmux.dispose();
    }
  });

  test('no server: initialize and every call start none', async () => {
    const own = await Bed.start();
    try {
      for (const [tool, args] of [
        ['execute', { session: 'work', command: 'true' }],
        ['read_pane', { session: 'work' }],
        ['open_pane', { session: 'work' }],
        ['close_pane', { session: 'work' }],
        ['wait_for', { session: 'work' }],
      ] as const)
        expect(await own.refusal(tool, args)).toMatch(/^SESSION_NOT_FOUND: /);
      await expect(own.tmux.run('list-sessions')).rejects.toThrow(/no server running|No such file/);
    } finally {
      await own.close();
    }
  });

  test('a tmux server that starts later is found at the next call', async () => {
    const own = await Bed.start();
    try {
      expect(await own.call('list_sessions', {})).toMatchObject({ count: 0 });
      const seat = await own.seat('bash');
      expect(await own.call('list_sessions', {})).toMatchObject({ count: 1 });
      expect(await seat.lines('echo found')).toEqual(['found']);
    } finally {
      await own.close();
    }
  });
});

describe('version', () => {
  test('tells what is in force', async () => {
    const { version } = JSON.parse(execFileSync('cat', ['package.json'], { encoding: 'utf8' })) as {
      version: string;
    };
    expect(await bed.call('version', {})).toMatchObject({
      version,
      write_enabled: true,
      tmux_available: true,
      tmux_version: expect.stringMatching(/^\d+\.\d+/),
      config_path: bed.server.configFile,
      allowed_sessions: [],
      read_only_sessions: [],
      buffer_size: 1000,
      max_timeout: 300,
      socket: bed.tmux.socket,
      node_version: process.version,
      platform: process.platform,
    });
  });

  test('reports the configured one when there is one', async () => {
    bed.server.configure({ version: '9.9.9' });
    expect(await bed.call('version', {})).toMatchObject({ version: '9.9.9' });
    bed.server.configure({});
  });
});

describe('stdout belongs to the protocol, stderr to people', () => {
  test('every line on stderr says which tool it is about', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('echo one\necho two');
    await seat.refusal('execute', { command: 'x', timeout: 0 });
    const lines = bed.server.client.stderr.trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^\[panewright( [a-z_]+)?\] /);
    expect(lines).toContain('[panewright execute] started: echo one');
  });

  test('a command with escape sequences or a very long one stays one line', async () => {
    const seat = await bed.seat('bash');
    await seat.lines(`true ${'x'.repeat(5000)}`);
    const line = bed.server.client.stderr.split('\n').findLast((one) => one.includes('started: true x'));
    expect(line?.length).toBeLessThan(400);
  });
});
