/**
 * What is measured, each beside the plain tmux (or node) way of doing the same, in one run. A figure has a
 * goal, and `ratio` is always Panewright's value divided by the baseline's.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { CLI, Stage, structured } from '../scripts/stage.mjs';
export { hosts, scale } from './hosts.mjs';
import { cpuMilliseconds, family, inTurns, onLinux, pssMegabytes, quantile, timed } from './measure.mjs';

const CROWD = 100;
const ms = (value) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

/** Rows of one timed comparison; `limit` is what the median's ratio may be. */
function compared(name, baselineName, times, limit) {
  const [p50, p99, base50, base99] = [times.measured, times.baseline].flatMap((list) => [
    quantile(list, 0.5),
    quantile(list, 0.99),
  ]);
  const ratio = p50 / base50;
  return {
    name,
    measured: `p50 ${ms(p50)}, p99 ${ms(p99)}`,
    baseline: `${baselineName}: p50 ${ms(base50)}, p99 ${ms(base99)}`,
    ratio,
    goal: `at most ${limit}x`,
    met: ratio <= limit,
    values: { p50, p99, baseline_p50: base50, baseline_p99: base99, samples: times.measured.length },
  };
}

async function onStage(play) {
  const stage = new Stage();
  try {
    return await play(stage);
  } finally {
    await stage.strike();
  }
}

/** execute and read_pane, each against the spawn of one tmux process. */
export const calls = () =>
  onStage(async (stage) => {
    await stage.newSession('work');
    const server = await stage.connect();
    const baseline = () => stage.tmux('display-message', '-p', 'hi');
    const execute = async () => {
      const result = structured(await server.call('execute', { session: 'work', command: 'echo hi' }));
      if (result.output_lines.join() !== 'hi' || result.exit_code !== 0) throw new Error('execute is wrong');
    };
    const read = async () => structured(await server.call('read_pane', { session: 'work' }));
    const options = { rounds: 400, warmup: 30, baseline };
    return [
      compared('execute "echo hi"', 'one tmux spawn', await inTurns({ ...options, measured: execute }), 0.5),
      compared('read_pane', 'one tmux spawn', await inTurns({ ...options, measured: read }), 0.4),
    ];
  });

/** A million lines, against the same command in a pane that nobody listens to. */
export const flood = () =>
  onStage(async (stage) => {
    await stage.newSession('work');
    await stage.newSession('bare');
    const server = await stage.connect();
    const measured = async () => {
      const args = { session: 'work', command: 'seq 1 1000000', timeout: 120 };
      const result = structured(await server.call('execute', args));
      if (result.total_lines !== 1_000_000) throw new Error(`counted ${result.total_lines} lines`);
    };
    const baseline = async () => {
      await stage.tmux('send-keys', '-t', '=bare:', 'seq 1 1000000; tmux wait-for -S counted', 'Enter');
      await stage.tmux('wait-for', 'counted');
    };
    const times = await inTurns({ rounds: 5, warmup: 1, measured, baseline });
    return [compared('execute "seq 1 1000000"', 'bare pane', times, 1.5)];
  });

