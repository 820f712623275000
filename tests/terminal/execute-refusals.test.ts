import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ARGV, Bed, SHELLS, type Seat } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

/** A refusal that leaves the screen as it was. */
async function refused(seat: Seat, args = {}): Promise<string> {
  const before = await seat.screen();
  const text = await seat.refusal('execute', { command: 'echo NEVER', ...args });
  expect(await seat.screen()).toEqual(before);
  return text;
}

describe.each(SHELLS)('a pane that is not free, with %s in it', (shell) => {
  test('a busy pane is refused, naming what runs', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.type(seat.pane, 'sleep 600\n');
    await bed.tmux.untilValue(seat.pane, '#{pane_current_command}', /^sleep$/);
    expect(await refused(seat)).toMatch(/^PANE_BUSY: .*sleep/);
    expect(await refused(seat, { force: true })).toMatch(/^PANE_BUSY: .*sleep/);
    await bed.tmux.keys(seat.pane, 'C-c');
    await bed.tmux.untilValue(seat.pane, '#{pane_current_command}', /^(?!sleep)/);
    expect(await seat.lines('echo free')).toEqual(['free']);
  });

  test('a pane that was busy before Panewright ever saw it', async () => {
    const seat = await bed.seat(shell);
    await bed.tmux.until(seat.pane, /[$#%>] ?$/m);
    await bed.tmux.type(seat.pane, 'sleep 600\n');
    await bed.tmux.untilValue(seat.pane, '#{pane_current_command}', /^sleep$/);
    expect(await refused(seat)).toMatch(/^PANE_BUSY: .*sleep/);
  });

  test('a pane that an earlier call left busy', async () => {
    const seat = await bed.seat(shell);
    expect(await seat.execute('sleep 600', { timeout: 0.5 })).toMatchObject({ state: 'running' });
    expect(await refused(seat)).toMatch(/^PANE_(BUSY|IN_USE): .*sleep/);
    await seat.keys('C-c');
    await seat.waitFor();
    expect(await seat.lines('echo free')).toEqual(['free']);
  });

  test.each([
    ['less', 'less /etc/passwd'],
    ['vim', 'vim -u NONE -n'],
  ])('a full-screen program (%s) is refused by name', async (name, command) => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.type(seat.pane, `${command}\n`);
    await bed.tmux.untilValue(
      seat.pane,
      '#{pane_current_command} #{alternate_on}',
      new RegExp(`${name}.* 1`),
    );
    expect(await refused(seat)).toMatch(new RegExp(`^PANE_BUSY: .*${name}`));
    expect(await refused(seat, { force: true })).toMatch(new RegExp(`^PANE_BUSY: .*${name}`));
  });

  test('a full-screen program before Panewright ever saw the pane', async () => {
    const seat = await bed.seat(shell);
    await bed.tmux.until(seat.pane, /[$#%>] ?$/m);
    await bed.tmux.type(seat.pane, 'less /etc/passwd\n');
    await bed.tmux.untilValue(seat.pane, '#{pane_current_command} #{alternate_on}', /less 1/);
    expect(await refused(seat)).toMatch(/^PANE_BUSY: .*less/);
  });

  test('a half-typed line is refused and left alone; force discards it', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.type(seat.pane, 'echo draft of a human');
    await bed.tmux.until(seat.pane, /draft of a human/);
    expect(await refused(seat)).toMatch(/^DRAFT_PRESENT: /);
    expect((await seat.screen()).at(-1)).toContain('echo draft of a human');
    const done = await seat.execute('echo mine', { force: true });
    expect(done).toMatchObject({ state: 'completed', exit_code: 0, output_lines: ['mine'] });
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('a half-typed line in a pane that Panewright never saw', async () => {
    const seat = await bed.seat(shell);
    await bed.tmux.until(seat.pane, /[$#%>] ?$/m);
    await bed.tmux.type(seat.pane, 'rm -rf /nowhere');
    await bed.tmux.until(seat.pane, /rm -rf .nowhere/);
    expect(await refused(seat)).toMatch(/^DRAFT_PRESENT: /);
    expect((await seat.execute('echo mine', { force: true })).output_lines).toEqual(['mine']);
  });

  test('a draft whose cursor was moved to its beginning is still a draft', async () => {
    const seat = await bed.seat(shell);
    if (shell === 'sh') return; // no line editor, no cursor to move
    await seat.lines('true');
    await bed.tmux.type(seat.pane, 'echo draft');
    await bed.tmux.keys(seat.pane, 'Home');
    await bed.tmux.until(seat.pane, /echo draft/);
    expect(await refused(seat)).toMatch(/^DRAFT_PRESENT: /);
    expect((await seat.execute('echo mine', { force: true })).output_lines).toEqual(['mine']);
  });

  test('a draft that write_pane left is a draft, too', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await seat.write('echo half');
    await bed.tmux.until(seat.pane, /echo half$/m);
    expect(await refused(seat)).toMatch(/^DRAFT_PRESENT: /);
  });

  test("what the terminal answered to a program that did not wait for it is nobody's draft", async () => {
    const seat = await bed.seat(shell);
    await seat.execute("printf '\\033[c\\033[6n\\033[c'");
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('a line typed after a program that asked the terminal something is a draft, too', async () => {
    const seat = await bed.seat(shell);
    await seat.execute('vim -u NONE -n -c q');
    await bed.tmux.type(seat.pane, 'echo draft');
    await bed.tmux.until(seat.pane, /echo draft$/m);
    expect(await refused(seat)).toMatch(/^DRAFT_PRESENT: /);
  });

  test('a draft that was taken back is none', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.type(seat.pane, 'abc');
    await bed.tmux.until(seat.pane, /abc$/m);
    await bed.tmux.keys(seat.pane, 'C-u');
    await bed.tmux.until(seat.pane, (screen) => !screen.includes('abc'));
    expect(await seat.lines('echo free')).toEqual(['free']);
  });

  test('a draft of which Panewright has not had the time to read is still a draft', async () => {
    const seat = await bed.seat(shell);
    const { pid } = bed.server.client;
    for (let i = 0; i < 3; i++) {
      await seat.lines('true');
      process.kill(pid, 'SIGSTOP');
      let said: Promise<string>;
      try {
        await bed.tmux.type(seat.pane, 'half');
        await bed.tmux.until(seat.pane, /half$/m);
        said = seat.refusal('execute', { command: 'echo NEVER' });
        await new Promise(setImmediate);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      expect(await said).toMatch(/^DRAFT_PRESENT: /);
      expect((await seat.execute('echo mine', { force: true })).output_lines).toEqual(['mine']);
    }
  });

  test('a human at the secondary prompt is refused; force brings a clean prompt back', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.type(seat.pane, shell === 'fish' ? 'begin\n' : 'echo "two\n');
    await bed.tmux.until(seat.pane, shell === 'fish' ? /begin\n/ : /"two\n.*>/);
    expect(await refused(seat)).toMatch(/^(DRAFT_PRESENT|PANE_BUSY): /);
    expect((await seat.execute('echo mine', { force: true })).output_lines).toEqual(['mine']);
  });

  test('a human who pressed Enter at an empty prompt, several times, is no obstacle', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await bed.tmux.type(seat.pane, '\n\n\n');
    expect(await seat.lines('echo fine')).toEqual(['fine']);
  });

  test.each([':', 'echo ahead', 'sleep 0.3'])(
    'a line that a person types ahead (%s) is run first, and not taken for ours',
    async (line) => {
      const seat = await bed.seat(shell);
      await seat.lines('true');
      for (let i = 0; i < 5; i++) {
        const first = seat.execute(`sleep 0.6; echo one-${i}`);
        const second = seat.execute(`sleep 0.1; echo two-${i}`);
        await bed.tmux.until(seat.pane, new RegExp(`echo one-${i}\n`));
        await bed.tmux.type(seat.pane, `${line}\n`);
        expect(await first).toMatchObject({ state: 'completed', exit_code: 0 });
        expect(await second).toMatchObject({ state: 'completed', exit_code: 0, output_lines: [`two-${i}`] });
      }
    },
  );

  test('a pane in copy mode runs the command', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('seq 1 100');
    await bed.tmux.run('copy-mode', '-t', seat.pane);
    expect(await seat.execute('echo in copy mode')).toMatchObject({
      state: 'completed',
      exit_code: 0,
      output_lines: ['in copy mode'],
    });
  });

  test('a pane in copy mode that Panewright never saw', async () => {
    const seat = await bed.seat(shell);
    await bed.tmux.until(seat.pane, /[$#%>] ?$/m);
    await bed.tmux.run('copy-mode', '-t', seat.pane);
    expect((await seat.execute('echo first')).output_lines).toEqual(['first']);
  });
});

test('a program that nobody knows and that shows no prompt is refused by name', async () => {
  const seat = await bed.seat('bash');
  await bed.tmux.newSession('raw', { shell: ['cat'] });
  expect(await bed.refusal('execute', { session: 'raw', command: 'echo NEVER' })).toMatch(
    /^PANE_BUSY: .*cat/,
  );
  expect(await bed.tmux.lines('=raw:')).toEqual([]);
  expect(await seat.lines('echo fine')).toEqual(['fine']);
});

test('a stopped job leaves the prompt usable', async () => {
  const seat = await bed.seat('bash');
  await seat.execute('sleep 600', { timeout: 0.3 });
  await seat.keys('C-z');
  const collected = await seat.waitFor();
  expect(collected.state).toBe('completed');
  expect(await seat.lines('echo fine')).toEqual(['fine']);
});

test.each([
  ['bash', '$$'],
  ['zsh', '$$'],
  ['fish', '$fish_pid'],
] as const)(
  '%s that has not read a line typed ahead when ours comes: which is ours is told',
  async (name, own) => {
    const seat = await bed.seat('bash');
    // Behind a shell without job control, for tmux and bash wake a child of theirs that stops.
    await seat.execute(`sh -c '${ARGV[name].join(' ')}; :'`);
    const [pid] = await seat.lines(`echo ${own}`);
    for (const line of [':', '', 'echo ahead', 'sleep 0.3', 'echo 1\necho 2; false', 'seq 20000']) {
      process.kill(Number(pid), 'SIGSTOP');
      await bed.tmux.type(seat.pane, `${line}\n`);
      // The lock passes to a new token in the step that types.
      const lock = `#{PANEWRIGHT_LOCK_${seat.pane.slice(1)}}`;
      const before = await bed.tmux.value(seat.pane, lock);
      const ours = seat.execute('echo ours; false');
      await bed.tmux.untilValue(seat.pane, lock, new RegExp(`^(?!${before}$).`));
      process.kill(Number(pid), 'SIGCONT');
      expect(await ours).toMatchObject({ state: 'completed', exit_code: 1, output_lines: ['ours'] });
    }
  },
);
