import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateTmux } from './tmux.js';

const tmux = new PrivateTmux();
let pane: string;

beforeAll(async () => {
  pane = await tmux.newSession('work', { width: 60, height: 10, env: { COLOR: 'red' } });
});
afterAll(() => tmux.dispose());

test('a private tmux server has only the session that was made in it', async () => {
  expect(await tmux.run('list-sessions', '-F', '#{session_name} #{window_width}x#{window_height}')).toBe(
    'work 60x10',
  );
});

test('text is typed exactly and the screen is awaited by events', async () => {
  await tmux.type(pane, 'echo "[$COLOR;é]"\n');
  expect(await tmux.until(pane, /^\[red;é\]$/m)).toContain('echo "[$COLOR;é]"');
});

test('a command in a pane can signal its end through a channel', async () => {
  await tmux.type(pane, 'seq 1 3; tmux wait-for -S counted\n');
  await tmux.channel('counted');
  expect(await tmux.lines(pane)).toEqual(expect.arrayContaining(['1', '2', '3']));
});

test('the program in the foreground is awaited by name', async () => {
  await tmux.type(pane, 'cat\n');
  expect(await tmux.untilValue(pane, '#{pane_current_command}', /^cat$/)).toBe('cat');
  await tmux.keys(pane, 'C-c');
});

test('waiting for a screen that never comes fails with the last screen', async () => {
  await expect(tmux.until(pane, /never shown/, 300)).rejects.toThrow(/last seen:\n[^]*COLOR/);
});

test('a command that the server keeps waiting fails, and names itself and where the server stands', async () => {
  const other = new PrivateTmux({ patience: 1_000 });
  await other.newSession('still');
  const pid = Number(await other.value('=still:', '#{pid}'));
  process.kill(pid, 'SIGSTOP');
  try {
    const failed = await other.run('list-windows', '-a').catch((error: unknown) => String(error));
    expect(failed).toMatch(/^Error: not ended in 1000 ms: tmux list-windows -a\n/);
    expect(failed).toMatch(new RegExp(`^ *${pid} +\\d+ +T`, 'm'));
  } finally {
    process.kill(pid, 'SIGCONT');
    await other.dispose();
  }
});

test('a client that SIGTERM does not end is ended all the same', async () => {
  const binary = join(tmux.directory, 'deaf');
  writeFileSync(binary, "#!/bin/sh\ntrap '' TERM\nexec sleep 600\n", { mode: 0o755 });
  const other = new PrivateTmux({ binary, patience: 300 });
  await expect(other.run('list-windows')).rejects.toThrow(/^not ended in 300 ms: tmux list-windows\n/);
  await other.dispose();
});

test('a disposed server leaves no socket and no directory', async () => {
  const other = new PrivateTmux();
  await other.newSession('brief');
  await other.dispose();
  expect(existsSync(other.directory)).toBe(false);
});
