/** Faults that meet session_send and session_wait on a shell: the answer is true, and says what may be missing. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bench, IN_TIME, serverPid, type Running } from './bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
  await bench.seat('keeper');
});
afterAll(() => bench.close());

const TOOLS = ['session_send', 'session_wait'] as const;
type Tool = (typeof TOOLS)[number];

interface TurnUnderWay extends Running {
  readonly name: string;
  readonly pane: string;
  /** Lets the command go on to its end. */
  go(): Promise<unknown>;
}

let seats = 0;

/** A call on a command that has printed `begun` and waits. */
async function underWay(tool: Tool, timeout = 20): Promise<TurnUnderWay> {
  const name = `turns-${String((seats += 1))}`;
  const pane = await bench.seat(name);
  const tmux = `tmux -S ${bench.tmux.socket}`;
  const prompt = `echo begun; ${tmux} wait-for -S ${name}; ${tmux} wait-for ${name}-go; echo done`;
  const send = (seconds: number): Running => bench.begin('session_send', { name, prompt, timeout: seconds });
  let call = send(tool === 'session_send' ? timeout : 0.5);
  await bench.tmux.channel(name);
  if (tool === 'session_wait') {
    expect((await call.ending()).result).toMatchObject({ outcome: 'running', state: 'busy' });
    call = bench.begin('session_wait', { name, timeout });
    await bench.call('pane_info', { session: name });
  }
  return { ...call, name, pane, go: () => bench.tmux.run('wait-for', '-S', `${name}-go`) };
}

describe.each(TOOLS)('during %s', (tool) => {
  test('tmux stands still past the timeout: the call ends in time, and the program has not exited', async () => {
    const turn = await underWay(tool, 1);
    const pid = await serverPid(bench.tmux);
    process.kill(pid, 'SIGSTOP');
    try {
      const { isError, result, text, after } = await turn.ending();
      expect(after).toBeLessThan(IN_TIME);
      expect([isError, text]).toEqual([false, expect.anything()]);
      expect(result).toMatchObject({ timed_out: true, outcome: 'running', state: 'busy', failure: null });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await turn.go();
    expect(await bench.call('session_wait', { name: turn.name, timeout: 20 })).toMatchObject({
      outcome: 'completed',
      state: 'idle',
      response: 'begun\ndone',
    });
  });

  test('the window is moved to another session: the turn has not failed, it runs on there', async () => {
    const { name, pane, ...turn } = await underWay(tool);
    await bench.tmux.run('new-window', '-d', '-t', `=${name}:`, '--', 'bash', '--norc');
    await bench.tmux.run('move-window', '-d', '-s', pane, '-t', '=keeper:');
    const { result, after } = await turn.ending();
    expect(after).toBeLessThan(IN_TIME);
    const moved = { outcome: 'running', failure: null, note: expect.stringMatching(/moved.*list_sessions/) };
    expect(result).toMatchObject({ ...moved, state: 'busy', timed_out: false });
    // Nor does it fail for whoever asks later.
    expect(await bench.call('session_wait', { name, timeout: 5 })).toMatchObject(moved);
    await turn.go();
    await bench.works('keeper', { pane });
    await bench.tmux.run('kill-pane', '-t', pane);
    expect(await bench.call('session_wait', { name, timeout: 5 })).toMatchObject({
      outcome: 'failed',
      failure: 'pane_closed',
    });
  });

  test('the pane is respawned: nothing of the new program is in the answer', async () => {
    const { name, pane, ...turn } = await underWay(tool);
    const program = ['bash', '--norc', '-c', 'echo not ours; exec bash --norc'];
    await bench.tmux.run('respawn-pane', '-k', '-t', pane, '--', ...program);
    const { result, after } = await turn.ending();
    expect(after).toBeLessThan(IN_TIME);
    expect(result).toMatchObject({ response: 'begun', outcome: 'failed', failure: 'pane_closed' });
    await bench.works(name);
  });

  test('the control client is killed: the answer says that output may be missing, and so does the history', async () => {
    const { name, ...turn } = await underWay(tool);
    for (const pid of bench.controlClients()) process.kill(pid, 'SIGKILL');
    await bench.ending('read_pane', { session: name });
    await turn.go();
    const lost = expect.stringMatching(/lost.*missing/);
    expect((await turn.ending()).result).toMatchObject({ outcome: 'completed', exit_code: 0, note: lost });
    expect(await bench.call('session_wait', { name, timeout: 5 })).toMatchObject({ note: lost });
    const { turns } = await bench.call('session_history', { name });
    expect(turns).toMatchObject([{ notes: [lost] }]);
    expect(await bench.call('session_send', { name, prompt: 'echo on' })).not.toHaveProperty('note');
  });
});
