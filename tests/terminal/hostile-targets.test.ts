import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed } from './bed.js';
import { stateOf } from './state.js';

let bed: Bed;
let pane: string;
beforeAll(async () => {
  bed = await Bed.start();
  pane = await bed.tmux.newSession('workshop');
  await bed.tmux.newSession('build');
  await bed.tmux.newSession('build-2');
  await bed.tmux.run('split-window', '-d', '-t', '=build:', 'sleep', '600');
  await bed.tmux.run('new-window', '-d', '-n', 'notes', '-t', '=build:', 'sleep', '600');
  for (const session of ['workshop', 'build', 'build-2'])
    await bed.call('execute', { session, command: 'true', timeout: 60 });
  await bed.call('list_sessions', {});
});
afterAll(() => bed.close());

const touch = (): string => `touch ${bed.tmux.home}/canary`;

/** Every tool that takes a target, with arguments that would leave a trace. */
const TOOLS: readonly (readonly [tool: string, args: Record<string, unknown>])[] = [
  ['execute', { command: 'echo TRACE; touch canary' }],
  ['read_pane', {}],
  ['write_pane', { text: 'TRACE' }],
  ['send_keys', { key: 'x' }],
  ['wait_for', { timeout: 1 }],
  ['pane_info', {}],
  ['open_pane', { command: 'touch canary' }],
  ['close_pane', {}],
];

async function refusesAll(target: Record<string, unknown>): Promise<string[]> {
  const before = await stateOf(bed.tmux);
  const texts: string[] = [];
  for (const [tool, args] of TOOLS) texts.push(await bed.refusal(tool, { ...target, ...args }));
  expect(await stateOf(bed.tmux)).toBe(before);
  return texts;
}

const SESSIONS: readonly string[] = [
  'work',
  'workshop2',
  'WORKSHOP',
  'w',
  'work*',
  '*',
  '?orkshop',
  '[w]orkshop',
  '=workshop',
  'workshop:',
  'workshop:0',
  'workshop:0.0',
  '=workshop:0',
  '.',
  ':',
  ':0',
  '{last}',
  '{mouse}',
  '!',
  '+',
  '-',
  '~',
  '@0',
  '$0',
  '%0',
  ' workshop',
  'workshop ',
  'workshop\n',
  'workshop\0',
  'build;kill-server',
  'build ; kill-server',
  ';',
  "build' ; kill-server ; '",
  '"',
  '#{session_name}',
  '#S',
  '#(touch canary)',
  '$(touch canary)',
  '-a',
  '-t',
  '--',
  '../build',
  '\u0000',
  'é',
  'x'.repeat(100_000),
];

describe('a session that is not exactly there', () => {
  test.each(SESSIONS)('%.40j is an error that names what exists, and nothing is changed', async (session) => {
    for (const text of await refusesAll({ session })) {
      expect(text).toMatch(/^(SESSION_NOT_FOUND|INVALID_ARGUMENT): /);
      if (text.startsWith('SESSION_NOT_FOUND'))
        expect(text).toMatch(/workshop, build, build-2|build, build-2, workshop/);
      expect(text.length).toBeLessThan(2_000);
    }
  });

  test.each([undefined, null, '', 0, 1, true, [], ['workshop'], {}])('%j is no name', async (session) => {
    for (const text of await refusesAll({ session })) expect(text).toMatch(/^INVALID_ARGUMENT: .*session/);
  });
});

describe('a window that is not there', () => {
  test.each([2, 5, 999_999, 2 ** 31, 2 ** 53 - 1])('%d names those that are', async (window) => {
    for (const text of await refusesAll({ session: 'build', window }))
      expect(text).toMatch(/^PANE_NOT_FOUND: .*(0, 1)/);
  });

  test.each([-1, 0.5, '0', 'notes', '@0', '!', '*', '', null, [0], 1e30, '#(touch canary)'])(
    '%j is no index',
    async (window) => {
      for (const text of await refusesAll({ session: 'build', window }))
        expect(text).toMatch(/^(INVALID_ARGUMENT: .*window|PANE_NOT_FOUND: )/);
    },
  );
});

