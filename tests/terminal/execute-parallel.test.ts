import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed, SHELLS, type Executed, type Seat } from './bed.js';

let bed: Bed;
let second: Bed;
beforeAll(async () => {
  bed = await Bed.start();
  second = await Bed.start({ tmux: bed.tmux });
});
afterAll(async () => {
  await second.close();
  await bed.close();
});

/** A result is either the whole of its own command, or a refusal that typed nothing. */
function ownOrRefused(done: PromiseSettledResult<Executed>, word: string): boolean {
  if (done.status === 'rejected') {
    expect(String(done.reason)).toMatch(/PANE_(BUSY|IN_USE): /);
    return false;
  }
  expect(done.value).toMatchObject({
    state: 'completed',
    exit_code: 0,
    output_lines: [`${word}-begin`, `${word}-end`],
  });
  return true;
}

const command = (word: string): string => `sh -c "echo ${word}-begin; sleep 0.2; echo ${word}-end"`;

describe.each(SHELLS)('calls on one pane with %s never interleave', (shell) => {
  test('two at the same time', async () => {
    const seat = await bed.seat(shell);
    const both = await Promise.allSettled(['one', 'two'].map((word) => seat.execute(command(word))));
    expect(ownOrRefused(both[0] as PromiseSettledResult<Executed>, 'one')).toBe(true);
    ownOrRefused(both[1] as PromiseSettledResult<Executed>, 'two');
  });

  test('ten at the same time in a fresh pane', async () => {
    const seat = await bed.seat(shell);
    const words = Array.from({ length: 10 }, (_, i) => `w${i}`);
    const all = await Promise.allSettled(
      words.map((word) => seat.execute(`echo ${word}-begin; echo ${word}-end`)),
    );
    const ran = all.filter((done, i) => ownOrRefused(done, words[i] as string));
    expect(ran.length).toBeGreaterThan(0);
  });

  test('from two server processes, in a fresh pane', async () => {
    const seat = await bed.seat(shell);
    const twin = { ...second, call: second.call.bind(second) };
    const from = (who: Pick<Bed, 'call'>, word: string) =>
      who.call<Executed>('execute', { session: seat.session, command: command(word), timeout: 60 });
    const both = await Promise.allSettled([from(bed, 'ours'), from(twin, 'theirs')]);
    const ran = both.filter((done, i) => ownOrRefused(done, i === 0 ? 'ours' : 'theirs'));
    expect(ran.length).toBeGreaterThan(0);
    // Both can go on using the pane.
    expect(await seat.lines('echo after')).toEqual(['after']);
    expect(await from(twin, 'again')).toMatchObject({ output_lines: ['again-begin', 'again-end'] });
  });

  test('from two server processes that take turns, each with the right output and exit code', async () => {
    const seat = await bed.seat(shell);
    for (let i = 0; i < 6; i += 1) {
      const who = i % 2 === 0 ? bed : second;
      expect(
        await who.call('execute', {
          session: seat.session,
          command: `sh -c "echo t${i}; exit ${i}"`,
          timeout: 60,
        }),
      ).toMatchObject({
        output_lines: [`t${i}`],
        exit_code: i,
        state: 'completed',
        detection: 'integration',
      });
    }
  });

  test('from two server processes, twenty in a row each', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    const hammer = async (who: Bed, name: string): Promise<number> => {
      let ran = 0;
      for (let i = 0; i < 20; i += 1) {
        const word = `${name}${i}`;
        const [done] = await Promise.allSettled([
          who.call<Executed>('execute', {
            session: seat.session,
            command: `echo ${word}-begin; echo ${word}-end`,
            timeout: 60,
          }),
        ]);
        if (ownOrRefused(done, word)) ran += 1;
      }
      return ran;
    };
    const [ours, theirs] = await Promise.all([hammer(bed, 'a'), hammer(second, 'b')]);
    expect(ours).toBeGreaterThan(0);
    expect(theirs).toBeGreaterThan(0);
  });
});

test('a command that another server process left running is refused, and its end can be awaited here', async () => {
  const seat = await bed.seat('bash');
  const tmux = `tmux -S ${bed.tmux.socket}`;
  const gate = `sh -c "echo begun; ${tmux} wait-for theirs-go; echo finished; exit 4"`;
  expect(await second.call('execute', { session: seat.session, command: gate, timeout: 1 })).toMatchObject({
    state: 'running',
    timeout_occurred: true,
  });
  expect(await seat.refusal('execute', { command: 'echo NEVER' })).toMatch(/^PANE_(BUSY|IN_USE): /);
  const end = seat.waitFor();
  await bed.tmux.run('wait-for', '-S', 'theirs-go');
  expect(await end).toMatchObject({ matched: true, state: 'completed' });
  expect(await second.call('wait_for', { session: seat.session })).toMatchObject({
    matched: true,
    state: 'completed',
    exit_code: 4,
    output_lines: ['begun', 'finished'],
  });
});

test('panes are independent: what runs in one holds up no other', async () => {
  const slow = await bed.seat('bash');
  const seats: Seat[] = [];
  for (const shell of SHELLS) seats.push(await bed.seat(shell));
  const waiting = slow.execute(`tmux -S ${bed.tmux.socket} wait-for others-done; echo slow`);
  const all = await Promise.all(seats.map((seat, i) => seat.execute(`echo ${i}`)));
  expect(all.map((done) => done.output_lines)).toEqual(seats.map((_, i) => [String(i)]));
  await bed.tmux.run('wait-for', '-S', 'others-done');
  expect((await waiting).output_lines).toEqual(['slow']);
});

test('while one call waits, another reads the pane, presses keys in it and describes it', async () => {
  const seat = await bed.seat('bash');
  const waiting = seat.execute(`tmux -S ${bed.tmux.socket} wait-for -S is-waiting; sleep 600`);
  await bed.tmux.channel('is-waiting');
  expect((await seat.read()).lines.join('\n')).toContain('sleep 600');
  expect(await bed.call('pane_info', { session: seat.session })).toMatchObject({ state: 'busy' });
  await seat.keys('C-c');
  expect(await waiting).toMatchObject({ state: 'completed', exit_code: 130 });
});
