import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Bench, IN_TIME, type Running } from './bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
  await bench.seat('keeper');
});
afterAll(() => bench.close());

// Whatever a test has done to tmux, the next one has where to move panes to.
beforeEach(() => bench.tmux.newSession('keeper').catch(() => undefined));

let seats = 0;
async function seat(): Promise<{ session: string; pane: string }> {
  const session = `s${String((seats += 1))}`;
  return { session, pane: await bench.seat(session) };
}

const WAITS = ['execute', 'wait_for', 'wait_for with a pattern'] as const;

/** A wait of each kind on a command that runs in the session, under way. */
async function waiting(
  kind: (typeof WAITS)[number],
  session: string,
): Promise<Running & { go(): Promise<void> }> {
  const running = await bench.running(session, kind === 'execute' ? {} : { timeout: 0.3 });
  if (kind === 'execute') return running;
  await running.ending();
  const pattern = kind === 'wait_for' ? {} : { pattern: 'done-' };
  const call = bench.begin('wait_for', { session, timeout: 15, ...pattern });
  await bench.call('pane_info', { session });
  return { ...call, go: running.go };
}

describe.each(WAITS)('during %s', (kind) => {
  test.each([
    ['the pane is killed', (_: string, pane: string) => ['kill-pane', '-t', pane]],
    ['the window is killed', (_: string, pane: string) => ['kill-window', '-t', pane]],
    ['the session is killed', (session: string) => ['kill-session', '-t', `=${session}`]],
    [
      'the pane is respawned',
      (_: string, pane: string) => ['respawn-pane', '-k', '-t', pane, '--', 'bash', '--norc'],
    ],
    [
      'the window is respawned',
      (_: string, pane: string) => ['respawn-window', '-k', '-t', pane, '--', 'bash', '--norc'],
    ],
  ])('%s: the wait ends and says so', async (name, command) => {
    const { session, pane } = await seat();
    const wait = await waiting(kind, session);
    await bench.tmux.run(...command(session, pane));
    const { isError, text, result, after } = await wait.ending();
    expect(after).toBeLessThan(IN_TIME);
    if (isError) expect(text).toMatch(/^(PANE_NOT_FOUND|SESSION_NOT_FOUND|TMUX_LOST): /);
    else expect(result['state']).not.toBe('running');
    if (!isError && name.includes('killed'))
      expect(result).toMatchObject({ state: 'pane_closed', exit_code: null });
    if (name.includes('killed')) await bench.tmux.newSession(session).catch(() => undefined);
    await bench.works(session);
  });

  test.each([
    [
      'the session is renamed',
      (session: string) => ['rename-session', '-t', `=${session}`, `${session}-new`],
      {},
    ],
    ['the window is renamed', (session: string) => ['rename-window', '-t', `=${session}:`, 'new'], {}],
    [
      'the window is moved within the session',
      (session: string) => ['move-window', '-s', `=${session}:0`, '-t', `=${session}:9`],
      {},
    ],
    [
      'the pane is made wider',
      (session: string) => ['resize-window', '-t', `=${session}:`, '-x', '120', '-y', '40'],
      {},
    ],
    [
      'the pane is made narrower',
      (session: string) => ['resize-window', '-t', `=${session}:`, '-x', '30', '-y', '5'],
      {},
    ],
    [
      'the pane is split',
      (session: string) => ['split-window', '-d', '-t', `=${session}:`, '--', 'sleep', '600'],
      {},
    ],
    [
      'the pane is broken out into a window of its own',
      (session: string) => ['split-window', '-d', '-b', '-t', `=${session}:`, '--', 'sleep', '600'],
      { pane: 1 },
    ],
    ['copy mode is entered', (session: string) => ['copy-mode', '-t', `=${session}:`], {}],
    ['the history is cleared', (session: string) => ['clear-history', '-t', `=${session}:`], {}],
    [
      'a twin session appears',
      (session: string) => ['new-session', '-d', '-s', `${session}-twin`, '-t', `=${session}`],
      {},
    ],
  ])('%s: the wait goes on to the true end', async (name, command, where) => {
    const { session } = await seat();
    const wait = await waiting(kind, session);
    await bench.tmux.run(...command(session));
    await wait.go();
    const { isError, text, result, after } = await wait.ending();
    expect([isError, text]).toEqual([false, expect.anything()]);
    expect(after).toBeLessThan(IN_TIME);
    // A pattern is seen before the prompt is back.
    if (kind === 'wait_for with a pattern') expect(result).toMatchObject({ matched: true });
    else
      expect(result).toMatchObject({
        state: 'completed',
        exit_code: 0,
        output_lines: [expect.stringMatching(/^done-\d+$/)],
      });
    await bench.works(name === 'the session is renamed' ? `${session}-new` : session, where);
  });

  test.each([
    [
      'joined to a window of another session',
      (pane: string) => ['join-pane', '-d', '-s', pane, '-t', '=keeper:0'],
    ],
    [
      'moved with its window to another session',
      (pane: string) => ['move-window', '-d', '-s', pane, '-t', '=keeper:'],
    ],
  ])(
    'the pane is %s: the wait ends in time, not with "closed", and the pane is usable in its new place',
    async (_name, command) => {
      const { session, pane } = await seat();
      const stay = await bench.tmux.run(
        'new-window',
        '-d',
        '-t',
        `=${session}:`,
        '-P',
        '-F',
        '#{pane_id}',
        '--',
        'sleep',
        '600',
      );
      const wait = await waiting(kind, session);
      await bench.tmux.run(...command(pane));
      await wait.go();
      const { isError, text, result, after } = await wait.ending();
      expect(after).toBeLessThan(IN_TIME);
      if (isError) expect(text).toMatch(/^PANE_NOT_FOUND: /);
      else expect(result['state']).toMatch(/^(completed|running)$/);
      await bench.works('keeper', { pane });
      for (const id of [pane, stay]) await bench.tmux.run('kill-pane', '-t', id);
    },
  );
});

