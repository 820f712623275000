import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed, SHELLS, type Seat } from './bed.js';

/*
 * A pane whose program has ended and that stays (remain-on-exit). tmux 3.3a ends with a segmentation fault, and
 * every session with it, when something is pasted there.
 */
let bed: Bed;
let server: string;
beforeAll(async () => {
  bed = await Bed.start();
  const pane = await bed.tmux.newSession('keeper');
  server = await bed.tmux.value(pane, '#{pid}');
});
afterAll(() => bed.close());

const CALLS: readonly (readonly [tool: string, args: Record<string, unknown>])[] = [
  ['write_pane', { text: 'hello\n' }],
  ['write_pane', { text: 'hello', paste: true }],
  ['send_keys', { key: 'Enter' }],
  ['send_keys', { key: ['a', 'C-c'] }],
  ['execute', { command: 'echo hi' }],
  ['execute', { command: 'echo hi', force: true }],
];

/** Ends the program of a pane that stays. */
async function ended(seat: Seat): Promise<void> {
  await bed.tmux.run('set-option', '-w', '-t', seat.pane, 'remain-on-exit', 'on');
  await bed.tmux.type(seat.pane, 'exit\n');
  // tmux announces nothing for a dead pane; its own hook does.
  await bed.tmux.untilValue(
    '=keeper:',
    `#{S:#{W:#{P:#{pane_id}=#{pane_dead};}}}`,
    new RegExp(`${seat.pane}=1;`),
  );
}

describe.each(SHELLS)('a dead pane that was %s', (shell) => {
  test.each(CALLS)('%s %j is refused, and tmux lives on', async (tool, args) => {
    const used = await bed.seat(shell);
    await used.lines('true');
    const unknown = await bed.seat(shell);
    for (const seat of [used, unknown]) {
      await bed.tmux.until(seat.pane, /[$#%>] ?$/m);
      await ended(seat);
      expect(await seat.refusal(tool, args)).toMatch(/^PANE_NOT_FOUND: .*ended/);
    }
    expect(await bed.tmux.value('=keeper:', '#{pid}')).toBe(server);
  });

  test('can be read, described, waited for and closed', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('echo last words');
    await ended(seat);
    expect((await seat.read()).lines).toContain('last words');
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({
      dead: true,
      state: 'exited',
    });
    expect(await seat.waitFor()).toMatchObject({ state: 'pane_closed', timeout_occurred: false });
    expect(await bed.call('close_pane', { session: seat.session })).toMatchObject({ closed: true });
    expect(await bed.tmux.value('=keeper:', '#{pid}')).toBe(server);
  });

  test('and that is in copy mode is refused like any other', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await ended(seat);
    await bed.tmux.run('copy-mode', '-t', seat.pane);
    for (const [tool, args] of CALLS)
      expect(await seat.refusal(tool, args)).toMatch(/^PANE_NOT_FOUND: .*ended/);
    expect(await bed.tmux.value('=keeper:', '#{pid}')).toBe(server);
  });
});