/** A hundred sessions in use: waiting costs next to nothing, and little memory. */
export const crowd = () =>
  onStage(async (stage) => {
    const names = Array.from({ length: CROWD }, (_, index) => `s${index}`);
    for (const name of names) await stage.newSession(name);
    const bareMemory = onLinux ? await memoryOfBareClients(stage, names) : undefined;
    const server = await stage.connect();
    const everywhere = (command) =>
      Promise.all(
        names.map(async (session) =>
          structured(await server.call('execute', { session, command, timeout: 60 })),
        ),
      );
    await everywhere('true');

    const bare = await timed(async () => {
      const typed = names.map((name) =>
        stage.tmux('send-keys', '-t', `=${name}:`, `sleep 5; tmux wait-for -S ${name}`, 'Enter'),
      );
      await Promise.all(typed);
      await Promise.all(names.map((name) => stage.tmux('wait-for', name)));
    });
    await everywhere('true');

    let busy = NaN;
    const whole = await timed(async () => {
      const all = everywhere('sleep 5');
      if (onLinux) {
        await allAsleep(stage);
        const pids = family(server.pid);
        const before = cpuMilliseconds(pids);
        const window = await timed(() => pause(2500));
        busy = ((cpuMilliseconds(pids) - before) / window) * 100;
      }
      const results = await all;
      if (!results.every((result) => result.exit_code === 0)) throw new Error('a sleep did not complete');
    });

    const rows = [
      {
        name: `${CROWD} panes, "sleep 5" at once`,
        measured: ms(whole),
        baseline: `bare panes: ${ms(bare)}`,
        ratio: whole / bare,
        goal: 'all within 6 s',
        met: whole <= 6000,
        values: { milliseconds: whole, baseline_milliseconds: bare },
      },
    ];
    if (!onLinux) return rows;
    const memory = pssMegabytes(family(server.pid));
    return [
      ...rows,
      {
        name: `CPU while ${CROWD} wait`,
        measured: `${busy.toFixed(2)} % of a core`,
        baseline: 'idle: 0 %',
        ratio: NaN,
        goal: 'under 2 %',
        met: busy < 2,
        values: { percent_of_one_core: busy },
      },
      {
        name: `memory (PSS), ${CROWD} sessions in use`,
        measured: `${memory.toFixed(0)} MB`,
        baseline: `bare control clients: ${bareMemory.toFixed(0)} MB`,
        ratio: memory / bareMemory,
        goal: 'under 150 MB',
        met: memory < 150,
        values: { megabytes: memory, baseline_megabytes: bareMemory },
      },
    ];
  });

/** Settles when every pane runs its command, and what starting them cost is over. */
async function allAsleep(stage) {
  const programs = async () =>
    (await stage.tmux('list-panes', '-a', '-F', '#{pane_current_command}')).split('\n');
  while ((await programs()).some((program) => program !== 'sleep')) await pause(50);
  await pause(500);
}

/** What as many plain `tmux -C attach` take that nobody adds anything to. */
async function memoryOfBareClients(stage, names) {
  const clients = names.map((name) =>
    spawn('tmux', [...stage.tmuxArgs, '-C', 'attach-session', '-f', 'ignore-size', '-t', `=${name}:`], {
      env: stage.env,
    }),
  );
  try {
    await Promise.all(clients.map((client) => once(client.stdout, 'data')));
    return pssMegabytes(clients.map((client) => client.pid));
  } finally {
    for (const client of clients) client.kill();
    await Promise.all(clients.map((client) => client.exitCode ?? client.signalCode ?? once(client, 'exit')));
  }
}

/** From the start of the process to the answer to `initialize`, against a node that does nothing. */
export const start = () =>
  onStage(async (stage) => {
    const request = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'bench', version: '1' },
      },
    };
    const measured = async () => {
      const child = spawn(process.execPath, [CLI, '--config', stage.configFile], {
        env: stage.env,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const [answer] = await once(child.stdout, 'data');
      if (!String(answer).includes('serverInfo')) throw new Error(`initialize: ${String(answer)}`);
      ending.push(once(child, 'exit'));
      child.stdin.end();
    };
    const ending = [];
    const baseline = async () => {
      await Promise.all(ending.splice(0));
      await once(spawn(process.execPath, ['-e', '0'], { env: stage.env }), 'exit');
    };
    const times = await inTurns({ rounds: 30, warmup: 3, measured, baseline });
    await Promise.all(ending);
    return [compared('start to initialize answered', 'node -e 0', times, 3)];
  });

/** Many sessions listed, against one tmux process that lists them. */
export const listing = () =>
  onStage(async (stage) => {
    for (let index = 0; index < 300; index += 1) await stage.newSession(`s${index}`);
    const server = await stage.connect();
    const measured = async () => {
      const { count } = structured(await server.call('list_sessions'));
      if (count !== 300) throw new Error(`listed ${count} sessions`);
    };
    const baseline = () => stage.tmux('list-sessions', '-F', '#{session_name} #{session_windows}');
    const times = await inTurns({ rounds: 60, warmup: 5, measured, baseline });
    const row = compared('list_sessions, 300 sessions', 'tmux list-sessions', times, Infinity);
    return [{ ...row, goal: 'under 30 ms', met: row.values.p50 < 30 }];
  });
