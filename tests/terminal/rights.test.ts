import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed } from './bed.js';
import { stateOf } from './state.js';

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
  await bed.tmux.newSession('work');
  await bed.tmux.newSession('work-2');
  await bed.tmux.newSession('secret');
  await bed.call('execute', { session: 'work', command: 'true', timeout: 60 });
});
afterAll(() => bed.close());

const WRITES: readonly (readonly [tool: string, args: Record<string, unknown>])[] = [
  ['execute', { command: 'touch canary' }],
  ['write_pane', { text: 'TRACE' }],
  ['write_tmux_pane', { text: 'TRACE' }],
  ['send_keys', { key: 'x' }],
  ['send_keys_tmux', { keys: 'x' }],
  ['open_pane', {}],
  ['close_pane', {}],
];
const READS: readonly (readonly [tool: string, args: Record<string, unknown>])[] = [
  ['read_pane', {}],
  ['read_tmux_pane', {}],
  ['pane_info', {}],
  ['wait_for', { timeout: 0.2 }],
];

/** The config while `body` runs; the one with every right afterwards. */
async function configured(config: Record<string, unknown>, body: () => Promise<void>): Promise<void> {
  bed.server.configure(config);
  try {
    await body();
  } finally {
    bed.server.configure({});
  }
}

async function refused(calls: typeof WRITES, target: Record<string, unknown>, wanted: RegExp): Promise<void> {
  const before = await stateOf(bed.tmux);
  for (const [tool, args] of calls) expect(await bed.refusal(tool, { ...target, ...args })).toMatch(wanted);
  expect(await stateOf(bed.tmux)).toBe(before);
}

test('writing is off unless it was switched on: every writing tool is refused, every reading one works', async () => {
  const own = await Bed.start({ tmux: bed.tmux, config: { write_enabled: false } });
  try {
    const before = await stateOf(bed.tmux);
    for (const [tool, args] of WRITES)
      expect(await own.refusal(tool, { session: 'work', ...args })).toMatch(
        /^WRITE_DISABLED: .*write_enabled/,
      );
    expect(await stateOf(bed.tmux)).toBe(before);
    for (const [tool, args] of READS) await own.call(tool, { session: 'work', ...args });
    expect(await own.call('version', {})).toMatchObject({ write_enabled: false });
    expect(await own.call('list_sessions', {})).toMatchObject({
      sessions: expect.arrayContaining([expect.objectContaining({ name: 'work', write_allowed: false })]),
    });
    // Reading leaves no trace in tmux either.
    expect(await stateOf(bed.tmux)).toBe(before);
  } finally {
    await own.close();
  }
});

test('allowed_sessions hides the others, and nothing works on them', async () => {
  await configured({ allowed_sessions: ['work'] }, async () => {
    await refused([...WRITES, ...READS], { session: 'secret' }, /^SESSION_NOT_ALLOWED: /);
    await refused([...WRITES, ...READS], { session: 'work-2' }, /^SESSION_NOT_ALLOWED: /);
    const listed = await bed.call<{ sessions: { name: string }[] }>('list_sessions', { detail: true });
    expect(listed.sessions.map(({ name }) => name)).toEqual(['work']);
    expect(JSON.stringify(listed)).not.toContain('secret');
    expect(await bed.call('execute', { session: 'work', command: 'echo ok', timeout: 60 })).toMatchObject({
      output_lines: ['ok'],
    });
  });
});

test('a refusal does not tell whether the session exists', async () => {
  await configured({ allowed_sessions: ['work'] }, async () => {
    const there = await bed.refusal('read_pane', { session: 'secret' });
    const absent = await bed.refusal('read_pane', { session: 'absent' });
    expect(there.replaceAll('secret', 'X')).toBe(absent.replaceAll('absent', 'X'));
    expect(await bed.refusal('read_pane', { session: 'work-9' })).not.toMatch(/secret/);
  });
});

test('globs allow what they match', async () => {
  await configured({ allowed_sessions: ['work*'] }, async () => {
    await bed.call('read_pane', { session: 'work' });
    await bed.call('read_pane', { session: 'work-2' });
    expect(await bed.refusal('read_pane', { session: 'secret' })).toMatch(/^SESSION_NOT_ALLOWED: /);
  });
});

test('read_only_sessions are read but not written', async () => {
  await configured({ read_only_sessions: ['secret'] }, async () => {
    await refused(WRITES, { session: 'secret' }, /^WRITE_DISABLED: .*secret/);
    for (const [tool, args] of READS) await bed.call(tool, { session: 'secret', ...args });
    expect(await bed.call('execute', { session: 'work', command: 'true', timeout: 60 })).toMatchObject({
      exit_code: 0,
    });
  });
});

