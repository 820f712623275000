import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PrivateTmux } from '../support/tmux.js';
import { Bed, SHELLS } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

describe.each(SHELLS)('a pane that changes its size, with %s in it', (shell) => {
  test('between two commands', async () => {
    const seat = await bed.seat(shell);
    for (const [width, height] of [
      [60, 20],
      [30, 8],
      [120, 40],
      [20, 5],
      [80, 24],
    ] as const) {
      await bed.tmux.run('resize-window', '-t', seat.pane, '-x', String(width), '-y', String(height));
      expect(await seat.execute(`echo at ${width}; sh -c "exit 3"`)).toMatchObject({
        state: 'completed',
        exit_code: 3,
        output_lines: [`at ${width}`],
      });
    }
  });

  test('in the middle of a command', async () => {
    const seat = await bed.seat(shell);
    const tmux = `tmux -S ${bed.tmux.socket}`;
    const long = 'x'.repeat(100);
    const running = seat.execute(
      `sh -c "echo ${long}; ${tmux} resize-window -t ${seat.pane} -x 33 -y 10; sleep 0.5; echo ${long}; exit 4"`,
    );
    expect(await running).toMatchObject({ state: 'completed', exit_code: 4, output_lines: [long, long] });
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('when it is split, zoomed and unzoomed', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.run('split-window', '-h', '-t', seat.pane, 'sleep', '600');
    expect(await seat.lines('echo narrow')).toEqual(['narrow']);
    await bed.tmux.run('resize-pane', '-Z', '-t', seat.pane);
    expect(await seat.lines('echo wide')).toEqual(['wide']);
    await bed.tmux.run('resize-pane', '-Z', '-t', seat.pane);
    expect(await seat.lines('echo narrow again')).toEqual(['narrow again']);
  });
});

describe('a person who attaches', () => {
  test('is seen as one who watches, changes the size, and nothing is lost', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    const desk = new PrivateTmux();
    try {
      const attach = `tmux -u -S ${bed.tmux.socket} attach-session -t ${seat.session}`;
      await desk.newSession('desk', {
        shell: ['sh', '-c', `unset TMUX; exec ${attach}`],
        width: 61,
        height: 17,
      });
      await bed.tmux.untilValue(seat.pane, '#{session_attached_list}', /\/dev\//);
      const { sessions } = await bed.call<{ sessions: { name: string; attached: boolean }[] }>(
        'list_sessions',
        {},
      );
      expect(sessions.find(({ name }) => name === seat.session)?.attached).toBe(true);
      await bed.tmux.untilValue(seat.pane, '#{pane_width}', /^61$/);
      expect(await seat.lines('seq 1 100')).toEqual(Array.from({ length: 100 }, (_, i) => String(i + 1)));
      // What the person types is seen, and no less refused for it.
      await desk.type('=desk:', 'half a thought');
      await bed.tmux.until(seat.pane, /half a thought/);
      expect(await seat.refusal('execute', { command: 'echo NEVER' })).toMatch(/^DRAFT_PRESENT: /);
      await desk.keys('=desk:', 'C-u');
      await bed.tmux.until(seat.pane, (screen) => !screen.includes('half a thought'));
      expect(await seat.lines('echo fine')).toEqual(['fine']);
    } finally {
      await desk.dispose();
    }
    expect(await seat.lines('echo alone again')).toEqual(['alone again']);
  });

  test('keeps the size of the window and the place that they look at while Panewright works', async () => {
    const seat = await bed.seat('bash');
    const second = await bed.tmux.run(
      'new-window',
      '-t',
      `${seat.session}:`,
      '-P',
      '-F',
      '#{pane_id}',
      'sleep 600',
    );
    const desk = new PrivateTmux();
    try {
      const attach = `tmux -u -S ${bed.tmux.socket} attach-session -t ${seat.session}`;
      await desk.newSession('desk', {
        shell: ['sh', '-c', `unset TMUX; exec ${attach}`],
        width: 70,
        height: 20,
      });
      await bed.tmux.untilValue(second, '#{pane_width}', /^70$/);
      const format = '#{window_width}x#{window_height} #{window_active} #{pane_active}';
      const before = await bed.tmux.value(second, format);
      expect(before).toMatch(/ 1 1$/);
      await seat.lines('echo in the other window');
      await seat.read();
      await bed.call('open_pane', { session: seat.session });
      expect(await bed.tmux.value(second, format)).toBe(before);
    } finally {
      await desk.dispose();
    }
  });
});
