import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import { Bench, serverPid } from './bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
  await bench.seat('work');
});
afterAll(() => bench.close());

/** The files of outputs that the server holds open. */
function spools(): string[] {
  const folder = `/proc/${bench.server.client.pid}/fd`;
  return readdirSync(folder)
    .map((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`);
      } catch {
        return ''; // closed in the meantime
      }
    })
    .filter((target) => /\/panewright-[^/]+\/[0-9a-f]+\S*\.txt/.test(target));
}

test('large outputs of commands that a person runs leave no file open', async () => {
  for (let i = 0; i < 12; i += 1) {
    await bench.tmux.type('=work:', `clear; seq 1 40000; echo end-"${i}"\n`);
    await bench.tmux.until('=work:', new RegExp(`^end-${i}\n.*[$#] *$`, 'm'));
  }
  await bench.works('work');
  expect(spools().length).toBeLessThanOrEqual(1);
});

test('large outputs that results have linked stay readable, fifty of them', async () => {
  const uris: string[] = [];
  for (let i = 0; i < 52; i += 1) {
    const done = await bench.call('execute', { session: 'work', command: `seq ${i} 30000`, timeout: 60 });
    uris.push(done['output_uri'] as string);
  }
  const first = async (uri: string): Promise<string> => {
    const { contents } = await bench.server.client.mcp.readResource({ uri });
    return (contents[0] as { text: string }).text.split('\n')[0] ?? '';
  };
  await expect(first(uris[0] ?? '')).rejects.toThrow(/OUTPUT_NOT_FOUND/);
  for (const i of [2, 30, 51]) expect(await first(uris[i] ?? '')).toBe(String(i));
}, 90_000);

test('a hundred panes come and go, and nothing of them stays', async () => {
  const open = (): number => readdirSync(`/proc/${bench.server.client.pid}/fd`).length;
  const before = open();
  for (let i = 0; i < 100; i += 1) {
    const { pane_id } = await bench.call('open_pane', { session: 'work', placement: 'window' });
    await bench.works('work', { pane: pane_id });
    await bench.call('close_pane', { session: 'work', pane: pane_id });
  }
  await bench.works('work');
  expect(open()).toBeLessThanOrEqual(before + 2);
}, 120_000);

test('a client that dies with a command on its way to a tmux that stands still locks nobody out', async () => {
  const tmux = await serverPid(bench.tmux);
  for (let round = 0; round < 6; round += 1) {
    process.kill(tmux, 'SIGSTOP');
    const call = bench.begin('execute', { session: 'work', command: `echo round-${round}`, timeout: 20 });
    // Until it is on its way; nothing tells.
    await later(20 * round);
    for (const pid of bench.controlClients()) process.kill(pid, 'SIGKILL');
    process.kill(tmux, 'SIGCONT');
    const { isError, text } = await call.ending();
    if (isError) expect(text).toMatch(/^TMUX_LOST: /);
    // Whether it ran or not: the next one does, at once.
    await bench.tmux.until('=work:', /[$#] *$/);
    await bench.works('work');
  }
});
