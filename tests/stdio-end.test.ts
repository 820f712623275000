import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Peer } from './stdio-peer.js';

describe('the server ends with its client', () => {
  test('at the end of stdin, with status 0, after closing the toolbox', async () => {
    const peer = await Peer.start();
    await peer.call('echo');
    peer.process.stdin.end();
    expect(await peer.ended).toBe(0);
    expect(peer.stderr).toBe('toolbox made\nclosing\nclosed\n');
  });

  test('at the end of stdin without ever having made a toolbox', async () => {
    const peer = await Peer.start();
    peer.process.stdin.end();
    expect(await peer.ended).toBe(0);
    expect(peer.stderr).toBe('');
  });

  test('what was asked before the end of stdin is still answered', async () => {
    const peer = await Peer.start();
    const slow = peer.call('slow', { ms: 200 });
    peer.process.stdin.end();
    expect((await slow)['result']).toMatchObject({ structuredContent: { slept: 200 } });
    expect(await peer.ended).toBe(0);
  });

  test('a wait that goes on at the end of stdin is aborted after a second', async () => {
    const peer = await Peer.start();
    void peer.call('wait');
    await peer.untilStderr('waiting');
    const began = performance.now();
    peer.process.stdin.end();
    expect(await peer.ended).toBe(0);
    expect(performance.now() - began).toBeLessThan(2500);
    expect(peer.stderr).toMatch(/wait aborted[^]*closed/);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'at %s, aborting what runs, with status 0',
    async (signal) => {
      const peer = await Peer.start();
      void peer.call('wait');
      await peer.untilStderr('waiting');
      peer.process.kill(signal);
      expect(await peer.ended).toBe(0);
      expect(peer.stderr).toMatch(/wait aborted[^]*closed/);
    },
  );

  test('a toolbox that does not close is given up after two seconds', async () => {
    const peer = await Peer.start('hangs');
    await peer.call('echo');
    const began = performance.now();
    peer.process.kill('SIGTERM');
    expect(await peer.ended).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(1900);
    expect(performance.now() - began).toBeLessThan(3000);
  });

  test('a client that is killed takes it along', async () => {
    // A client process of its own, whose death closes both pipes at once.
    const { process: template } = new Peer();
    const [, ...command] = template.spawnargs;
    template.stdin.end();
    const client = spawn(
      process.execPath,
      [
        '-e',
        `const server = require('node:child_process').spawn(process.execPath, ${JSON.stringify(command)}, { stdio: ['pipe', 'pipe', 'ignore'] });
         server.stdout.once('data', () => console.log(server.pid));
         server.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\\n');`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [chunk] = (await once(client.stdout, 'data')) as [Buffer];
    const server = Number(chunk.toString());
    client.kill('SIGKILL');
    await expect(gone(server, 5000)).resolves.toBe(true);
  });
});

/** Whether a process that is no child of ours ends in time; there is no event for that. */
async function gone(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((wake) => setTimeout(wake, 20));
  }
  return false;
}

describe('broken pipes', () => {
  test('a client that closes its end of stdout ends the server quietly', async () => {
    const peer = await Peer.start();
    peer.process.stdout.destroy();
    for (let n = 0; n < 20; n += 1) peer.send({ jsonrpc: '2.0', id: n, method: 'ping' });
    expect(await peer.ended).toBe(0);
    expect(peer.stderr).not.toMatch(/EPIPE|Error/);
  });

  test('a client that closes stderr is served on', async () => {
    const peer = await Peer.start();
    peer.process.stderr.destroy();
    for (let n = 0; n < 5; n += 1) expect((await peer.call('print'))['result']).toBeDefined();
    peer.process.stdin.end();
    expect(await peer.ended).toBe(0);
  });

  test('a client that never reads does not keep the server from ending', async () => {
    const peer = await Peer.start();
    peer.process.stdout.pause();
    void peer.call('big', { size: 5_000_000 });
    peer.process.stdin.end();
    // Nobody reads, so nothing of the answer can be flushed: the server gives up, it does not wait for ever.
    const [code] = (await once(peer.process, 'exit')) as [number];
    expect(code).toBe(0);
  });
});