describe('a pane that is not there', () => {
  test.each([2, 7, 999_999])('%d names those that are', async (index) => {
    for (const text of await refusesAll({ session: 'build', pane: index }))
      expect(text).toMatch(/^PANE_NOT_FOUND: .*(0, 1)/);
  });

  test.each([
    '%999',
    '%',
    '%0 ',
    '%-1',
    '%0;kill-server',
    '{top}',
    '+',
    'build:0.0',
    '@0',
    '#(touch canary)',
    '',
    '%x',
  ])('%j names the ids that are', async (id) => {
    for (const text of await refusesAll({ session: 'build', pane: id }))
      expect(text).toMatch(/^(PANE_NOT_FOUND: .*%\d|INVALID_ARGUMENT: .*pane)/);
  });

  test('the id of a pane of another session', async () => {
    for (const text of await refusesAll({ session: 'build', pane }))
      expect(text).toMatch(/^PANE_NOT_FOUND: /);
  });

  test.each([-1, 0.5, null, [0], true])('%j is no pane', async (index) => {
    for (const text of await refusesAll({ session: 'build', pane: index }))
      expect(text).toMatch(/^INVALID_ARGUMENT: .*pane/);
  });
});

describe('sessions with awkward names', () => {
  test.each([
    'two words',
    "it's",
    'a"b',
    'é漢👍',
    '-dash',
    '{brace}',
    '$money',
    '100%',
    '=equal',
    '@at',
    '*',
    '~',
    'a;b',
    'a,b}',
  ])('%j is used exactly', async (asked) => {
    const own = await bed.tmux.newSession(asked);
    // tmux stores some names otherwise than asked: `$money` as `\$money`.
    const name = await bed.tmux.value(own, '#{session_name}');
    try {
      expect(await bed.call('execute', { session: name, command: 'echo here', timeout: 60 })).toMatchObject({
        pane_id: own,
        target: `${name}:0.0`,
        output_lines: ['here'],
      });
      expect(await bed.call('pane_info', { session: name, pane: own })).toMatchObject({ pane_id: own });
      expect(await bed.call('close_pane', { session: name })).toMatchObject({ closed: true });
      expect(await bed.refusal('read_pane', { session: name })).toMatch(/^SESSION_NOT_FOUND: /);
    } finally {
      await bed.tmux.run('kill-pane', '-t', own).catch(() => undefined);
    }
  });
});

test('a pane that closes between two calls is gone, not another one', async () => {
  await bed.tmux.newSession('moving');
  const second = await bed.tmux.run(
    'split-window',
    '-d',
    '-t',
    '=moving:',
    '-P',
    '-F',
    '#{pane_id}',
    '--',
    'bash',
    '--norc',
  );
  await bed.call('execute', { session: 'moving', pane: 1, command: 'true', timeout: 60 });
  await bed.tmux.run('kill-pane', '-t', second);
  expect(await bed.refusal('execute', { session: 'moving', pane: 1, command: 'echo NEVER' })).toMatch(
    /^PANE_NOT_FOUND: /,
  );
  expect((await bed.tmux.lines('=moving:')).join('')).not.toContain('NEVER');
});

test('a session that was renamed is found by its new name only', async () => {
  await bed.tmux.newSession('before');
  await bed.call('execute', { session: 'before', command: 'true', timeout: 60 });
  await bed.tmux.run('rename-session', '-t', '=before', 'after');
  expect(await bed.refusal('execute', { session: 'before', command: 'echo NEVER' })).toMatch(
    /^SESSION_NOT_FOUND: /,
  );
  expect(await bed.call('execute', { session: 'after', command: 'echo yes', timeout: 60 })).toMatchObject({
    target: 'after:0.0',
    output_lines: ['yes'],
  });
});

test('a new session under the name of one that is gone is another session', async () => {
  await bed.tmux.newSession('phoenix');
  await bed.call('execute', { session: 'phoenix', command: 'VAR=old', timeout: 60 });
  await bed.tmux.run('kill-session', '-t', '=phoenix');
  const own = await bed.tmux.newSession('phoenix');
  expect(
    await bed.call('execute', { session: 'phoenix', command: 'echo "[$VAR]"', timeout: 60 }),
  ).toMatchObject({
    pane_id: own,
    output_lines: ['[]'],
  });
});

test('what the caller says never becomes tmux syntax anywhere', async () => {
  const before = await stateOf(bed.tmux);
  expect(touch()).toContain('canary');
  const hostile = ['#(touch canary)', '; kill-server', '$(touch canary)', '%0', '-Z'];
  for (const text of hostile) {
    await bed.refusal('read_pane', { session: 'build', window: text });
    await bed.refusal('read_pane', { session: text, pane: text });
    await bed.call('wait_for', {
      session: 'build',
      timeout: 0.1,
      pattern: `never ${text.replace(/[$()*+]/g, '.')}`,
    });
  }
  expect(await stateOf(bed.tmux)).toBe(before);
});
