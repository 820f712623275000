import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandOf } from '../src/cli/arguments.js';
import { LEAVES } from '../src/config/leaves.js';
import { INSTRUCTIONS } from '../src/server/instructions.js';
import { CLI } from './support/client.js';
import { TestServer } from './support/server.js';

const run = (...args: string[]) =>
  spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', input: '', timeout: 20_000 });

describe('the command line', () => {
  test('--version prints the version of the package and nothing else', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    for (const flag of ['--version', '-v'])
      expect(run(flag)).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('--help names every option with its environment variable', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    for (const leaf of LEAVES.filter(({ flag }) => flag !== null)) {
      expect(stdout).toContain(`${leaf.flag ?? ''}`);
      expect(stdout).toContain(leaf.env);
    }
  });

  test.each([
    [['--write-enable'], /unknown option '--write-enable' \(Did you mean --write-enabled\?\)/],
    [['--no-buffer-size'], /unknown option '--no-buffer-size'/],
    [['-x'], /unknown option '-x'/],
    [['serve'], /serve needs --http; .* the server is `panewright` alone/],
    [['--config'], /'--config <path>' argument missing/],
    [['--config', '--write-enabled'], /'--config <path>' argument .* is invalid. It needs a value/],
    [['--allowed-sessions'], /'--allowed-sessions <a,b>' argument missing/],
    [['--allowed-sessions', '--buffer-size', '7'], /'--allowed-sessions <a,b>' argument .* needs a value/],
    [['--constructor'], /unknown option '--constructor'/],
    [['--', '--write-enabled'], /unknown command '--write-enabled'/],
  ])('%j is an error with status 2 and says what is wrong', (args, reason) => {
    const { status, stdout, stderr } = run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(reason);
  });

  test('without arguments it is the server, and ends with its input', () => {
    expect(run()).toMatchObject({ status: 0, stdout: '' });
  });

  test('flags become values of the configuration, in every way that flags are written', () => {
    const args =
      '--write-enabled --no-audit-required --allowed-sessions a,b --allowed-sessions=c --buffer-size=7';
    expect(commandOf([...args.split(' '), '--config', '/c.json'])).toEqual({
      kind: 'serve',
      config: '/c.json',
      flags: {
        write_enabled: ['true'],
        audit_required: ['false'],
        allowed_sessions: ['a,b', 'c'],
        buffer_size: ['7'],
      },
    });
    expect(commandOf(['--write-enabled=false'])).toMatchObject({ flags: { write_enabled: ['false'] } });
    expect(commandOf(['--write-enabled', 'false', 'doctor'])).toMatchObject({
      name: 'doctor',
      flags: { write_enabled: ['false'] },
    });
    expect(commandOf(['--no-write-enabled', '--write-enabled', '--http-port', '-1'])).toMatchObject({
      flags: { write_enabled: ['false', 'true'], 'http.port': ['-1'] },
    });
  });

  test('a flag that needs no value never takes the word behind it, and counts on either side of a command', () => {
    const expected = { name: 'doctor', config: '/c.json', flags: { write_enabled: ['true'] } };
    expect(commandOf(['--write-enabled', 'doctor', '--config', '/c.json'])).toMatchObject(expected);
    expect(commandOf(['--config', '/c.json', 'doctor', '--write-enabled'])).toMatchObject(expected);
  });
});

test('the instructions name every tool and stay under 1,500 characters', async () => {
  expect(INSTRUCTIONS.length).toBeLessThan(1500);
  const server = await TestServer.start();
  try {
    expect(server.client.mcp.getInstructions()).toBe(INSTRUCTIONS);
    const { tools } = await server.client.mcp.listTools();
    expect(tools.map(({ name }) => name).filter((name) => !INSTRUCTIONS.includes(name))).toEqual([]);
  } finally {
    await server.close();
  }
});

describe('a running server follows its configuration from call to call', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start({ config: { write_enabled: false } });
    await server.tmux.newSession('work');
    await server.tmux.newSession('secret');
  });
  afterAll(() => server.close());

  const refused = (session = 'work'): Promise<string> =>
    server.client.refusal('execute', { session, command: 'true' });
  const ran = async (): Promise<unknown> =>
    (await server.client.call('execute', { session: 'work', command: 'echo hi' }))['output_lines'];

  test('writing is off, then on, then off, without a restart', async () => {
    const text = await refused();
    expect(text).toMatch(/^WRITE_DISABLED: /);
    expect(text).toContain(server.configFile);
    server.configure({ write_enabled: true });
    expect(await ran()).toEqual(['hi']);
    server.configure({ write_enabled: false });
    expect(await refused()).toMatch(/^WRITE_DISABLED: /);
  });

  test('a file that breaks closes the door, reading goes on by the old list, and mending it opens again', async () => {
    server.configure({ allowed_sessions: ['work'] });
    expect(await ran()).toEqual(['hi']);
    writeFileSync(server.configFile, '{"write_enabled": true, "allowed_ses');
    expect(await refused()).toMatch(/^CONFIG_INVALID: .*is not valid JSON/);
    await expect(server.client.call('read_pane', { session: 'work' })).resolves.toBeDefined();
    expect(await server.client.refusal('read_pane', { session: 'secret' })).toMatch(/^SESSION_NOT_ALLOWED: /);
    server.configure({ allowed_sessions: ['work'] });
    expect(await ran()).toEqual(['hi']);
    chmodSync(server.configFile, 0o666);
    expect(await refused()).toMatch(/^CONFIG_INVALID: .*can be written by everybody/);
    server.configure({});
    expect(await ran()).toEqual(['hi']);
  });

  test('a session outside the list is refused in the same words whether it exists or not, and is not listed', async () => {
    server.configure({ allowed_sessions: ['work'] });
    const [real, imagined] = await Promise.all([refused('secret'), refused('imagined')]);
    expect(real.replaceAll('secret', 'X')).toBe(imagined.replaceAll('imagined', 'X'));
    const listed = JSON.stringify(await server.client.call('list_sessions', { detail: true }));
    expect(listed).toContain('work');
    expect(listed).not.toContain('secret');
  });

  test('every attempt is in the audit log, allowed or not, and no command is', async () => {
    const log = join(server.tmux.directory, 'audit.log');
    server.configure({ audit_log: log, allowed_sessions: ['work'] });
    await ran();
    await refused('secret');
    const text = readFileSync(log, 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { client: 'panewright-tests', tool: 'execute', decision: 'allow', size: 7 },
      { tool: 'execute', target: 'secret', decision: 'deny', code: 'SESSION_NOT_ALLOWED' },
    ]);
    expect(text).not.toContain('echo hi');
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });

  test('with audit_required a log that cannot be written refuses the write, and nothing is typed', async () => {
    const marker = join(server.tmux.directory, 'typed');
    const touch = { session: 'work', command: `touch ${marker}` };
    server.configure({ audit_log: '/dev/full', audit_required: true });
    expect(await server.client.refusal('execute', touch)).toMatch(/^AUDIT_FAILED: .*ENOSPC/);
    server.configure({});
    await ran();
    expect(statSync(marker, { throwIfNoEntry: false })).toBeUndefined();
    server.configure({ audit_log: '/dev/full' });
    await server.client.call('execute', touch);
    expect(statSync(marker).isFile()).toBe(true);
  });
});
