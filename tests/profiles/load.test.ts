/** A user's profile files as the running server takes them: found, judged, kept, read again when they change. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed } from '../terminal/bed.js';

const SESSION = 'work';
/** What runs in the pane: a program that no built-in profile knows. */
const COMMAND = 'sleep';
/** A group that is not this user's own; who is not root must be a member of it. */
const ANOTHER_GROUP = process.getgroups?.().find((gid) => gid !== process.getgid?.()) ?? 100;

let bed: Bed;
let folder: string;
beforeAll(async () => {
  bed = await Bed.start();
  folder = join(bed.tmux.home, '.config/panewright/profiles');
  await bed.tmux.newSession(SESSION, { shell: [COMMAND, '1000'] });
});
afterAll(() => bed.close());
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
});

/** Puts a file in place in one step. */
function put(name: string, content: unknown, mode = 0o600, into = folder): string {
  const file = join(into, name);
  mkdirSync(into, { recursive: true, mode: 0o700 });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(`${file}.new`, text);
  chmodSync(`${file}.new`, mode);
  renameSync(`${file}.new`, file);
  return file;
}

const profile = (name: string, more = {}) => ({ name, commands: [COMMAND], ...more });

/** The profile of the program in the pane, as the next call sees it. */
async function inForce(): Promise<unknown> {
  return (await bed.call('pane_info', { session: SESSION }))['profile'];
}

/** What the server wrote about its files since, once the next call has read them. */
async function complaint(): Promise<string> {
  const before = bed.server.client.stderr.length;
  expect(await inForce()).toBeNull();
  const told = () => bed.server.client.stderr.slice(before);
  // It comes through another pipe than the answer, so perhaps a moment later.
  const deadline = performance.now() + 5_000;
  while (!told().includes('\n') && performance.now() < deadline)
    await new Promise((wake) => setImmediate(wake));
  return told();
}

describe('a file in the user’s folder counts', () => {
  test.each([
    ['a.json', JSON.stringify(profile('mine'))],
    ['a.mjs', `export default ${JSON.stringify(profile('mine'))}`],
    ['a.js', `module.exports = ${JSON.stringify(profile('mine'))}`],
  ])('%s, and its changes from the next call on', async (name, text) => {
    expect(await inForce()).toBeNull();
    put(name, text);
    expect(await inForce()).toBe('mine');
    put(name, text.replace('mine', 'changed'));
    expect(await inForce()).toBe('changed');
    rmSync(join(folder, name));
    expect(await inForce()).toBeNull();
  });

  test('a file that is a link counts as what it leads to', async () => {
    symlinkSync(
      put('real.json', profile('linked'), 0o600, join(bed.tmux.home, 'dotfiles')),
      join(folder, 'a.json'),
    );
    expect(await inForce()).toBe('linked');
  });

  test('what is no profile file is left alone', async () => {
    for (const name of ['README.md', '.hidden.json', 'profile.schema.json', 'types.d.ts', 'a.json~'])
      put(name, 'not a profile');
    put('a.json', profile('mine'));
    const before = bed.server.client.stderr;
    expect(await inForce()).toBe('mine');
    expect(bed.server.client.stderr).toBe(before);
  });
});

describe('the order', () => {
  test('a user’s profile takes a command from a built-in one, and its name replaces it whole', async () => {
    await bed.tmux.newSession('shell');
    const shell = async () => (await bed.call('pane_info', { session: 'shell' }))['profile'];
    expect(await shell()).toBe('bash');
    put('a.json', { name: 'mine', commands: ['bash'] });
    expect(await shell()).toBe('mine');
    put('a.json', { name: 'bash', commands: ['something-else'] });
    expect(await shell()).toBeNull();
    rmSync(join(folder, 'a.json'));
    expect(await shell()).toBe('bash');
  });

  test('what the configuration names comes before the user’s folder, files and folders alike', async () => {
    put('a.json', profile('folder'));
    const elsewhere = join(bed.tmux.home, 'elsewhere');
    const file = put('one.json', profile('named-file'), 0o600, elsewhere);
    bed.server.configure({ profiles: [file] });
    expect(await inForce()).toBe('named-file');
    put('all.json', profile('named-folder'), 0o600, elsewhere);
    bed.server.configure({ profiles: ['~/elsewhere'] });
    expect(await inForce()).toBe('named-folder');
    bed.server.configure({});
    expect(await inForce()).toBe('folder');
  });

  test('of two files with one name the first counts, and the second is reported', async () => {
    put('a.json', { name: 'twin', commands: ['nothing'] });
    put('b.json', profile('twin'));
    expect(await complaint()).toMatch(/b\.json: has the same name as .*a\.json: "twin"/);
  });
});

