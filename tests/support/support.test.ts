import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
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

test('a disposed server leaves no socket and no directory', async () => {
  const other = new PrivateTmux();
  await other.newSession('brief');
  await other.dispose();
  expect(existsSync(other.directory)).toBe(false);
});
