import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { Bed } from './bed.js';
import { stateOf } from './state.js';

let bed: Bed;
let home: string;
beforeAll(async () => {
  bed = await Bed.start();
  home = realpathSync(bed.tmux.home);
});
afterAll(() => bed.close());

const layout = (session: string): Promise<string> =>
  bed.tmux.run(
    'list-panes',
    '-s',
    '-t',
    `=${session}:`,
    '-F',
    '#{window_index}.#{pane_index} #{pane_id} #{window_active}#{pane_active}',
  );

describe('open_pane', () => {
  test('opens a new window with a shell, and nobody’s focus moves', async () => {
    const seat = await bed.seat('bash');
    const before = await layout(seat.session);
    const opened = await bed.call('open_pane', { session: seat.session });
    expect(opened).toMatchObject({ target: `${seat.session}:1.0`, path: home, width: 80, height: 24 });
    expect(opened['pane_id']).not.toBe(seat.pane);
    expect(await layout(seat.session)).toContain(before);
    expect(
      await bed.call('execute', {
        session: seat.session,
        pane: opened['pane_id'],
        command: 'echo new',
        timeout: 60,
      }),
    ).toMatchObject({ output_lines: ['new'], pane_id: opened['pane_id'] });
  });

  test('splits to the right and below', async () => {
    const seat = await bed.seat('bash');
    const right = await bed.call('open_pane', { session: seat.session, placement: 'right' });
    expect(right).toMatchObject({ target: `${seat.session}:0.1`, height: 24 });
    expect(right['width']).toBeLessThan(80);
    const below = await bed.call('open_pane', { session: seat.session, placement: 'below' });
    expect(below['height']).toBeLessThan(24);
    expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({
      pane_id: seat.pane,
      active: true,
    });
  });

  test('runs a command instead of a shell; the pane closes when it ends', async () => {
    const seat = await bed.seat('bash');
    const command = `echo "it's; $((6 * 7)) #{pane_id}"; tmux -S ${bed.tmux.socket} wait-for opened;`;
    const opened = await bed.call('open_pane', { session: seat.session, command });
    const pane = opened['pane_id'] as string;
    const screen = await bed.tmux.until(pane, /42/);
    expect(screen).toContain("it's; 42 #{pane_id}");
    const gone = bed.call('wait_for', { session: seat.session, pane, timeout: 60 });
    // Answered behind it: the wait has found its pane before the program is let go.
    await bed.call('pane_info', { session: seat.session, pane });
    await bed.tmux.run('wait-for', '-S', 'opened');
    expect(await gone).toMatchObject({ state: 'pane_closed' });
  });

  test('a command that ends at once is an error that says so', async () => {
    const seat = await bed.seat('bash');
    const result = await bed.server.client.raw('open_pane', { session: seat.session, command: 'true' });
    // Either it was still there to be described, or the error tells what happened.
    if (result.isError)
      expect(result.content[0]).toMatchObject({ text: expect.stringMatching(/^PANE_NOT_FOUND: .*ended/) });
  });

  test('starts in the directory given, or in that of the pane', async () => {
    const seat = await bed.seat('bash');
    for (const name of [
      'plain',
      'with space',
      "quo'te",
      'semi;',
      'ha#sh #{x} #(touch canary)',
      '-dash',
      'é漢',
    ]) {
      const directory = join(home, name);
      mkdirSync(directory);
      const opened = await bed.call('open_pane', { session: seat.session, working_dir: directory });
      const at = { session: seat.session, pane: opened['pane_id'], timeout: 60 };
      expect(await bed.call('execute', { ...at, command: 'pwd' })).toMatchObject({
        output_lines: [directory],
      });
      await bed.call('close_pane', { session: seat.session, pane: opened['pane_id'] });
    }
    await seat.lines(`cd '${join(home, 'plain')}'`);
    await bed.tmux.untilValue(seat.pane, '#{pane_current_path}', /plain$/);
    const beside = await bed.call('open_pane', { session: seat.session, placement: 'right' });
    expect(
      await bed.call('execute', {
        session: seat.session,
        pane: beside['pane_id'],
        command: 'pwd',
        timeout: 60,
      }),
    ).toMatchObject({ output_lines: [join(home, 'plain')] });
    expect(existsSync(join(home, 'canary'))).toBe(false);
    expect(existsSync(join(home, 'plain', 'canary'))).toBe(false);
  });

  test('~ is the home of the server', async () => {
    const seat = await bed.seat('bash');
    // Over there it is the home of whoever logs in.
    const home = bed.server.isFar ? homedir() : realpathSync(bed.tmux.home);
    const name = basename(mkdtempSync(join(home, 'under-home-')));
    expect(await bed.call('open_pane', { session: seat.session, working_dir: `~/${name}` })).toMatchObject({
      path: join(home, name),
    });
    rmSync(join(home, name), { recursive: true });
  });

  test.each([
    '/no/such/directory',
    'relative',
    './x',
    '',
    '/etc/passwd',
    '~other/x',
    '#(touch canary)',
    '/tmp/\0x',
    '/tmp/#(touch canary)',
  ])('the directory %j is refused and nothing is opened', async (working_dir) => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    const before = await stateOf(bed.tmux);
    expect(await seat.refusal('open_pane', { working_dir })).toMatch(
      /^(DIRECTORY_NOT_FOUND|INVALID_ARGUMENT): /,
    );
    expect(await stateOf(bed.tmux)).toBe(before);
  });

  test('the window gets the name that was asked for', async () => {
    const seat = await bed.seat('bash');
    for (const name of ['logs', 'two words', 'é漢👍', "it's; $x"]) {
      const opened = await bed.call('open_pane', { session: seat.session, name });
      expect(await bed.tmux.value(opened['pane_id'] as string, '#{window_name}')).toBe(name);
    }
  });

  test.each(['#(touch canary)', '#{session_name}', '#S', 'a\nb', '\x1b[31m', '', 'x'.repeat(10_000), 'a\0b'])(
    'the name %.30j is refused and nothing is opened',
    async (name) => {
      const seat = await bed.seat('bash');
      await seat.lines('true');
      const before = await stateOf(bed.tmux);
      expect(await seat.refusal('open_pane', { name })).toMatch(/^INVALID_ARGUMENT: .*name/);
      expect(await stateOf(bed.tmux)).toBe(before);
    },
  );

  test('a placement that does not exist names those that do', async () => {
    const seat = await bed.seat('bash');
    expect(await seat.refusal('open_pane', { placement: 'left' })).toMatch(
      /^INVALID_ARGUMENT: .*placement.*window.*right.*below/,
    );
  });

  test('no room left for a split is an error', async () => {
    const seat = await bed.seat('bash', { width: 10, height: 3 });
    let text = '';
    for (let i = 0; i < 5 && text === ''; i += 1) {
      const result = await bed.server.client.raw('open_pane', { session: seat.session, placement: 'below' });
      if (result.isError) text = JSON.stringify(result.content);
    }
    expect(text).toMatch(/TMUX_ERROR.*no space/);
  });
});