describe('a file that cannot be used is reported and skipped', () => {
  const repl = (more: object) => profile('mine', { repl: { prompt: '^x> $', ...more } });
  test.each<[reason: string, name: string, content: unknown]>([
    ['is not valid JSON', 'a.json', '{ "name": '],
    ['unknown member "comands"', 'a.json', profile('mine', { comands: [] })],
    ['unknown member "repl.promt"', 'a.json', repl({ promt: '^x$' })],
    ['unknown member "shell"', 'a.json', profile('mine', { shell: {} })],
    ['"name" must be letters', 'a.json', profile('two words')],
    ['"commands" is wrong', 'a.json', { name: 'mine' }],
    ['"commands.0" must be a name without a path', 'a.json', { name: 'mine', commands: ['/bin/sleep'] }],
    ['"commands.0" must be a name', 'a.json', { name: 'mine', commands: ['*'] }],
    ['"repl.prompt" is no regular expression', 'a.json', repl({ prompt: '^(x> $' })],
    ['"repl.prompt" must begin with ^ and end with $', 'a.json', repl({ prompt: 'x> ' })],
    ['"repl.prompt" must begin with ^ and end with $', 'a.json', repl({ prompt: '^x> \\$' })],
    ['"repl.prompt" must not match an empty line', 'a.json', repl({ prompt: '^.*$' })],
    ['"repl.cancel" is no name of a key', 'a.json', repl({ cancel: 'Ctrl-C' })],
    ['"launch.0" must not contain a NUL', 'a.json', profile('mine', { launch: ['a\0b'] })],
    ['exports no profile', 'a.mjs', 'export const profile = {}'],
    ['the profile is wrong', 'a.mjs', 'export default 5'],
    ['boom', 'a.mjs', 'throw new Error("boom")'],
    [
      '"shell.script" must be a function',
      'a.mjs',
      `export default { name: 'mine', commands: ['${COMMAND}'], shell: { script: 'x', promptRowsAbove: '', multiline: 'lines' } }`,
    ],
    [
      '"agent.launch" must be a function',
      'a.mjs',
      `export default { name: 'mine', commands: ['${COMMAND}'], agent: {} }`,
    ],
    ['takes more than 5 s to load', 'a.mjs', 'await new Promise(() => setInterval(() => {}, 1e6))'],
  ])('%s (%s)', async (reason, name, content) => {
    // Under a name of its own: the same problem is not told twice.
    const file = put(`${String(++files)}-${name}`, content);
    const text = await complaint();
    expect(text).toContain(`[panewright] PROFILE_INVALID: ${file}: `);
    expect(text).toContain(reason);
    // The others count, and the reason is not repeated with every call.
    put('z.json', profile('other'));
    expect(await inForce()).toBe('other');
    expect(bed.server.client.stderr.split(`${file}: `)).toHaveLength(2);
  });
  let files = 0;

  test('one that the configuration names and that is not there', async () => {
    bed.server.configure({ profiles: ['/nowhere/at/all.json'] });
    expect(await complaint()).toContain('PROFILE_INVALID: /nowhere/at/all.json: does not exist.');
    bed.server.configure({});
  });

  test('printing from a profile does not disturb the protocol', async () => {
    put('a.mjs', `console.log('hello'); export default ${JSON.stringify(profile('loud'))}`);
    expect(await inForce()).toBe('loud');
  });
});

describe('a file that somebody else could have written is refused', () => {
  test.each([
    ['0620', 'can be written by its group'],
    ['0602', 'can be written by everybody'],
  ])('with the mode %s', async (mode, reason) => {
    const file = put('a.mjs', `export default ${JSON.stringify(profile('mine'))}`);
    chownSync(file, process.getuid?.() ?? 0, ANOTHER_GROUP);
    chmodSync(file, parseInt(mode, 8));
    expect(await complaint()).toContain(reason);
    chmodSync(file, 0o600);
    expect(await inForce()).toBe('mine');
  });

  test.each([
    ['0770', 'lies in a folder that its group can write'],
    ['0707', 'lies in a folder that everybody can write'],
  ])('in a folder with the mode %s', async (mode, reason) => {
    put('a.json', profile('mine'));
    chownSync(folder, process.getuid?.() ?? 0, ANOTHER_GROUP);
    chmodSync(folder, parseInt(mode, 8));
    expect(await complaint()).toContain(reason);
    chmodSync(folder, 0o700);
    expect(await inForce()).toBe('mine');
  });

  test('a link does not lead around that', async () => {
    const open = join(bed.tmux.home, 'open');
    symlinkSync(put('real.json', profile('mine'), 0o600, open), join(folder, 'a.json'));
    chmodSync(open, 0o777);
    expect(await complaint()).toContain('lies in a folder that everybody can write');
  });

  // Only root can give a file away.
  if (process.getuid?.() === 0)
    test('one that belongs to another user', async () => {
      chownSync(put('a.json', profile('mine')), 65534, 65534);
      expect(await complaint()).toContain('belongs to another user');
    });
});
