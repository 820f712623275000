import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed, SHELLS } from './bed.js';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
  await bed.tmux.newSession('keeper');
});
afterAll(() => bed.close());

describe('a target means the pane that is there now', () => {
  test('after two panes changed places', async () => {
    const seat = await bed.seat('bash');
    const other = await bed.tmux.run(
      'split-window',
      '-d',
      '-t',
      seat.pane,
      '-P',
      '-F',
      '#{pane_id}',
      'bash --norc',
    );
    for (const pane of [0, 1]) await seat.execute(`WHO=${pane}`, { pane });
    await bed.tmux.run('swap-pane', '-d', '-s', other, '-t', seat.pane);
    expect(await seat.execute('echo $WHO', { pane: 0 })).toMatchObject({
      output_lines: ['1'],
      pane_id: other,
    });
    expect(await seat.execute('echo $WHO', { pane: 1 })).toMatchObject({
      output_lines: ['0'],
      pane_id: seat.pane,
    });
    expect(await seat.execute('echo $WHO', { pane: seat.pane })).toMatchObject({ output_lines: ['0'] });
    expect(await seat.execute('echo $WHO')).toMatchObject({ output_lines: ['1'], pane_id: other });
  });

  test('after a lower window or pane came', async () => {
    const seat = await bed.seat('bash');
    await bed.tmux.run('move-window', '-s', `=${seat.session}:0`, '-t', `=${seat.session}:5`);
    await seat.execute('WHO=old');
    await bed.tmux.run('new-window', '-d', '-t', `=${seat.session}:2`, 'bash --norc');
    expect(await seat.execute('echo "[$WHO]"')).toMatchObject({
      output_lines: ['[]'],
      target: `${seat.session}:2.0`,
    });
    expect(await seat.execute('echo "[$WHO]"', { window: 5 })).toMatchObject({ output_lines: ['[old]'] });
  });

  test('after a pane was broken out into a window of its own', async () => {
    const seat = await bed.seat('bash');
    const other = await bed.tmux.run(
      'split-window',
      '-d',
      '-t',
      seat.pane,
      '-P',
      '-F',
      '#{pane_id}',
      'bash --norc',
    );
    await seat.execute('WHO=other', { pane: 1 });
    await bed.tmux.run('break-pane', '-d', '-s', other);
    expect(await seat.refusal('execute', { command: 'echo NEVER', pane: 1 })).toMatch(/^PANE_NOT_FOUND: /);
    expect(await seat.execute('echo $WHO', { pane: other })).toMatchObject({
      output_lines: ['other'],
      target: `${seat.session}:1.0`,
    });
  });

  test('after it moved to another session', async () => {
    const seat = await bed.seat('bash');
    const other = await bed.tmux.run(
      'split-window',
      '-d',
      '-t',
      seat.pane,
      '-P',
      '-F',
      '#{pane_id}',
      'bash --norc',
    );
    await seat.execute('WHO=wanderer', { pane: other });
    await bed.tmux.run('join-pane', '-d', '-s', other, '-t', '=keeper:0');
    expect(await seat.refusal('execute', { command: 'echo NEVER', pane: other })).toMatch(
      /^PANE_NOT_FOUND: /,
    );
    expect(
      await bed.call('execute', { session: 'keeper', pane: other, command: 'echo $WHO', timeout: 60 }),
    ).toMatchObject({ output_lines: ['wanderer'] });
  });

  test('while a command runs in it, its result still comes', async () => {
    const seat = await bed.seat('bash');
    await bed.tmux.run('split-window', '-d', '-t', seat.pane, 'sleep 600');
    const tmux = `tmux -S ${bed.tmux.socket}`;
    const running = seat.execute(
      `${tmux} wait-for -S moving; ${tmux} wait-for moved; echo arrived; (exit 6)`,
    );
    await bed.tmux.channel('moving');
    await bed.tmux.run('break-pane', '-d', '-s', seat.pane);
    await bed.tmux.run('wait-for', '-S', 'moved');
    expect(await running).toMatchObject({ state: 'completed', exit_code: 6, output_lines: ['arrived'] });
  });
});

describe.each(SHELLS)('a pane whose program was replaced (respawn-pane), before %s', (shell) => {
  test('by another shell: the next command runs there', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.run('respawn-pane', '-k', '-t', seat.pane, 'zsh -f');
    expect(await seat.execute('echo $ZSH_NAME; (exit 4)')).toMatchObject({
      state: 'completed',
      exit_code: 4,
      output_lines: ['zsh'],
      detection: 'integration',
    });
  });

  test('by a program without a prompt: nothing is typed into it', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.run('respawn-pane', '-k', '-t', seat.pane, 'exec sleep 600');
    await bed.tmux.untilValue(seat.pane, '#{pane_current_command}', /^sleep$/);
    expect(await seat.refusal('execute', { command: 'echo NEVER' })).toMatch(/^PANE_BUSY: .*sleep/);
    expect((await seat.screen()).join('')).not.toContain('NEVER');
  });

  test('in the middle of a command: its result says that the pane’s program is gone', async () => {
    const seat = await bed.seat(shell);
    const channel = `respawn-${shell}`;
    const running = seat.execute(`tmux -S ${bed.tmux.socket} wait-for -S ${channel}; sleep 600`, {
      timeout: 20,
    });
    await bed.tmux.channel(channel);
    await bed.tmux.run('respawn-pane', '-k', '-t', seat.pane, 'bash --norc --noprofile');
    const done = await running;
    expect(done.completed).toBe(false);
    expect(done.state).not.toBe('completed');
    expect(await seat.lines('echo after')).toEqual(['after']);
  });
});
