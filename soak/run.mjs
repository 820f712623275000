/**
 * `npm run soak`: a hundred panes, random calls, random faults, every answer checked against what the pane really
 * did. Ten minutes, or `-- --seconds 60`; `--seed N` repeats the choices of a run, `--panes N`, `--workers N`;
 * `--moves execute,queued` and `--faults human,client` try only these.
 * Prints a table, and ends with a failure when an answer was wrong, a call did not end, or something grows.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { quantile } from '../bench/measure.mjs';
import { ensureNodePackages, ensurePrograms, fail, root, run } from '../scripts/install.mjs';
import { Calls } from './calls.mjs';
import { FAULTS, strike } from './faults.mjs';
import { Field } from './field.mjs';
import { Growth } from './growth.mjs';
import { COLLISION } from './judge.mjs';
import { LOOKING, play, TYPING } from './moves.mjs';
import { Random } from './random.mjs';
import { rest } from './rest.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: process.env.PANEWRIGHT_SOAK_SECONDS ?? '600' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    panes: { type: 'string', default: '100' },
    workers: { type: 'string', default: '8' },
    calm: { type: 'boolean', default: false },
    moves: { type: 'string', default: [...Object.keys(TYPING), 'life'].join() },
    faults: { type: 'string', default: Object.keys(FAULTS).join() },
  },
});
const [seconds, seed, panes, workers] = ['seconds', 'seed', 'panes', 'workers'].map((key) =>
  Number(values[key]),
);

const only = (weights, names) =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => names.split(',').includes(name)));
const typing = only(TYPING, values.moves);
const harm = only(FAULTS, values.faults);

ensureNodePackages();
ensurePrograms({ tmux: 'tmux', bash: 'bash', dash: 'dash', zsh: 'zsh', fish: 'fish' }, { sudo: true });
if (!run([process.execPath, 'scripts/build.mjs'])) fail('The build failed.');

/** Resident memory of the server that a run of any length may reach, in megabytes. */
const MOST_MEGABYTES = 250;

const field = new Field(panes);
const wrong = [];
const struck = new Map();
const moved = new Map();
const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
let names = 0;
/** Commands that a person's keys, pressed in the same moment, got into. */
let collisions = 0;

try {
  await field.make();
  const server = await field.stage.connect();
  const calls = new Calls(server.call);
  // Every pane is used once before anything is measured: all connections are open, all shells integrated.
  for (const pane of field.panes) await rest(pane, calls, wrong, 'at the start');
  const growth = new Growth(server.pid);
  calls.times.clear();
  const end = performance.now() + seconds * 1_000;
  const isOver = () => performance.now() >= end;
  const players = Array.from({ length: workers }, (_, i) => player(new Random(seed + i), calls, isOver));
  const looker = looking(new Random(seed + 1_000), calls, isOver);
  const others = living(new Random(seed + 3_000), calls, isOver);
  const faults = values.calm ? Promise.resolve() : striking(new Random(seed + 2_000), server, isOver);
  await Promise.all([...players, looker, others, faults]);
  growth.stop();
  report(calls, growth.report);
} finally {
  await field.stage.strike();
}

/** Plays one typing move after the other, each on a pane that nobody else uses. */
async function player(random, calls, isOver) {
  while (!isOver()) {
    const pane = await available(random, true);
    const kind = random.weighted(typing);
    await judged(kind, pane, random, calls);
    pane.taken = false;
  }
}

/**
 * A pane that is there; while tmux is being made anew there is none.
 * @param take one that nobody types into, taken in the same step, before anybody else can choose
 */
async function available(random, take = false) {
  for (;;) {
    const panes = field.panes.filter((pane) => pane.id !== undefined && !(take && pane.taken));
    if (panes.length > 0) {
      const pane = random.pick(panes);
      pane.taken ||= take;
      return pane;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function looking(random, calls, isOver) {
  while (!isOver()) {
    const pane = await available(random);
    await judged(random.weighted(LOOKING), pane, random, calls);
  }
}

/** Starts, uses and ends one session of its own after the other. */
async function living(random, calls, isOver) {
  while (!isOver() && values.moves.split(',').includes('life')) {
    const pane = await available(random);
    await judged('life', pane, random, calls);
    await new Promise((resolve) => setTimeout(resolve, random.int(0, 2_000)));
  }
}

async function judged(kind, pane, random, calls) {
  const name = `n${(names += 1)}`;
  count(moved, kind);
  const began = performance.now();
  const told = `${kind} ${name} in ${pane.session} ${pane.id} (${pane.shell})`;
  const judge = await play(kind, { pane, random, calls, name });
  const deeds = [...pane.since(began)];
  if (kind in TYPING) await rest(pane, calls, wrong, `${told}, after ${deeds.join(' ') || 'nothing'}`, began);
  await field.mend();
  const verdict = judge();
  if (verdict === COLLISION) collisions += 1;
  else if (verdict !== '') wrong.push(`${told}: ${verdict} [${[...pane.since(began)].join(' ')}]`);
}

async function striking(random, server, isOver) {
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, random.int(50, 500)));
    const pane = await available(random);
    const kind = random.weighted(harm);
    count(struck, kind);
    // The pane may be gone: somebody else's fault met it, or tmux has died.
    const done = strike(kind, { pane, field, server, random }).catch(() => field.mend());
    if (kind === 'stop' || kind === 'kill') await done;
  }
}

function report(calls, { rss, fds }) {
  const all = [...calls.times.values()].flat();
  const line = (times) => {
    const sorted = [...times].sort((a, b) => a - b);
    return `p50 ${quantile(sorted, 0.5).toFixed(1)} ms, p99 ${quantile(sorted, 0.99).toFixed(1)} ms`;
  };
  const listed = (map) => [...map].map(([key, n]) => `${key} ${n}`).join(', ') || 'none';
  // What is kept of a hundred panes fills up in the first minutes: a short run can only show that it is bounded.
  const most = seconds < 300 ? MOST_MEGABYTES : rss.before * 1.15 + 10;
  const grown = rss.after > most || fds.after > fds.before * 1.1 + 8;
  const rows = {
    seed,
    seconds,
    panes: field.panes.length,
    calls: calls.count,
    moves: listed(moved),
    faults: listed(struck),
    'tmux died of itself': field.crashes,
    'typed over by a person': collisions,
    'wrong answers': wrong.length,
    'stuck calls': calls.stuck.length,
    'memory after warm-up': `${rss.before.toFixed(0)} MB, at the end ${rss.after.toFixed(0)} MB`,
    'descriptors after warm-up': `${fds.before}, at the end ${fds.after}`,
    'all calls': line(all),
    ...Object.fromEntries(
      [...calls.times].sort().map(([tool, times]) => [tool, `${times.length}, ${line(times)}`]),
    ),
  };
  for (const [key, value] of Object.entries(rows)) console.log(`${key.padEnd(26)} ${value}`);
  for (const problem of [...wrong, ...calls.stuck].slice(0, 40)) console.log(`!! ${problem}`);
  if (grown) console.log('!! memory or descriptors grow');
  const figures = { ...rows, wrong, stuck: calls.stuck, rss, fds, measured_at: new Date().toISOString() };
  writeFileSync(join(root, 'soak/results.json'), `${JSON.stringify(figures, null, 2)}\n`);
  if (wrong.length > 0 || calls.stuck.length > 0 || grown) process.exitCode = 1;
}
