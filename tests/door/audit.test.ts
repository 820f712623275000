import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../support/client.js';
import { TestServer } from '../support/server.js';
import { freshDirectory } from '../support/run-dir.js';
import { PLAIN_BASH } from '../support/tmux.js';

let server: TestServer;
let log: string;
let temporary: string;
let sessions = 0;
beforeAll(async () => {
  temporary = freshDirectory();
  server = await TestServer.start({ clientName: 'auditor', env: { TMPDIR: temporary } });
  log = join(server.tmux.home, 'logs', 'audit.jsonl');
  await server.tmux.newSession('work');
  await server.tmux.newSession('frozen');
  await server.tmux.newSession('vault');
});
afterAll(() => server.close());

const lines = (file = log): Json[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Json)
    : [];

const CALLS: readonly (readonly [tool: string, args: Json])[] = [
  ['execute', { command: 'echo one', timeout: 20 }],
  ['write_pane', { text: 'x' }],
  ['write_tmux_pane', { text: 'x' }],
  ['send_keys', { key: 'C-u' }],
  ['send_keys_tmux', { keys: 'C-u' }],
  ['open_pane', { placement: 'below', command: 'sleep 600' }],
  ['close_pane', { pane: 1 }],
  ['session_send', { prompt: 'echo two', timeout: 20 }],
  ['session_interrupt', {}],
  ['session_answer', { choice: 1 }],
  ['session_set_claude_id', { claude_session_id: 'x' }],
  ['session_start', { profile: 'bash' }],
  ['session_destroy', {}],
];

/** What of a call is text for a terminal, of which the log has the length and the digest. */
const textIn = ({ command, text, prompt }: Json): string | undefined =>
  (command ?? text ?? prompt) as string | undefined;

const aimed = (tool: string, args: Json, session: string): Json =>
  tool.startsWith('session_') ? { name: session, ...args } : { session, ...args };

const REAL: Readonly<Record<string, string>> = { write_tmux_pane: 'write_pane', send_keys_tmux: 'send_keys' };

