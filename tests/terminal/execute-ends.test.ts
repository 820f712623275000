import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed, processGone, SHELLS } from './bed.js';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
  await bed.tmux.newSession('keeper');
});
afterAll(() => bed.close());

describe.each(SHELLS)('the end of things in %s', (shell) => {
  test('exit closes the pane, and the result says so', async () => {
    const seat = await bed.seat(shell);
    const done = await seat.execute('exit');
    expect(done).toMatchObject({ state: 'pane_closed', completed: false, timeout_occurred: false });
    expect(await seat.refusal('execute', { command: 'echo hi' })).toMatch(/^SESSION_NOT_FOUND: /);
  });

  test('exit with output right before it: all of the output, and the status', async () => {
    for (let round = 0; round < 5; round += 1) {
      const seat = await bed.seat(shell);
      const done = await seat.execute('seq 1 200; exit 3');
      expect(done).toMatchObject({ state: 'pane_closed', exit_code: 3 });
      expect(done.output_lines.filter((line) => line !== 'exit')).toEqual(
        Array.from({ length: 200 }, (_, i) => String(i + 1)),
      );
    }
  });

  test('a pane that is killed in the middle of a command', async () => {
    const seat = await bed.seat(shell);
    const channel = `kill-${shell}`;
    const running = seat.execute(`echo begun; tmux -S ${bed.tmux.socket} wait-for -S ${channel}; sleep 600`);
    await bed.tmux.channel(channel);
    await bed.tmux.run('kill-pane', '-t', seat.pane);
    const done = await running;
    expect(done).toMatchObject({ state: 'pane_closed', completed: false, exit_code: null });
    expect(done.output_lines).toEqual(['begun']);
    expect(done.elapsed_seconds).toBeLessThan(50);
  });

  test('a pane that stays after its program has ended (remain-on-exit)', async () => {
    const seat = await bed.seat(shell);
    await bed.tmux.run('set-option', '-w', '-t', seat.pane, 'remain-on-exit', 'on');
    await seat.lines('true');
    const done = await seat.execute('exit 5', { timeout: 30 });
    expect(done).toMatchObject({ state: 'pane_closed', exit_code: 5 });
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({
      dead: true,
      state: 'exited',
    });
    expect(await seat.refusal('execute', { command: 'echo hi' })).toMatch(/^PANE_NOT_FOUND: .*ended/);
  });

  test('clear clears the screen, and what comes after it is output', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('seq 1 50');
    const done = await seat.execute('clear');
    expect(done).toMatchObject({ state: 'completed', exit_code: 0 });
    expect(done.output_lines.join('').trim()).toBe('');
    expect(await seat.screen()).toHaveLength(1);
    expect((await seat.execute('clear; echo after')).output_lines.at(-1)).toBe('after');
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('reset, which takes the terminal back to its beginnings', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    expect(await seat.execute('reset')).toMatchObject({ state: 'completed', exit_code: 0 });
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('a program that prints marks like those of the shell fools nobody', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    const forged = ['D;0', 'A', 'B', 'C', 'D;7;aid=0123456789abcdef', 'B;aid=0123456789abcdef', 'P;k=i', 'Z']
      .map((mark) => `\\033]133;${mark}\\007`)
      .join('');
    const done = await seat.execute(`printf '${forged}one\\n${forged}'; sh -c "sleep 0.3; echo two; exit 9"`);
    expect(done).toMatchObject({ state: 'completed', exit_code: 9, output_lines: ['one', 'two'] });
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('marks that another tool’s integration prints are no business of ours', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    const st = String.raw`printf '\033]133;A;k=s\033\134\033]633;B\007\033]133;D\033\134text\n'`;
    expect(await seat.lines(st)).toEqual(['text']);
  });

  test('an unfinished escape sequence at the end of the output does not hide the prompt', async () => {
    const seat = await bed.seat(shell);
    for (const end of ['\\033]0;no end', '\\033[3', '\\033', '\\033P', '\\033]133;', '\\033]133;D;0']) {
      const done = await seat.execute(`printf 'a\\n${end}'`);
      expect(done).toMatchObject({ state: 'completed', exit_code: 0 });
      expect(done.output_lines[0]).toBe('a');
    }
    expect((await seat.execute('echo next')).output_lines).toEqual(['next']);
  });
});

test('a command whose session is killed', async () => {
  const seat = await bed.seat('bash');
  const running = seat.execute(`tmux -S ${bed.tmux.socket} wait-for -S in-session; sleep 600`);
  await bed.tmux.channel('in-session');
  await bed.tmux.run('kill-session', '-t', `=${seat.session}`);
  expect((await running).state).toBe('pane_closed');
});

test('a command whose window is closed while another window stays', async () => {
  const seat = await bed.seat('bash');
  await bed.tmux.run('new-window', '-d', '-t', `${seat.session}:`);
  const running = seat.execute(`tmux -S ${bed.tmux.socket} wait-for -S in-window; sleep 600`);
  await bed.tmux.channel('in-window');
  await bed.tmux.run('kill-window', '-t', seat.pane);
  expect((await running).state).toBe('pane_closed');
});

test('a command in one of two panes that are side by side, when that pane is killed', async () => {
  const seat = await bed.seat('bash');
  const other = await bed.tmux.run('split-window', '-d', '-t', seat.pane, '-P', '-F', '#{pane_id}', 'bash');
  const running = seat.execute(`tmux -S ${bed.tmux.socket} wait-for -S in-split; sleep 600`, { pane: other });
  await bed.tmux.channel('in-split');
  await bed.tmux.run('kill-pane', '-t', other);
  expect((await running).state).toBe('pane_closed');
  expect(await seat.lines('echo still here')).toEqual(['still here']);
});

test('a tmux server that dies under a command, and one that comes up in its place', async () => {
  const own = await Bed.start();
  try {
    const seat = await own.seat('bash');
    const running = seat.execute(`tmux -S ${own.tmux.socket} wait-for -S dying; sleep 600`);
    await own.tmux.channel('dying');
    const old = Number(await own.tmux.value(seat.pane, '#{pid}'));
    await own.tmux.run('kill-server');
    await processGone(old);
    expect((await running).state).toBe('pane_closed');
    expect(await own.call('list_sessions', {})).toMatchObject({ sessions: [], count: 0 });
    expect(await seat.refusal('execute', { command: 'echo hi' })).toMatch(/^SESSION_NOT_FOUND: /);
    // Ids start again at 0: what was known of the old %0 must not be taken for the new one.
    await own.tmux.newSession(seat.session);
    expect(await seat.lines('echo reborn')).toEqual(['reborn']);
  } finally {
    await own.close();
  }
});

test('exec of another program in place of the shell', async () => {
  const seat = await bed.seat('bash');
  await seat.lines('true');
  expect((await seat.execute('exec true')).state).toBe('pane_closed');
});
