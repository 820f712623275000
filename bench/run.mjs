/**
 * `npm run bench`: measures, prints a table and writes bench/results.json. Names of groups pick some:
 * `npm run bench -- calls start`.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { ensureNodePackages, ensurePrograms, fail, root, run } from '../scripts/install.mjs';

ensureNodePackages();
ensurePrograms({ tmux: 'tmux', bash: 'bash', ssh: 'openssh-client', sshd: 'openssh-server' }, { sudo: true });
if (!run([process.execPath, 'scripts/build.mjs'])) fail('The build failed.');
const groups = { ...(await import('./figures.mjs')), ...(await import('./claude.mjs')) };

/** A group that could not be measured stands in the table as missed, with the reason; the others go on. */
function failure(name, error) {
  console.error(error);
  const reason = String(error.message ?? error).split('\n')[0];
  const values = { failure: reason };
  return {
    name,
    measured: 'failed, see above',
    baseline: '',
    ratio: NaN,
    goal: 'measured',
    met: false,
    values,
  };
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in groups));
if (unknown.length > 0)
  fail(`No such group: ${unknown.join(', ')}. Groups: ${Object.keys(groups).join(', ')}.`);

const figures = [];
const DEFAULT = ['start', 'calls', 'flood', 'listing', 'crowd', 'hosts', 'claude'];
for (const name of wanted.length > 0 ? wanted : DEFAULT) {
  console.error(`measuring ${name} ...`);
  figures.push(...(await groups[name]().catch((error) => [failure(name, error)])));
}

const columns = [
  ['figure', (row) => row.name],
  ['Panewright', (row) => row.measured],
  ['beside it', (row) => row.baseline],
  ['ratio', (row) => (Number.isNaN(row.ratio) ? '' : `${row.ratio.toFixed(2)}x`)],
  ['goal', (row) => row.goal],
  ['', (row) => (row.met ? 'met' : 'MISSED')],
];
const cells = [columns.map(([head]) => head), ...figures.map((row) => columns.map(([, of]) => of(row)))];
const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
for (const row of cells)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );

if (wanted.length === 0) {
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    system: `${process.platform} ${release()}`,
    node: process.version,
    tmux: spawnSync('tmux', ['-V'], { encoding: 'utf8' }).stdout.trim(),
  };
  const results = { measured_at: new Date().toISOString(), machine, figures };
  writeFileSync(join(root, 'bench/results.json'), `${JSON.stringify(results, null, 2)}\n`);
}