describe('every attempted write', () => {
  test.each([
    ['allowed', 'work', 'allow', {}],
    ['on a session that is read-only', 'frozen', 'deny', {}],
    ['on a session that is not allowed', 'vault', 'deny', {}],
    ['while writing is off', 'work', 'deny', { write_enabled: false }],
    ['by a configuration that is broken', 'work', 'deny', { write_enabeld: true }],
  ])('%s, is one line of the log', async (_name, session, decision, more) => {
    const config = { audit_log: log, read_only_sessions: ['frozen'], allowed_sessions: ['work', 'frozen'] };
    server.configure(config);
    await server.client.call('version');
    server.configure({ ...config, ...more });
    for (const [tool, args] of CALLS) {
      const before = lines().length;
      await server.client.raw(tool, aimed(tool, args, session));
      const added = lines().slice(before);
      expect(added).toHaveLength(1);
      expect(added[0]).toMatchObject({
        client: 'auditor',
        tool: REAL[tool] ?? tool,
        decision,
        rule: expect.stringMatching(/\w/),
        target: expect.stringMatching(new RegExp(`^${session}`)),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      });
      const text = textIn(args);
      if (text === undefined || added[0]?.['hidden'] === true) continue;
      expect(added[0]).toMatchObject({
        size: Buffer.byteLength(text),
        sha256: createHash('sha256').update(text).digest('hex'),
      });
      expect(JSON.stringify(added[0])).not.toContain(JSON.stringify(text));
    }
  });

  test('on a pane that is also in a session that is not allowed, is one line of the log, whatever the tool', async () => {
    server.configure({ audit_log: log, allowed_sessions: ['shared'] });
    await server.tmux.newSession('shared');
    await server.tmux.run('link-window', '-d', '-s', '=shared:0', '-t', '=vault:9');
    for (const [tool, args] of CALLS) {
      const before = lines().length;
      await server.client.raw(tool, aimed(tool, { ...args, pane: undefined }, 'shared'));
      expect(lines().slice(before)).toMatchObject([
        { tool: REAL[tool] ?? tool, decision: 'deny', code: 'SESSION_NOT_ALLOWED' },
      ]);
    }
    await server.tmux.run('unlink-window', '-k', '-t', '=vault:9');
  });

  test.each<readonly [what: string, tool: string, args: Json, code: string]>([
    [
      'a pane that is not there',
      'write_pane',
      { session: 'work', pane: '%9999', text: 'x' },
      'PANE_NOT_FOUND',
    ],
    ['a session that is not there', 'execute', { session: 'none', command: 'true' }, 'SESSION_NOT_FOUND'],
    ['no session of that name', 'session_send', { name: 'none', prompt: 'x' }, 'AGENT_NOT_FOUND'],
    ['nothing to interrupt', 'session_interrupt', { name: 'none' }, 'AGENT_NOT_FOUND'],
    ['nothing to end', 'session_destroy', { name: 'none' }, 'AGENT_NOT_FOUND'],
    ['a profile that is not there', 'session_start', { name: 'none', profile: 'none' }, 'PROFILE_UNKNOWN'],
    ['a host that is not there', 'execute', { session: 'work', command: 'x', host: 'none' }, 'HOST_UNKNOWN'],
    ['an argument that is not there', 'close_pane', { session: 'work', what: 1 }, 'INVALID_ARGUMENT'],
    ['text, and another argument', 'execute', { session: 'work', command: 'x', a: 1 }, 'INVALID_ARGUMENT'],
    ['no text', 'execute', { session: 'work' }, 'INVALID_ARGUMENT'],
    ['a key that is none', 'send_keys', { session: 'work', key: 'Entre' }, 'INVALID_ARGUMENT'],
    ['text that cannot be typed', 'write_pane', { session: 'work', text: '\0' }, 'INVALID_ARGUMENT'],
    [
      'a directory that is not there',
      'open_pane',
      { session: 'work', working_dir: '/nope' },
      'DIRECTORY_NOT_FOUND',
    ],
    [
      'a timeout out of range',
      'execute',
      { session: 'work', command: 'x', timeout: 999 },
      'INVALID_ARGUMENT',
    ],
  ])('that names %s is one line of the log', async (_what, tool, args, code) => {
    server.configure({ audit_log: log });
    const before = lines().length;
    expect(await server.client.refusal(tool, args)).toMatch(new RegExp(`^${code}: `));
    expect(lines().slice(before)).toMatchObject([
      {
        tool,
        decision: 'deny',
        code,
        rule: expect.stringMatching(/\w/),
        target: expect.stringContaining((args['session'] ?? args['name']) as string),
        ...(args['command'] !== undefined && { size: Buffer.byteLength(args['command'] as string) }),
      },
    ]);
  });

  test('of a tool that is not offered, is one line of the log', async () => {
    server.configure({ audit_log: log, toolsets: ['sessions'] });
    const before = lines().length;
    await server.client.refusal('execute', { session: 'work', command: 'true' });
    expect(lines().slice(before)).toMatchObject([{ tool: 'execute', decision: 'deny', target: 'work' }]);
    server.configure({ audit_log: log });
  });

  test('the list above has every tool that writes', async () => {
    const { tools } = await server.client.mcp.listTools();
    const writing = tools.filter(({ annotations }) => annotations?.readOnlyHint !== true);
    expect(CALLS.map(([tool]) => tool)).toEqual(expect.arrayContaining(writing.map(({ name }) => name)));
  });

  test('a reading call is none', async () => {
    server.configure({ audit_log: log });
    const before = lines().length;
    for (const tool of ['read_pane', 'pane_info', 'wait_for'])
      await server.client.raw(tool, { session: 'work', ...(tool === 'wait_for' && { timeout: 0.1 }) });
    await server.client.raw('session_status', { name: 'work' });
    expect(lines()).toHaveLength(before);
  });
});

