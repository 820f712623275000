import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, SHELLS } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

interface Listed {
  readonly sessions: readonly {
    readonly name: string;
    readonly window_list?: readonly {
      readonly index: number;
      readonly panes: readonly Record<string, unknown>[];
    }[];
    readonly [key: string]: unknown;
  }[];
  readonly count: number;
}

const list = (args: Record<string, unknown> = {}): Promise<Listed> => bed.call<Listed>('list_sessions', args);

describe('list_sessions', () => {
  test('without a tmux server is an empty list, and starts none', async () => {
    const own = await Bed.start();
    try {
      expect(await own.call('list_sessions', {})).toMatchObject({ sessions: [], count: 0 });
      expect(await own.call('list_sessions', { detail: true })).toMatchObject({ sessions: [], count: 0 });
      expect(await own.refusal('read_pane', { session: 'work' })).toMatch(
        /^SESSION_NOT_FOUND: .*there are none/,
      );
      await expect(own.tmux.run('list-sessions')).rejects.toThrow(/no server running|No such file/);
    } finally {
      await own.close();
    }
  });

  test('describes each session by its lowest window and pane', async () => {
    const home = realpathSync(bed.tmux.home);
    const directory = join(home, 'project');
    mkdirSync(directory);
    await bed.tmux.newSession('listed', { cwd: directory });
    await bed.tmux.run('split-window', '-t', '=listed:', 'sleep', '600');
    await bed.tmux.run('new-window', '-t', '=listed:', 'sleep', '600');
    const found = (await list()).sessions.find(({ name }) => name === 'listed');
    expect(found).toMatchObject({
      windows: 2,
      panes: 3,
      attached: false,
      command: 'bash',
      path: directory,
      allowed: true,
      write_allowed: true,
      profile: 'bash',
    });
    expect(found?.window_list).toBeUndefined();
    expect(Date.now() - Date.parse(found?.['last_activity'] as string)).toBeLessThan(120_000);
  });

  test('with detail adds windows and panes', async () => {
    const found = (await list({ detail: true })).sessions.find(({ name }) => name === 'listed');
    expect(found?.window_list).toMatchObject([
      {
        index: 0,
        panes: [
          { index: 0, command: 'bash' },
          { index: 1, command: 'sleep', profile: null },
        ],
      },
      { index: 1, panes: [{ index: 0, command: 'sleep', active: true, dead: false }] },
    ]);
  });

  test('does not take Panewright’s own clients for people who watch', async () => {
    await bed.call('execute', { session: 'listed', command: 'true', timeout: 60 });
    const found = (await list()).sessions.find(({ name }) => name === 'listed');
    expect(found).toMatchObject({ attached: false });
  });

  test('counts 60 sessions, and each once', async () => {
    for (let i = 0; i < 60; i += 1) await bed.tmux.newSession(`many-${i}`, { shell: ['sleep', '600'] });
    const { sessions, count } = await list();
    expect(count).toBe(sessions.length);
    expect(new Set(sessions.map(({ name }) => name)).size).toBe(count);
    expect(sessions.filter(({ name }) => name.startsWith('many-'))).toHaveLength(60);
  });

  test('a title or directory that looks like a row forges none', async () => {
    const tricky = join(bed.tmux.home, 'a\tb\nnewline');
    mkdirSync(tricky);
    const before = (await list()).count;
    const pane = await bed.tmux.newSession('tricky', { cwd: tricky });
    // tmux expands what it is given here as a format: doubled, the sign is one of the title.
    await bed.tmux.run('select-pane', '-t', pane, '-T', '%9\t$9\t@9\n##(touch canary)');
    const { sessions, count } = await list({ detail: true });
    expect(count).toBe(before + 1);
    expect(sessions.find(({ name }) => name === 'tricky')?.['path']).toContain('newline');
  });
});

describe('pane_info', () => {
  test.each(SHELLS)('%s at its prompt is idle, and busy while it works', async (shell) => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({
      target: `${seat.session}:0.0`,
      pane_id: seat.pane,
      width: 80,
      height: 24,
      command: shell,
      active: true,
      path: realpathSync(bed.tmux.home),
      mode: null,
      alternate_screen: false,
      dead: false,
      profile: shell,
      state: 'idle',
    });
    await seat.execute('sleep 600', { timeout: 0.3 });
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({
      command: 'sleep',
      state: 'busy',
    });
    await seat.keys('C-c');
  });

  test.each(SHELLS)('%s that nobody has touched is idle, too', async (shell) => {
    const seat = await bed.seat(shell);
    await bed.tmux.until(seat.pane, /[$#%>] ?$/m);
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({
      state: 'idle',
      profile: shell,
    });
    expect((await seat.screen()).join('\n')).not.toMatch(/133|stty/);
  });

  test('a question is waiting, a full-screen program busy', async () => {
    const seat = await bed.seat('bash');
    await seat.execute('read -p "Go on? [y/N] " a');
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({ state: 'waiting' });
    await seat.write('n\n');
    await seat.waitFor();
    await bed.tmux.type(seat.pane, 'less /etc/passwd\n');
    await bed.tmux.untilValue(seat.pane, '#{alternate_on}', /1/);
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({
      state: 'busy',
      alternate_screen: true,
      command: 'less',
    });
  });

  test('copy mode is named', async () => {
    const seat = await bed.seat('bash');
    await bed.tmux.run('copy-mode', '-t', seat.pane);
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({ mode: 'copy-mode' });
  });
});

describe('targets', () => {
  test('default to the lowest window and pane, whatever a person looks at', async () => {
    const lowest = await bed.tmux.newSession('focus');
    await bed.tmux.run('split-window', '-t', '=focus:', 'bash', '--norc');
    await bed.tmux.run('new-window', '-t', '=focus:', 'bash', '--norc');
    expect(await bed.call('pane_info', { session: 'focus' })).toMatchObject({
      pane_id: lowest,
      target: 'focus:0.0',
      active: false,
    });
    for (const [target, args] of [
      ['focus:0.1', { window: 0, pane: 1 }],
      ['focus:0.1', { pane: 1 }],
      ['focus:1.0', { window: 1 }],
      ['focus:1.0', { window: 1, pane: 0 }],
    ] as const)
      expect(
        await bed.call('execute', { session: 'focus', command: 'true', timeout: 60, ...args }),
      ).toMatchObject({
        target,
        state: 'completed',
      });
  });

  test('base-index 1 and gaps in the numbers make no difference', async () => {
    const own = await Bed.start();
    try {
      await own.tmux.newSession('first');
      await own.tmux.run('set-option', '-g', 'base-index', '1');
      await own.tmux.run('set-option', '-g', 'pane-base-index', '1');
      const pane = await own.tmux.newSession('work');
      expect(await own.call('execute', { session: 'work', command: 'echo hi', timeout: 60 })).toMatchObject({
        target: 'work:1.1',
        pane_id: pane,
        output_lines: ['hi'],
      });
      expect(await own.refusal('read_pane', { session: 'work', window: 0 })).toMatch(
        /^PANE_NOT_FOUND: .*\b1\b/,
      );
      await own.tmux.run('move-window', '-s', '=work:1', '-t', '=work:7');
      expect(
        await own.call('execute', { session: 'work', command: 'echo moved', timeout: 60 }),
      ).toMatchObject({
        target: 'work:7.1',
        output_lines: ['moved'],
      });
    } finally {
      await own.close();
    }
  });
});
