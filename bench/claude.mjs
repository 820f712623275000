/**
 * `session_send` on the real Claude Code and a scripted model, beside the program's own time from Enter to its
 * Stop hook. What the model takes, from the arrival of the request to the end of its stream, counts for neither.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from '../scripts/install.mjs';
import { quantile, timed } from './measure.mjs';

const ROUNDS = 20;
const WARMUP = 3;
const GOAL_MS = 300;

/** The test bed is TypeScript, and finds its files from where it lies. */
async function testBed() {
  const outfile = join(root, 'tests/claude', `.bench-${process.pid}.mjs`);
  await build({
    stdin: {
      contents: `export { Stage } from './tests/sessions/stage.js'; export { Repl } from './tests/claude/harness.js';`,
      resolveDir: root,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    external: ['./install.mjs'],
  });
  try {
    return await import(pathToFileURL(outfile));
  } finally {
    rmSync(outfile);
  }
}

export async function claude() {
  const { Stage, Repl } = await testBed();
  const stage = await Stage.open();
  try {
    const { api } = stage.bed;
    let model = 0;
    api.when(/^question/, () => {
      const arrived = performance.now();
      return ['An **answer**.', Promise.resolve().then(() => (model = performance.now() - arrived))];
    });
    await stage.start('measured');
    const send = async (n) => {
      const prompt = `question ${n}${n % 2 ? '' : '\n\nof several lines'}`;
      const { response } = await stage.call('session_send', { name: 'measured', prompt });
      if (response !== 'An **answer**.') throw new Error(`session_send: ${response}`);
    };
    const repl = await (await Repl.start(stage.bed, { name: 'bare', width: 160, height: 50 })).ready();
    const bare = async (n) => {
      const prompt = `question ${n}`;
      await repl.type(prompt);
      await repl.shows(prompt);
      return timed(async () => {
        await repl.keys('Enter');
        await repl.hook('Stop', n + 1);
      });
    };
    const times = { measured: [], baseline: [] };
    for (let n = 0; n < ROUNDS + WARMUP; n += 1) {
      const baseline = (await bare(n)) - model;
      const measured = (await timed(() => send(n))) - model;
      if (n < WARMUP) continue;
      times.baseline.push(baseline);
      times.measured.push(measured);
    }
    for (const list of Object.values(times)) list.sort((a, b) => a - b);
    const [p50, p90] = [0.5, 0.9].map((share) => quantile(times.measured, share));
    const own = quantile(times.baseline, 0.5);
    return [
      {
        name: 'session_send to Claude Code, beyond the model',
        measured: `p50 ${p50.toFixed(0)} ms, p90 ${p90.toFixed(0)} ms`,
        baseline: `bare REPL, Enter to Stop hook: p50 ${own.toFixed(0)} ms`,
        ratio: p50 / own,
        goal: `under ${GOAL_MS} ms`,
        met: p50 < GOAL_MS,
        values: { p50, p90, baseline_p50: own, samples: times.measured.length },
      },
    ];
  } finally {
    await stage.close();
  }
}