describe('what is typed while the terminal does not echo', () => {
  const SECRET = 'correct-horse-7291';

  /** Everything that was ever written for people or programs to find. */
  function everything(results: readonly unknown[]): string {
    const files = [server.tmux.home, temporary].flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')),
    );
    return [server.client.stderr, JSON.stringify(results), ...server.client.progress, ...files].join('\n');
  }

  test('is nowhere: not in the log, its digest neither, nor in results, state or on stderr', async () => {
    server.configure({ audit_log: log, read_only_sessions: ['frozen'] });
    const results: unknown[] = [];
    const call = async (tool: string, args: Json): Promise<void> => {
      results.push(await server.client.raw(tool, args));
    };
    for (const session of ['work', 'frozen', 'vault']) {
      const ask = `clear; read -r -s -p 'Password: ' p; read -r -s -p 'Again: ' q\n`;
      await server.tmux.type(`=${session}:`, ask);
      await server.tmux.until(`=${session}:`, /^Password: /m);
    }
    // Refused before anybody asked whether the terminal echoes.
    await call('write_pane', { session: 'frozen', text: `${SECRET}\n` });
    await call('send_keys', { session: 'frozen', key: [...SECRET] });
    // Not typed, because a program is waiting; but meant for it.
    await call('execute', { session: 'vault', command: SECRET, timeout: 5 });
    await call('session_send', { name: 'vault', prompt: SECRET, timeout: 5 });
    await call('write_pane', { session: 'work', text: `${SECRET}\n` });
    await server.tmux.until('=work:', /^Password: Again: /m);
    await call('send_keys', { session: 'work', key: [...SECRET, 'Enter'] });
    await server.tmux.until('=work:', /Again: .*[$#] *$/m);
    for (const session of ['work', 'frozen', 'vault']) {
      await call('read_pane', { session });
      await call('session_history', { name: session });
      await call('session_status', { name: session, explain: true });
    }
    await call('wait_for', { session: 'work', timeout: 5 });
    const found = everything(results);
    expect(found).not.toContain(SECRET);
    for (const text of [SECRET, `${SECRET}\n`, [...SECRET].join(' '), [...SECRET, 'Enter'].join(' ')])
      expect(found).not.toContain(createHash('sha256').update(text).digest('hex'));
    expect(
      lines()
        .slice(-6)
        .map(({ hidden, size }) => [hidden, size]),
    ).toEqual(Array.from({ length: 6 }, () => [true, undefined]));
  });
});

describe('what a program reads key by key without showing it', () => {
  const SECRET = '739184';
  const muted = `const { createInterface } = require('readline');
    const output = new (require('stream').Writable)({ write: (_chunk, _encoding, done) => done() });
    process.stdout.write('Password: ');
    createInterface({ input: process.stdin, output, terminal: true }).question('', () => process.exit());`;

  test.each([
    ['read -s -n', 'bash', `read -r -s -n 6 -p 'Six digits: ' p`],
    [
      'a program like sudo',
      'bash',
      `stty -echo -icanon; printf 'Password: '; head -c 6 >/dev/null; stty sane`,
    ],
    ['a muted readline of node', 'bash', `node -e "${muted.replace(/\s+/g, ' ')}"`],
    ['a line of somebody in plain sh', 'sh', `stty -echo; printf 'Password: '; read p; stty echo`],
  ])('%s, is nowhere either', async (_name, shell, command) => {
    const session = `keys-${String(++sessions)}`;
    server.configure({ audit_log: log });
    await server.tmux.newSession(session, { shell: shell === 'sh' ? ['sh'] : PLAIN_BASH });
    await server.client.call('execute', { session, command: 'true' });
    await server.tmux.type(`=${session}:`, `${command}\n`);
    await server.tmux.until(`=${session}:`, /^(?:Six digits|Password): /m);
    const before = lines().length;
    const result = await server.client.raw('write_pane', { session, text: `${SECRET}\n` });
    expect(result.isError).not.toBe(true);
    const added = lines().slice(before);
    expect(added).toMatchObject([{ tool: 'write_pane', decision: 'allow', hidden: true }]);
    expect(added[0]).not.toHaveProperty('size');
    expect(JSON.stringify([result, added])).not.toContain(SECRET);
    expect(JSON.stringify(added)).not.toContain(createHash('sha256').update(`${SECRET}\n`).digest('hex'));
  });

  test('what a line editor shows by itself is not hidden', async () => {
    const session = `keys-${String(++sessions)}`;
    server.configure({ audit_log: log });
    await server.tmux.newSession(session, { shell: PLAIN_BASH });
    await server.client.call('execute', { session, command: 'true' });
    await server.tmux.type(`=${session}:`, `python3 -q\n`);
    await server.tmux.until(`=${session}:`, /^>>> /m);
    const result = await server.client.call('write_pane', { session, text: 'print(6*7)\n' });
    expect(result).toMatchObject({ sent: 'print(6*7)\n' });
    expect(lines().at(-1)).toMatchObject({ tool: 'write_pane', size: 11 });
  });
});

describe('a log', () => {
  test('is set aside at 10 MB, and no line of it is lost', async () => {
    const file = join(server.tmux.home, 'large.jsonl');
    writeFileSync(file, '');
    truncateSync(file, 10 * 1024 * 1024);
    server.configure({ audit_log: file });
    await server.client.call('send_keys', { session: 'work', key: 'C-u' });
    expect(statSync(`${file}.1`).size).toBe(10 * 1024 * 1024);
    expect(lines(file)).toHaveLength(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['a full disk', '/dev/full', /ENOSPC/],
    ['a folder', '/proc', /EISDIR|EACCES|EPERM|ENOENT/],
    ['a place where nothing can be made', '/proc/none/audit.jsonl', /ENOENT|EACCES/],
  ])('on %s refuses writes when one is required, and only then', async (_name, audit_log, reason) => {
    const target = '=work:';
    const text = `# ${Math.random().toString(36)}`;
    server.configure({ audit_log, audit_required: true });
    const refusal = await server.client.refusal('write_pane', { session: 'work', text });
    expect(refusal).toMatch(/^AUDIT_FAILED: /);
    expect(refusal).toMatch(reason);
    for (const [tool, { pane: _, ...args }] of CALLS)
      expect(await server.client.refusal(tool, aimed(tool, args, 'work'))).toMatch(/^AUDIT_FAILED: /);
    expect(await server.tmux.capture(target)).not.toContain(text);
    expect(await server.client.call('read_pane', { session: 'work' })).toBeDefined();
    server.configure({ audit_log, audit_required: false });
    await server.client.call('write_pane', { session: 'work', text });
    await server.tmux.until(target, (screen) => screen.includes(text));
    await server.client.call('send_keys', { session: 'work', key: 'C-u' });
    // Lines for people are written in batches.
    await server.tmux.until(target, () => /\[panewright audit\] not logged: /.test(server.client.stderr));
  });

  test('in a folder that everybody can write is not written, in one that a group can, as /var/log is, it is', async () => {
    const folder = join(server.tmux.home, 'open-logs');
    const audit_log = join(folder, 'audit.jsonl');
    mkdirSync(folder);
    chownSync(
      folder,
      process.getuid?.() ?? 0,
      process.getgroups?.().find((gid) => gid !== process.getgid?.()) ?? 100,
    );
    server.configure({ audit_log, audit_required: true });
    for (const [mode, isWritten] of [
      [0o777, false],
      [0o775, true],
    ] as const) {
      chmodSync(folder, mode);
      const { isError } = await server.client.raw('send_keys', { session: 'work', key: 'C-u' });
      expect([mode, isError === true, existsSync(audit_log)]).toEqual([mode, !isWritten, isWritten]);
    }
  });

  test('that is required and not configured refuses writes', async () => {
    server.configure({ audit_required: true });
    expect(await server.client.refusal('send_keys', { session: 'work', key: 'C-u' })).toMatch(
      /^AUDIT_FAILED: /,
    );
  });
});