describe('what a program does to its terminal during execute', () => {
  test.each([
    ['resets it', String.raw`printf 'before\033cafter\n'`, ['after']],
    ['resets it softly', String.raw`printf 'before\033[!pafter\n'`, ['beforeafter']],
    [
      'visits the alternate screen',
      String.raw`printf 'before\n\033[?1049hinside\033[?1049lafter\n'`,
      ['before', 'after'],
    ],
    ['forges marks', String.raw`printf 'a\033]133;D;7\007\033]133;B\007b\n'; true`, ['ab']],
    [
      'forges marks with a nonce',
      String.raw`printf 'a\033]133;D;7;aid=x\007\033]133;B;aid=x\007b\n'; true`,
      ['ab'],
    ],
    ['leaves a mark open', String.raw`printf 'a\033]133;'; echo b`, undefined],
    ['leaves an escape sequence open', String.raw`printf 'a\033['; echo b`, undefined],
    ['leaves a string open', String.raw`printf 'a\033P'; echo b`, undefined],
    [
      'sets the title and a hyperlink',
      String.raw`printf '\033]2;title\007\033]8;;http://x\007link\033]8;;\007\n'`,
      ['link'],
    ],
    ['prints bytes that are no text', String.raw`printf '\377\376\000\200x\n'`, undefined],
    ['switches to line drawing', String.raw`printf '\033(0qqq\033(B\nend\n'`, undefined],
    [
      'turns on mouse and paste modes',
      String.raw`printf '\033[?1000h\033[?2004h\033[?1hdone\n'; printf '\033[?1000l\033[?1l'`,
      ['done'],
    ],
    [
      'prints notifications of control mode',
      String.raw`printf '%%end 1 2 1\n%%exit\n%%output %%0 x\n'`,
      ['%end 1 2 1', '%exit', '%output %0 x'],
    ],
    [
      'prints guards',
      String.raw`for i in 1 2 3; do echo "%begin 0 $i 1"; echo "%end 0 $i 1"; echo "%error 0 $i 1"; done | tail -1`,
      ['%error 0 3 1'],
    ],
  ])('%s', async (_name, command, lines) => {
    const { session } = await seat();
    const { isError, text, result, after } = await bench.ending('execute', { session, command, timeout: 10 });
    expect([isError, text]).toEqual([false, expect.anything()]);
    expect(after).toBeLessThan(10_000);
    expect(result).toMatchObject({ state: 'completed', exit_code: 0, ...(lines && { output_lines: lines }) });
    await bench.works(session);
  });

  test('an output without an end is cut off by the timeout, and stopped by a key', async () => {
    const { session } = await seat();
    const { result } = await bench.ending('execute', {
      session,
      command: 'yes "$(seq -s " " 1 30)"',
      timeout: 2,
    });
    expect(result).toMatchObject({ state: 'running', timeout_occurred: true, truncated: true });
    await bench.call('send_keys', { session, key: 'C-c' });
    const { after, result: ended } = await bench.ending('wait_for', { session, timeout: 20 });
    expect(after).toBeLessThan(10_000);
    expect(ended).toMatchObject({ state: 'completed', exit_code: 130 });
    await bench.works(session);
  });
});
