import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { samePlace } from '../../src/tmux/conditions.js';
import type { PaneRow } from '../../src/tmux/formats.js';
import { TmuxServer } from '../../src/tmux/server.js';
import { LocalTransport } from '../../src/tmux/transport.js';
import { cleanEnvironment, PrivateTmux } from '../support/tmux.js';
import { REAL } from './chunks.js';

const tmux = new PrivateTmux();
const server = new TmuxServer({
  socketPath: tmux.socket,
  transport: new LocalTransport(cleanEnvironment(tmux.home)),
});
beforeAll(async () => {
  await tmux.newSession('work', { shell: ['sleep', '600'] });
  await tmux.newSession('named', { shell: ['sleep', '600'] });
});
afterAll(async () => {
  await server.close();
  await tmux.dispose();
});

/** Syntax of tmux's command language, of formats and of shells, and any characters; NUL no argument can carry. */
const syntax = fc.constantFrom(
  ...[
    '"',
    "'",
    '\\',
    '$',
    '${HOME}',
    '$HOME',
    '~',
    '#',
    '#{pid}',
    '#(id)',
    '{',
    '}',
    ';',
    '\\;',
    ' ; ',
    '%%',
    '%1',
  ],
  ...[
    '\n',
    '\r',
    '\t',
    '\x1b',
    '\x7f',
    '\x01',
    '\\n',
    '\\033',
    '\\u00e9',
    '-',
    '--',
    '-t',
    '=',
    '@0',
    '`id`',
    '$(id)',
  ],
  ...['é', '漢', '👩‍👩‍👧', ' ', '  ', 'x', 'kill-server', '%if 1', '#!', '# comment'],
);
const argument = fc
  .array(fc.oneof({ weight: 3, arbitrary: syntax }, fc.string({ unit: 'binary', maxLength: 10 })), {
    maxLength: 12,
  })
  .map((parts) => Buffer.from(parts.join('').replaceAll('\0', '')).toString());

/** A connection that is held open, so that commands go through it. */
async function connection() {
  const sessionId = await tmux.value('=work:', '#{session_id}');
  return server.connect(sessionId);
}

/** Asked by a process: to a control client tmux shows buffers in escapes. */
async function shown(buffer: string): Promise<string> {
  const { stdout } = await promisify(execFile)('tmux', [...tmux.clientArgs, 'show-buffer', '-b', buffer]);
  return stdout;
}

describe('an argument, whatever is in it', () => {
  test('arrives as one literal argument through a control client', async () => {
    const control = await connection();
    const release = control.hold();
    await fc.assert(
      fc.asyncProperty(argument, fc.boolean(), async (text, isGuarded) => {
        fc.pre(text !== '');
        const set = ['set-buffer', '-b', 'fuzz', '--', text] as const;
        if (isGuarded) await control.guarded('=work:', [], [set]);
        else await control.run(set);
        expect(await shown('fuzz')).toBe(text);
      }),
      { ...REAL, numRuns: REAL.numRuns * 2 },
    );
    release();
  }, 180_000);

  test('several of them on one line stay apart', async () => {
    const control = await connection();
    const release = control.hold();
    await fc.assert(
      fc.asyncProperty(fc.array(argument, { minLength: 1, maxLength: 4 }), async (texts) => {
        fc.pre(!texts.includes(''));
        await control.sequence(texts.map((text, i) => ['set-buffer', '-b', `fuzz-${i}`, '--', text]));
        expect(await Promise.all(texts.map((_, i) => shown(`fuzz-${i}`)))).toEqual(texts);
      }),
      REAL,
    );
    release();
  });

  test('arrives as one literal argument of a process', async () => {
    await fc.assert(
      fc.asyncProperty(argument, async (text) => {
        fc.pre(text !== '');
        await server.start(['set-buffer', '-b', 'spawned', '--', text]);
        expect(await shown('spawned')).toBe(text);
      }),
      REAL,
    );
  });
});

describe('a name, whatever is in it', () => {
  test('with a comma is not taken for the two names that it looks like', async () => {
    for (const name of ['p,q', 'p', 'q']) await tmux.newSession(name);
    const row = (await server.panes()).find(({ sessionName }) => sessionName === 'p,q') as PaneRow;
    const control = await connection();
    const release = control.hold();
    const act = (): Promise<string[] | undefined> =>
      control.guarded(row.paneId, samePlace(row), [['display-message', '-p', 'done']]);
    expect(await act()).toEqual(['done']);
    for (const name of ['p', 'q']) await tmux.run('link-window', '-d', '-s', '=p,q:0', '-t', `=${name}:5`);
    expect(await act()).toBeUndefined();
    await tmux.run('unlink-window', '-t', '=p,q:0');
    expect(await tmux.value(row.paneId, '#{window_linked_sessions_list}')).toBe(row.linkedSessions);
    expect(await act()).toBeUndefined();
    release();
  });

  test('is compared as it is: equal to itself, and to nothing else', async () => {
    const id = await tmux.value('=named:', '#{session_id}');
    const control = await connection();
    const release = control.hold();
    await fc.assert(
      fc.asyncProperty(argument, async (wanted) => {
        fc.pre(wanted !== '');
        // tmux changes names as it likes, and refuses some; what it made of it is what counts.
        await control.run(['rename-session', '-t', id, '--', wanted]).catch(() => undefined);
        const name = (await control.run(['list-sessions', '-F', '#{session_id}\t#{session_name}']))
          .split('\n')
          .find((line) => line.startsWith(`${id}\t`))
          ?.slice(id.length + 1);
        const compare = async (text: string): Promise<string | undefined> =>
          (await control.guarded(id, [['#{session_name}', text]], [['display-message', '-p', 'same']]))?.[0];
        expect(await compare(name ?? '')).toBe('same');
        for (const other of [`${name}x`, `x${name}`, (name ?? '').slice(1), '*', '#{session_name}'])
          expect([other, await compare(other)]).toEqual([other, undefined]);
      }),
      REAL,
    );
    release();
  });
});
