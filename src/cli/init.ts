/**
 * `panewright init`: writes a configuration file in which every option is explained. Options given on the
 * command line are set in it, all others stand there as comments with their defaults.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { configHome, processEnv } from '../config/env.js';
import { lookup, stampOf } from '../config/file.js';
import { combine } from '../config/layers.js';
import { LEAVES, setAt, valueAt } from '../config/leaves.js';
import { isYaml } from '../config/parse.js';
import { ConfigProblem } from '../config/problem.js';
import type { Config } from '../config/schema.js';
import { commentedYaml } from './commented.js';
import { painter } from './paint.js';
import type { Runner } from './runner.js';

export const init: Runner = async ({ config: flag, flags, options }, { log }) => {
  let config: Config;
  try {
    config = combine(undefined, {}, flags).config;
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error;
    log(`panewright: ${error.message}`);
    return 2;
  }
  const { paths, explicit } = lookup(flag, processEnv());
  const existing = paths.find((path) => stampOf(path) !== null);
  const file = existing ?? (explicit ? (paths[0] ?? '') : freshPath(options.has('json')));
  if (existing !== undefined && !options.has('yes')) {
    const answer = await ask(`${existing} exists. Replace it? [y/N] `);
    if (answer === undefined) {
      log(`panewright: ${existing} exists and nobody can be asked. Remove it, or say --yes.`);
      return 1;
    }
    if (!/^y(es)?$/i.test(answer.trim())) {
      log('Nothing was changed.');
      return 1;
    }
  }
  const set = new Set(Object.keys(flags));
  write(file, isYaml(file) ? commentedYaml(config, set) : json(config, set), existing);
  const paint = painter(process.stdout);
  process.stdout.write(`${paint('green', 'Wrote')} ${file}\n`);
  if (existing !== undefined) process.stdout.write(`What was there is now ${existing}.old\n`);
  if (!config.write_enabled)
    process.stdout.write('Tools can look but not type until write_enabled is true in it.\n');
  return 0;
};

const freshPath = (asJson: boolean): string =>
  join(configHome(), 'panewright', asJson ? 'config.json' : 'config.yaml');

/** undefined where nobody sits at a terminal. */
async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

/** Whole or not at all; for its owner alone, since it may come to hold a token. */
function write(file: string, text: string, existing: string | undefined): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  if (existing !== undefined) renameSync(existing, `${existing}.old`);
  renameSync(`${file}.new`, file);
}

/** JSON has no comments, so only what was set is in it. */
function json(config: Config, set: ReadonlySet<string>): string {
  const tree: Record<string, unknown> = {};
  for (const leaf of LEAVES) if (set.has(leaf.path)) setAt(tree, leaf.keys, valueAt(config, leaf.keys));
  return `${JSON.stringify(tree, null, 2)}\n`;
}
