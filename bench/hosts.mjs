/** The same calls here and on a host behind ssh, and what many hosts cost. `npm run bench -- hosts scale`. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Stage, structured } from '../scripts/stage.mjs';
import { cpuMilliseconds, family, inTurns, pssMegabytes, quantile, timed } from './measure.mjs';
import { startSshd } from './sshd.mjs';

const ms = (value) => `${value.toFixed(2)} ms`;

/** execute and read_pane through sshd on loopback, beside the same calls on the same pane without it. */
export async function hosts() {
  const stage = new Stage();
  const sshd = await startSshd(join(stage.directory, 'sshd'));
  try {
    const tmux = { socket_path: stage.socket };
    stage.configure({ hosts: { build: { ...sshd.entry(), tmux } } });
    for (const name of ['here', 'there']) await stage.newSession(name);
    const server = await stage.connect();
    const on = (place) => (place === 'there' ? { host: 'build', session: 'there' } : { session: 'here' });
    const execute = (place) => async () => {
      const result = structured(await server.call('execute', { ...on(place), command: 'echo hi' }));
      if (result.output_lines.join() !== 'hi' || result.exit_code !== 0) throw new Error('execute is wrong');
    };
    const read = (place) => async () => structured(await server.call('read_pane', on(place)));
    const rows = [];
    for (const [name, make] of [
      ['execute "echo hi"', execute],
      ['read_pane', read],
    ]) {
      const options = { rounds: 300, warmup: 20, measured: make('there'), baseline: make('here') };
      const times = await inTurns(options);
      const [far, far99, near, near99] = [times.measured, times.baseline].flatMap((list) => [
        quantile(list, 0.5),
        quantile(list, 0.99),
      ]);
      rows.push({
        name: `${name}, over ssh`,
        measured: `p50 ${ms(far)}, p99 ${ms(far99)}`,
        baseline: `local: p50 ${ms(near)}, p99 ${ms(near99)}`,
        ratio: far / near,
        goal: 'at most 2 ms more',
        met: far - near <= 2,
        values: { p50: far, p99: far99, local_p50: near, local_p99: near99 },
      });
    }
    return rows;
  } finally {
    await stage.strike();
    await sshd.stop();
  }
}

const HOSTS = Number(process.env.PANEWRIGHT_BENCH_HOSTS ?? 10);
const SESSIONS = Number(process.env.PANEWRIGHT_BENCH_SESSIONS ?? 10);
const IDLE_MS = 20_000;

/** Many hosts with many sessions in use each: processes, memory, descriptors, traffic and time while nothing happens. */
export async function scale() {
  const stage = new Stage();
  const sshd = await startSshd(join(stage.directory, 'sshd'));
  const sockets = Array.from({ length: HOSTS }, (_, index) => join(stage.directory, `t${index}`));
  const far = (socket, ...args) =>
    execFileSync('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { env: stage.env });
  try {
    for (const socket of sockets)
      for (let n = 0; n < SESSIONS; n += 1)
        far(socket, 'new-session', '-d', '-s', `s${n}`, '--', 'bash', '--norc', '--noprofile');
    const table = sockets.map((socket, index) => [
      `h${index}`,
      { ...sshd.entry(`far${index}`), tmux: { socket_path: socket } },
    ]);
    stage.configure({ hosts: Object.fromEntries(table) });
    const server = await stage.connect();
    const list = async () => {
      const { hosts: rows, count } = structured(await server.call('list_sessions'));
      const away = rows.filter(({ reachable }) => !reachable);
      if (away.length > 0) throw new Error(`${away.length} hosts were not reached: ${away[0].problem}`);
      if (count !== HOSTS * SESSIONS) throw new Error(`listed ${count} sessions`);
    };
    // All hosts of a simulation log in on one machine at once, which takes it longer than a host is given.
    const first = await timed(async () => {
      for (let tries = 1; ; tries += 1)
        try {
          return await list();
        } catch (error) {
          if (tries === 10) throw error;
        }
    });
    const again = await timed(list);
    // One host after the other: here they are all the same machine, and it is a small one.
    const everywhere = async () => {
      for (const [host] of table)
        for (let n = 0; n < SESSIONS; n += 1) {
          const args = { host, session: `s${n}`, command: 'true', timeout: 60 };
          const result = await server.call('execute', args);
          if (result.isError) structured(await server.call('execute', args));
        }
    };
    const using = await timed(everywhere);
    // Programs that were run for an answer are gone in a moment.
    await pause(2_000);
    const ours = family(server.pid);
    const theirs = family(sshd.pid).filter((pid) => pid !== sshd.pid);
    const memory = {
      ours: pssMegabytes(ours),
      server: pssMegabytes([server.pid]),
      theirs: pssMegabytes(theirs),
    };
    const before = traffic(ours);
    const cpu = cpuMilliseconds([server.pid]);
    await pause(IDLE_MS);
    const bytes = (traffic(ours) - before) / (IDLE_MS / 1000) / HOSTS;
    const busy = ((cpuMilliseconds([server.pid]) - cpu) / IDLE_MS) * 100;
    const row = (name, measured, values) => ({
      name: `${HOSTS} hosts, ${HOSTS * SESSIONS} sessions: ${name}`,
      measured,
      baseline: '',
      ratio: NaN,
      goal: 'known',
      met: true,
      values,
    });
    const descriptors = readdirSync(`/proc/${server.pid}/fd`).length;
    return [
      row('first and next list', `${first.toFixed(0)} ms, ${again.toFixed(0)} ms`, { first, again }),
      row('first use of every session', `${using.toFixed(0)} ms`, { using }),
      row('our processes', `${ours.length} (1 server, ${ours.length - 1} ssh)`, { processes: ours.length }),
      row('our memory (PSS)', `${memory.ours.toFixed(0)} MB, server ${memory.server.toFixed(0)} MB`, {
        megabytes: memory.ours,
        server: memory.server,
      }),
      row('descriptors of the server', String(descriptors), { descriptors }),
      row(
        'their processes',
        `${(theirs.length / HOSTS).toFixed(1)} a host, ${(memory.theirs / HOSTS).toFixed(1)} MB`,
        {
          processes: theirs.length,
          megabytes: memory.theirs,
        },
      ),
      row('idle traffic', `${bytes.toFixed(0)} bytes/s a host, ${busy.toFixed(2)} % of a core`, {
        bytes,
        busy,
      }),
    ];
  } finally {
    for (const socket of sockets) {
      try {
        far(socket, 'kill-server');
      } catch {
        // It was never started.
      }
    }
    await stage.strike();
    await sshd.stop();
  }
}

/** Bytes that the TCP connections of processes have carried so far, both ways, as the kernel counts payload. */
function traffic(pids) {
  const lines = execFileSync('ss', ['-tinpH', 'state', 'established'], { encoding: 'utf8' }).split('\n');
  let sum = 0;
  for (let at = 0; at + 1 < lines.length; at += 1) {
    const pid = Number(/pid=(\d+)/.exec(lines[at])?.[1]);
    if (!pids.includes(pid)) continue;
    for (const key of ['bytes_sent', 'bytes_received'])
      sum += Number(new RegExp(`${key}:(\\d+)`).exec(lines[at + 1])?.[1] ?? 0);
  }
  return sum;
}
