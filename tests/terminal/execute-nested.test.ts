import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ARGV, Bed, SHELLS, type Seat } from './bed.js';
import { Sshd } from '../support/sshd.js';

let bed: Bed;
let sshd: Sshd;
beforeAll(async () => {
  bed = await Bed.start();
  sshd = await Sshd.start();
});
afterAll(async () => {
  await bed.close();
  await sshd.close();
});

/** A shell that is reached by a command: everything holds there as it does in the pane's own. */
async function worksBehind(seat: Seat, enter: string): Promise<void> {
  const entered = await seat.execute(enter);
  // The shell behind shows its prompt: that is a program that waits for input.
  expect(['waiting_for_input', 'running']).toContain(entered.state);
  expect(await seat.execute('echo inside')).toMatchObject({
    state: 'completed',
    exit_code: 0,
    output_lines: ['inside'],
    detection: 'integration',
  });
  expect(await seat.execute('sh -c "echo out; exit 5"')).toMatchObject({
    exit_code: 5,
    output_lines: ['out'],
  });
  expect(await seat.execute('seq 1 3000')).toMatchObject({ total_lines: 3000, exit_code: 0 });
  expect((await seat.execute('echo "open')).state).toBe('incomplete_input');
  expect(await seat.lines('echo one\necho two')).toEqual(['one', 'two']);
  await seat.lines('cd /');
  expect(await seat.lines('pwd')).toEqual(['/']);
}

/** Back in the outer shell, which works as before. */
async function leaves(seat: Seat): Promise<void> {
  const left = await seat.execute('exit');
  expect(left.state).toBe('completed');
  expect(await seat.execute('sh -c "echo outside; exit 3"')).toMatchObject({
    state: 'completed',
    exit_code: 3,
    output_lines: ['outside'],
    detection: 'integration',
  });
}

const inner = (shell: (typeof SHELLS)[number]): string => ARGV[shell].join(' ');

test('sh inside a bash that exports its prompt shows nothing of our marks', async () => {
  const seat = await bed.seat('bash');
  await seat.lines('export PS1');
  await worksBehind(seat, 'sh');
  expect((await seat.screen()).join('\n')).not.toMatch(/__pw|\\\[/);
  await leaves(seat);
});

describe.each(SHELLS)('%s behind another program', (shell) => {
  test('inside bash', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await worksBehind(seat, inner(shell));
    await leaves(seat);
  });

  test('behind ssh', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await worksBehind(seat, `${sshd.command} '${inner(shell)}'`);
    await leaves(seat);
  });

  test('behind ssh, started before Panewright saw the pane', async () => {
    const session = `direct-${shell}`;
    await bed.tmux.newSession(session, { shell: ['sh', '-c', `${sshd.command} '${inner(shell)}'`] });
    await bed.tmux.until(`=${session}:`, /[$#%>] ?$/m);
    expect(await bed.call('execute', { session, command: 'echo first; false', timeout: 60 })).toMatchObject({
      state: 'completed',
      exit_code: 1,
      output_lines: ['first'],
      detection: 'integration',
    });
  });

  test('behind script', async () => {
    const seat = await bed.seat('bash');
    await seat.lines('true');
    await worksBehind(seat, `script -q -c '${inner(shell)}' /dev/null`);
    await leaves(seat);
  });

  test('as the outer shell, with bash inside', async () => {
    const seat = await bed.seat(shell);
    await seat.lines('true');
    await worksBehind(seat, 'bash --norc --noprofile');
    await leaves(seat);
  });
});

test('behind sudo -s', async () => {
  const seat = await bed.seat('bash');
  await seat.lines('export SHELL=/bin/bash');
  await worksBehind(seat, 'sudo -s');
  await leaves(seat);
});

test('three deep, and out again one by one', async () => {
  const seat = await bed.seat('bash');
  await seat.execute('export DEPTH=1');
  for (const depth of [2, 3]) {
    await seat.execute(depth === 2 ? 'bash --norc' : 'zsh -f');
    await seat.execute(`export DEPTH=${depth}`);
    expect(await seat.lines('echo $DEPTH')).toEqual([String(depth)]);
  }
  for (const depth of [2, 1]) {
    await seat.execute('exit');
    expect(await seat.lines('echo $DEPTH')).toEqual([String(depth)]);
  }
});

test('a command that ssh runs without a terminal is a command like any other', async () => {
  const seat = await bed.seat('bash');
  const command = `${sshd.command.replace(' -t ', ' -T ')} 'echo far; exit 12'`;
  expect(await seat.execute(command)).toMatchObject({
    state: 'completed',
    exit_code: 12,
    output_lines: ['far'],
  });
});

test('a connection that breaks brings the outer shell back', async () => {
  const seat = await bed.seat('bash');
  await seat.execute(`${sshd.command} 'bash --norc'`);
  await seat.lines('true');
  const done = await seat.execute('kill -9 $PPID');
  // However it looked at that moment: in the end the outer shell is back.
  if (done.state !== 'completed') await seat.waitFor();
  expect(await seat.lines('echo home')).toEqual(['home']);
});

test('the same command inside and outside of a nested shell keeps its own exit code', async () => {
  const seat = await bed.seat('bash');
  expect(await seat.execute('bash --norc -c "exit 21"')).toMatchObject({ exit_code: 21, state: 'completed' });
  await seat.execute('bash --norc');
  expect(await seat.execute('exit 22')).toMatchObject({ exit_code: 22, state: 'completed' });
});