describe('close_pane', () => {
  test('closes the pane and what runs in it', async () => {
    const seat = await bed.seat('bash');
    const right = await bed.call('open_pane', {
      session: seat.session,
      placement: 'right',
      command: 'sleep 600',
    });
    const pid = Number(await bed.tmux.value(right['pane_id'] as string, '#{pane_pid}'));
    expect(pid).toBeGreaterThan(0);
    expect(await bed.call('close_pane', { session: seat.session, pane: 1 })).toMatchObject({
      closed: true,
      pane_id: right['pane_id'],
      target: `${seat.session}:0.1`,
    });
    expect(await layout(seat.session)).toBe(`0.0 ${seat.pane} 11`);
    expect(await seat.refusal('close_pane', { pane: 1 })).toMatch(/^PANE_NOT_FOUND: /);
    expect(await seat.lines('echo still')).toEqual(['still']);
  });

  test('the last pane closes its session, and another session is not touched', async () => {
    const other = await bed.seat('bash');
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await bed.call('close_pane', { session: seat.session });
    expect(await seat.refusal('read_pane')).toMatch(/^SESSION_NOT_FOUND: /);
    expect(await other.lines('echo here')).toEqual(['here']);
  });

  test('a waiting execute learns of it', async () => {
    const seat = await bed.seat('bash');
    const running = seat.execute(`tmux -S ${bed.tmux.socket} wait-for -S closing; sleep 600`);
    await bed.tmux.channel('closing');
    await bed.call('close_pane', { session: seat.session });
    expect(await running).toMatchObject({ state: 'pane_closed', completed: false });
  });

  test('the very last pane of the server ends tmux, and the server answers on', async () => {
    const own = await Bed.start();
    try {
      await own.tmux.newSession('only');
      await own.call('close_pane', { session: 'only' });
      expect(await own.call('list_sessions', {})).toMatchObject({ count: 0 });
      await own.tmux.newSession('only').catch(() => own.tmux.newSession('only'));
      expect(await own.call('execute', { session: 'only', command: 'echo back', timeout: 60 })).toMatchObject(
        {
          output_lines: ['back'],
        },
      );
    } finally {
      await own.close();
    }
  });
});
