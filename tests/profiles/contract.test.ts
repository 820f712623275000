/**
 * What holds for every profile: built-in ones, a user's in JSON and in JavaScript, and the one in the docs. Each
 * program is really launched in a pane and driven by a client through the built server, which knows of it only
 * what its profile says. An agent (a program that holds a conversation) has suites of its own.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { builtinProfiles } from '../../profiles/index.js';
import type { Profile } from '../../src/profile/contract.js';
import { Bed, type Executed } from '../terminal/bed.js';
import { PrivateTmux } from '../support/tmux.js';
import { Postgres } from './postgres.js';
import { SAMPLES, type Sample } from './samples.js';

const fixtures = resolve(import.meta.dirname, 'fixtures');
const tally = JSON.parse(readFileSync(join(fixtures, 'tally.json'), 'utf8')) as Profile;
const perl = ((await import(join(fixtures, 'perl-debugger.mjs'))) as { default: Profile }).default;

/** The example in the docs, word for word. */
const docs = readFileSync(resolve(import.meta.dirname, '../../docs/profiles.md'), 'utf8');
const [, exampleText = ''] = /<!-- example -->\n+```json\n([\s\S]+?)```/.exec(docs) ?? [];
const example = JSON.parse(exampleText) as Profile;

const binaries = Postgres.binaries();
let postgres: Postgres | undefined;
let tmux: PrivateTmux;
let bed: Bed;
let bedOfDocs: Bed;

beforeAll(async () => {
  if (binaries !== undefined) postgres = await Postgres.start(binaries);
  // tmux starts programs by the PATH of the client that asks for them.
  tmux = new PrivateTmux({ env: { PATH: `${join(fixtures, 'bin')}:${process.env['PATH'] ?? ''}` } });
  bed = await Bed.start({ tmux });
  // A server without sessions ends.
  await tmux.newSession('keeper');
  // Without this file zsh asks a new user what to do.
  writeFileSync(join(bed.tmux.home, '.zshrc'), '');
  for (const name of ['tally.json', 'perl-debugger.mjs']) {
    copyFileSync(join(fixtures, name), userFile(bed, name));
    chmodSync(userFile(bed, name), 0o600);
  }
  // All at once: tmux 3.3a does not survive every session that begins while a control client attaches.
  for (const profile of served) await launch(bed, profile);
  bedOfDocs = await Bed.start();
  await launch(bedOfDocs, example);
  writeFileSync(userFile(bedOfDocs, 'example.json'), exampleText, { mode: 0o600 });
});
afterAll(async () => {
  await bed.close();
  await tmux.dispose();
  await bedOfDocs.close();
  await postgres?.stop();
});

async function launch({ tmux }: Bed, { name, launch: argv = [] }: Profile): Promise<void> {
  await tmux.newSession(name, { shell: argv, env: postgres?.env ?? {} });
}

function userFile({ tmux }: Bed, name: string): string {
  const folder = join(tmux.home, '.config/panewright/profiles');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, name);
}

const launched = [...builtinProfiles, tally, perl].filter(
  ({ agent, carrier }) => agent === undefined && carrier !== true,
);

test('there is a sample for every program that a built-in profile launches', () => {
  expect(launched.filter(({ name }) => SAMPLES[name] === undefined)).toEqual([]);
});

// Its prompts are checked as recorded in any case; see psql-prompts.test.ts.
if (binaries === undefined)
  console.warn('NOT TESTED: psql. It needs a PostgreSQL server, and none is installed (package postgresql).');
const served = launched.filter(({ name }) => name !== 'psql' || binaries !== undefined);

describe.each(served.map((profile) => [profile.name, profile] as const))('%s', (name, profile) => {
  keepsTheContract(() => bed, profile, SAMPLES[name] as Sample);
});

describe('the example in docs/profiles.md', () => {
  keepsTheContract(() => bedOfDocs, example, SAMPLES['gdb'] as Sample);
});

function keepsTheContract(bedNow: () => Bed, profile: Profile, sample: Sample): void {
  const session = profile.name;
  const { prompt, quit = sample.quit } = { quit: sample.quit, ...profile.repl };
  const ready = prompt === undefined ? sample.ready : new RegExp(prompt, 'm');

  const execute = (command: string, more = {}): Promise<Executed> =>
    bedNow().call('execute', { session, command, timeout: 20, ...more });
  const answers = async ([command, lines]: Sample['statement']): Promise<void> => {
    const done = await execute(command);
    expect({ command, lines: done.output_lines }).toEqual({ command, lines });
    expect(done).toMatchObject({
      state: 'completed',
      completed: true,
      timeout_occurred: false,
      detection: profile.shell ? 'integration' : 'screen',
      exit_code: profile.shell ? 0 : null,
    });
  };

  beforeAll(() => bedNow().tmux.until(`=${session}:`, ready as RegExp));

  test('is known by its command and found idle by its prompt', async () => {
    const info = () => bedNow().call('pane_info', { session });
    // A prompt that shows is not yet a program that reads, and nothing tells when it begins to.
    const deadline = performance.now() + 5_000;
    while ((await info())['state'] !== 'idle' && performance.now() < deadline);
    expect(await info()).toMatchObject({ profile: profile.name, state: 'idle' });
  });

  test('answers a statement exactly', () => answers(sample.statement));

  for (const [command, lines] of sample.more ?? [])
    test(`takes ${JSON.stringify(command)}`, () => answers([command, lines]));

  for (const command of sample.unfinished)
    test(`reports that ${JSON.stringify(command)} is not finished, and shows a clean prompt`, async () => {
      expect(await execute(command)).toMatchObject({ state: 'incomplete_input', completed: false });
      expect(await bedNow().call('pane_info', { session })).toMatchObject({ state: 'idle' });
      await answers(sample.untouched ?? sample.statement);
    });

  test('refuses to type behind a draft, and discards it when told to', async () => {
    const { tmux } = bedNow();
    await tmux.type(`=${session}:`, 'half');
    await tmux.until(`=${session}:`, /half *$/m);
    expect(await bedNow().refusal('execute', { session, command: sample.statement[0] })).toMatch(
      /^DRAFT_PRESENT: /,
    );
    expect((await tmux.lines(`=${session}:`)).at(-1)).toMatch(/half$/);
    expect(await execute(sample.statement[0], { force: true })).toMatchObject({ state: 'completed' });
  });

  test('is left by the text that its profile names', async () => {
    const done = await execute(quit as string);
    expect(done).toMatchObject({ state: 'pane_closed', completed: false, timeout_occurred: false });
  });
}