test('a window that is linked into several sessions needs all of them allowed', async () => {
  await bed.tmux.newSession('guest');
  for (const session of ['guest', 'secret', 'work-2'])
    await bed.call('execute', { session, command: 'true', timeout: 60 });
  await bed.tmux.run('link-window', '-s', '=secret:0', '-t', '=guest:5');
  await configured({ allowed_sessions: ['guest', 'work'] }, async () => {
    await refused([...WRITES, ...READS], { session: 'guest', window: 5 }, /^SESSION_NOT_ALLOWED: /);
    await bed.call('read_pane', { session: 'guest', window: 0 });
    const listed = await bed.call('list_sessions', { detail: true });
    const guest = (listed['sessions'] as { name: string; panes: number }[]).find(
      ({ name }) => name === 'guest',
    );
    expect(guest?.panes).toBe(1);
  });
  await configured({ read_only_sessions: ['secret'] }, () =>
    refused(WRITES, { session: 'guest', window: 5 }, /^WRITE_DISABLED: /),
  );
  await bed.call('read_pane', { session: 'guest', window: 5 });
  await bed.tmux.run('unlink-window', '-t', '=guest:5');
});

test('a session group shares its windows, so all of its names must be allowed', async () => {
  await bed.tmux.run('new-session', '-d', '-s', 'twin', '-t', '=secret');
  await configured({ allowed_sessions: ['twin'] }, () =>
    refused([...WRITES, ...READS], { session: 'twin' }, /^SESSION_NOT_ALLOWED: /),
  );
  await bed.tmux.run('kill-session', '-t', '=twin');
});

test('a window that is linked into a forbidden session after it was used is refused from then on', async () => {
  await bed.tmux.newSession('open');
  await configured({ allowed_sessions: ['open', 'work'] }, async () => {
    await bed.call('execute', { session: 'open', command: 'true', timeout: 60 });
    await bed.tmux.run('link-window', '-s', '=open:0', '-t', '=secret:8');
    expect(await bed.refusal('execute', { session: 'open', command: 'touch canary' })).toMatch(
      /^SESSION_NOT_ALLOWED: /,
    );
    await bed.tmux.run('unlink-window', '-t', '=secret:8');
    expect(await bed.call('execute', { session: 'open', command: 'true', timeout: 60 })).toMatchObject({
      exit_code: 0,
    });
  });
});

test('a configuration that became invalid closes the door and says what is wrong', async () => {
  bed.server.configure({ write_enabeld: true });
  try {
    const before = await stateOf(bed.tmux);
    expect(await bed.refusal('execute', { session: 'work', command: 'touch canary' })).toMatch(
      /^CONFIG_INVALID: .*write_enabeld/,
    );
    expect(await stateOf(bed.tmux)).toBe(before);
    expect((await bed.call('version', {}))['config_problem']).toMatch(/write_enabeld/);
  } finally {
    bed.server.configure({});
  }
  expect(await bed.call('execute', { session: 'work', command: 'echo again', timeout: 60 })).toMatchObject({
    output_lines: ['again'],
  });
});

test('max_timeout is the range that the error states', async () => {
  await configured({ max_timeout: 5 }, async () => {
    expect(await bed.refusal('execute', { session: 'work', command: 'true', timeout: 6 })).toMatch(
      /^INVALID_ARGUMENT: .*timeout is 6.*at most 5/,
    );
    expect(await bed.call('execute', { session: 'work', command: 'echo a', timeout: 5 })).toMatchObject({
      output_lines: ['a'],
    });
  });
});

test('the audit log has a line for every write, and no password', async () => {
  const log = join(bed.tmux.home, 'audit.jsonl');
  await configured({ audit_log: log, read_only_sessions: ['secret'] }, async () => {
    await bed.call('execute', { session: 'work', command: 'echo audited', timeout: 60 });
    await bed.refusal('write_pane', { session: 'secret', text: 'x' });
    await bed.call('execute', { session: 'work', command: 'read -s -p "Password: " p', timeout: 60 });
    await bed.call('write_pane', { session: 'work', text: 'hunter2\n' });
    await bed.call('wait_for', { session: 'work', timeout: 60 });
    await bed.call('read_pane', { session: 'work' });
  });
  const text = readFileSync(log, 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map((line) => [line['tool'], line['decision']])).toEqual([
    ['execute', 'allow'],
    ['write_pane', 'deny'],
    ['execute', 'allow'],
    ['write_pane', 'allow'],
  ]);
  expect(text).not.toContain('hunter2');
});
