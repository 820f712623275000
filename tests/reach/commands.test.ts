import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { COMMANDS, COMMAND_NAMES } from '../../src/cli/commands.js';
import { TESTED_AGENT, versionOf } from '../../src/cli/doctor/programs.js';
import { ConfigSource } from '../../src/config/source.js';
import { CLI, type Json } from '../support/client.js';
import { cleanEnvironment, PLAIN_BASH, PrivateTmux } from '../support/tmux.js';

const tmux = new PrivateTmux();
const config = join(tmux.directory, 'config.json');
const configure = (more: Json = {}): void =>
  writeFileSync(config, JSON.stringify({ write_enabled: true, tmux: { socket_path: tmux.socket }, ...more }));

beforeAll(async () => {
  await tmux.newSession('work');
  await tmux.newSession('secret');
  configure();
});
afterAll(() => tmux.dispose());

const start = (args: readonly string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    input: '',
    timeout: 30_000,
    env: { ...cleanEnvironment(tmux.home), ...env },
  });
/** With the configuration of this suite. */
const run = (...args: string[]) => start([...args, '--config', config]);

describe('the command line', () => {
  test('--help names every command and what its exit status means', () => {
    const { stdout } = run('--help');
    for (const name of COMMAND_NAMES) expect(stdout).toContain(`  ${name} `);
    expect(stdout).toMatch(/Exit status:\n +0 .*\n +1 .*\n +2 /);
  });

  test.each(COMMAND_NAMES)('%s --help tells what it takes, and does nothing', (name) => {
    for (const args of [
      [...name.split(' '), '--help'],
      [...name.split(' '), '-h'],
    ]) {
      const { status, stdout, stderr } = start(args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`Usage: panewright ${name} `);
      for (const option of COMMANDS[name].options) expect(stdout).toContain(`--${option}`);
    }
  });

  test.each([
    [['docter'], 'Did you mean doctor?'],
    [['confg', 'show'], 'Did you mean config?'],
    [['config', 'shw'], 'Did you mean show?'],
    [['config'], 'a command is missing: panewright config show'],
    [['doctor', '--jsn'], 'Did you mean --json?'],
    [['doctor', '--write-enable'], 'Did you mean --write-enabled?'],
    [['doctor', 'me'], "too many arguments for 'doctor'"],
    [['tools', '--http'], "unknown option '--http'"],
    [['call'], "missing required argument 'tool'"],
    [['serve', '--http', 'a:b:c'], 'is no address'],
    [['frobnicate'], "unknown command 'frobnicate'. Try `panewright --help`."],
  ])('%j is an error with status 2 that helps', (args, help) => {
    const { status, stdout, stderr } = start(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(help);
  });
});

describe('call', () => {
  test('shows the result for people, and as JSON with --json', () => {
    const args = JSON.stringify({ session: 'work', command: 'printf "one\\ntwo\\n"' });
    const text = run('call', 'execute', args);
    expect(text).toMatchObject({ status: 0, stderr: '' });
    expect(text.stdout).toMatch(/^state: completed$/m);
    expect(text.stdout).toMatch(/^output_lines:\n {2}one\n {2}two$/m);
    expect(JSON.parse(run('call', 'execute', args, '--json').stdout)).toMatchObject({
      output_lines: ['one', 'two'],
      exit_code: 0,
    });
  });

  test('an error of the tool is status 1, with its text', () => {
    const { status, stderr } = run('call', 'read_pane', '{"session": "wrok"}');
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^SESSION_NOT_FOUND: /) });
    expect(JSON.parse(run('call', 'no_such_tool', '--json').stdout)).toEqual({
      error: expect.stringContaining('INVALID_ARGUMENT') as unknown,
    });
  });

  test.each(['{', '[]', '"work"', 'session=work'])('%s is no set of arguments: status 2', (json) => {
    expect(run('call', 'read_pane', json)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('JSON object') as unknown,
    });
  });

  test('escape sequences of a pane do not reach the terminal of whoever looks', async () => {
    await tmux.type('work', "clear; printf '\\033[31mred\\033[m\\n'; tmux wait-for -S red\n");
    await tmux.channel('red');
    const { stdout } = run('call', 'read_pane', '{"session": "work", "ansi": true}');
    expect(stdout).toMatch(/·\[31mred/);
    expect(stdout).not.toContain('\x1b');
  });

  test('at a terminal it shows colours, and that something goes on while it waits', async () => {
    const pane = await tmux.run(
      'new-window',
      '-d',
      '-P',
      '-F',
      '#{pane_id}',
      '-t',
      '=work:',
      '--',
      ...PLAIN_BASH,
    );
    const seen: string[] = [];
    await tmux.type(
      pane,
      `${process.execPath} ${CLI} call wait_for '{"session": "work", "pattern": "never", "timeout": 2}' --config ${config}; echo over\n`,
    );
    await tmux.until(pane, (screen) => {
      seen.push(screen);
      return /^over$/m.test(screen);
    });
    expect(seen.some((screen) => /^[|/\\-] \S+/m.test(screen))).toBe(true);
    const shown = await tmux.run('capture-pane', '-e', '-p', '-t', pane);
    expect(shown).toMatch(/\x1b\[2mmatched:\x1b\[0?m(\x1b\[[\d;]*m)* false/);
    expect(shown).not.toMatch(/^[|/\\-] wait/m); // the spinner is gone again
  });

  test('flags count as they do for the server', () => {
    const { stderr, status } = run(
      'call',
      'write_pane',
      '{"session":"work","text":"x"}',
      '--no-write-enabled',
    );
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^WRITE_DISABLED: /) });
  });
});

test('tools lists every tool with its access, and as JSON what a client sees', () => {
  const { stdout } = run('tools');
  expect(stdout).toMatch(/^execute \(write\)/m);
  expect(stdout).toMatch(/^close_pane \(destroy\)/m);
  const tools = JSON.parse(run('tools', '--json', '--toolsets', 'terminal').stdout) as { name: string }[];
  expect(tools.map(({ name }) => name)).toContain('execute');
  expect(tools.map(({ name }) => name)).not.toContain('session_send');
});

describe('config show', () => {
  test('shows each value with its origin, and never the token', () => {
    configure({ auth_token: 'not-to-be-shown' });
    const args = ['config', 'show', '--config', config, '--buffer-size', '7'];
    const { stdout, status } = start(args, { PANEWRIGHT_MAX_TIMEOUT: '9' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^write_enabled +true +file$/m);
    expect(stdout).toMatch(/^buffer_size +7 +flag$/m);
    expect(stdout).toMatch(/^max_timeout +9 +env$/m);
    expect(stdout).toMatch(/^toolsets .* default$/m);
    expect(stdout + start([...args, '--json']).stdout).not.toContain('not-to-be-shown');
    configure();
  });

  test('shows the hosts, which no flag or variable can name', () => {
    expect(run('config', 'show').stdout).toMatch(/^hosts +\{\} +default$/m);
    configure({ hosts: { build: { ssh: 'user@build' } } });
    expect(run('config', 'show').stdout).toMatch(/^hosts +\{"build":\{.*"user@build".*\}\} +file$/m);
    expect(JSON.parse(run('config', 'show', '--json').stdout)).toMatchObject({
      values: { hosts: { value: { build: { ssh: { destination: 'user@build' } } }, origin: 'file' } },
    });
    configure();
  });

  test('a file that cannot be used is status 1, with the reason', () => {
    const broken = join(tmux.directory, 'broken.json');
    writeFileSync(broken, '{"write_enable": true}');
    const { stdout, status } = start(['config', 'show', '--config', broken]);
    expect(status).toBe(1);
    expect(stdout).toContain('unknown key "write_enable"');
  });
});

describe('doctor', () => {
  interface Finding {
    readonly verdict: string;
    readonly about: string;
    readonly text: string;
    readonly fix?: string;
  }
  const findings = (args: string[] = ['--config', config], env: Record<string, string> = {}) => {
    const { stdout, status } = start(['doctor', '--json', ...args], env);
    return { status, found: JSON.parse(stdout) as Finding[] };
  };
  const about = (found: readonly Finding[], what: string) =>
    found.filter((finding) => finding.about === what);

  test('a healthy machine is status 0: tmux, the sessions, the socket, the shells, the rights', () => {
    configure({ allowed_sessions: ['work'], read_only_sessions: ['lo*'] });
    const { status, found } = findings();
    expect(status).toBe(0);
    expect(found.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    expect(about(found, 'tmux').map(({ text }) => text)).toEqual([
      expect.stringMatching(/^3\.\w+, \//),
      'sessions: work',
    ]);
    expect(about(found, 'socket')[0]?.text).toContain(tmux.socket);
    expect(about(found, 'shells')[0]?.text).toContain('bash');
    const rights = about(found, 'rights').map(({ text }) => text);
    expect(rights.join('\n')).toMatch(
      /refused: every session but work, by allowed_sessions \(file\)\nrefused: typing into lo\*, by read_only_sessions \(file\)/,
    );
    for (const { fix } of about(found, 'rights').filter(({ verdict }) => verdict === 'note'))
      expect(fix).toContain(config);
    expect(about(found, 'config').map(({ text }) => text)).toContain('allowed_sessions = ["work"] (file)');
    configure();
  });

  test('every finding that is not good comes with its fix, and the status is 1 when one is wrong', () => {
    const { status, found } = findings(['--config', config, '--auth-token', 'short'], {
      PATH: '/nonexistent',
      PANEWRIGHT_WRITE_ENABLE: '1',
    });
    expect(status).toBe(1);
    const wrong = found.filter(({ verdict }) => verdict === 'wrong');
    expect(wrong.map((finding) => finding.about).sort()).toEqual(['config', 'http', 'shells', 'tmux']);
    expect(found.filter(({ verdict, fix }) => verdict !== 'good' && !fix)).toEqual([]);
    // What to do is said once, and shells go by the names of their files.
    expect(about(found, 'tmux')[0]).toMatchObject({
      text: 'the program tmux is not on PATH.',
      fix: 'Install tmux 3.2 or later.',
    });
    expect(about(found, 'shells')[0]?.text).toMatch(/^none of bash, [^-*]* is on PATH$/);
  });

  test('what is refused is traced to where it comes from, and the fix says where to change it', () => {
    const args = ['--config', config, '--read-only-sessions', 'logs'];
    const { found } = findings(args, { PANEWRIGHT_ALLOWED_SESSIONS: 'nobody' });
    const rights = about(found, 'rights');
    expect(rights.find(({ text }) => text.includes('nobody'))).toMatchObject({
      text: expect.stringContaining('(env)') as unknown,
      fix: expect.stringContaining('PANEWRIGHT_ALLOWED_SESSIONS') as unknown,
    });
    expect(rights.find(({ text }) => text.includes('logs'))?.fix).toContain('--read-only-sessions');
    expect(about(found, 'tmux')[1]).toMatchObject({ verdict: 'note', text: 'no session that may be used' });
  });

  test('a configuration that cannot be used, and a socket that everybody may use, are found', () => {
    const broken = join(tmux.directory, 'broken.json');
    writeFileSync(broken, '{');
    const unusable = findings(['--config', broken]).found;
    expect(about(unusable, 'config')[0]).toMatchObject({ verdict: 'wrong' });
    expect(unusable.filter(({ verdict }) => verdict === 'wrong')).toHaveLength(1);
    expect(about(unusable, 'rights')).toEqual([]);
    const own = new PrivateTmux();
    chmodSync(own.directory, 0o755);
    const socket = spawnSync('python3', [
      '-c',
      'import socket,sys,os; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777)',
      join(own.directory, 'open'),
    ]);
    expect(socket.status).toBe(0);
    const { found } = findings(['--tmux-socket-path', join(own.directory, 'open')]);
    expect(about(found, 'socket')[0]).toMatchObject({
      verdict: 'wrong',
      fix: expect.stringContaining('chmod o-rw') as unknown,
    });
    return own.dispose();
  });

  test('the version of the agent is read from its files; nothing of it is run', () => {
    const bin = join(tmux.directory, 'bin');
    const pack = join(tmux.directory, 'pack/bin');
    mkdirSync(bin, { recursive: true });
    mkdirSync(pack, { recursive: true });
    writeFileSync(join(pack, 'agent.exe'), `#!/bin/sh\ntouch ${join(tmux.directory, 'was-run')}\n`, {
      mode: 0o755,
    });
    symlinkSync(join(pack, 'agent.exe'), join(bin, 'claude'));
    const judged = (version: string) => {
      writeFileSync(join(pack, '../package.json'), JSON.stringify({ version }));
      return about(
        findings(['--config', config], { PATH: `${bin}:${process.env['PATH'] ?? ''}` }).found,
        'claude',
      )[0];
    };
    expect(judged(TESTED_AGENT)).toMatchObject({ verdict: 'good' });
    expect(judged('2.1.400')?.text).toContain('2.1.400, newer than the tested');
    expect(judged('2.0.9')?.text).toContain('older');
    expect(() => readFileSync(join(tmux.directory, 'was-run'))).toThrow(/ENOENT/);
    cpSync(join(pack, 'agent.exe'), join(tmux.directory, '2.1.77'));
    expect(versionOf(join(tmux.directory, '2.1.77'))).toBe('2.1.77');
  });

  test('the tested version is the one that the tests pin', () => {
    const pinned = JSON.parse(readFileSync('tests/claude/package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.values(pinned.dependencies)).toEqual([TESTED_AGENT]);
  });
});

describe('init', () => {
  const written = (home: string) => join(home, '.config/panewright/config.yaml');
  const fresh = (name: string): Record<string, string> => {
    const home = join(tmux.directory, name);
    mkdirSync(home);
    return { HOME: home, XDG_CONFIG_HOME: join(home, '.config') };
  };

  test('writes a file that changes nothing and explains every option', async () => {
    const env = fresh('h1');
    expect(start(['init'], env)).toMatchObject({ status: 0 });
    const text = readFileSync(written(env['HOME'] ?? ''), 'utf8');
    expect(text).toContain('# write_enabled: false');
    const loaded = await new ConfigSource({ env, machinePolicy: '/nonexistent' }).current();
    expect(loaded).toMatchObject({ path: written(env['HOME'] ?? '') });
    expect(loaded.invalid).toBeUndefined();
    expect(new Set(Object.values(loaded.origins))).toEqual(new Set(['default']));
    // The built program reads it, too: how a package is bundled decides whether its YAML parser is found.
    expect(start(['config', 'show'], env)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(written(env['HOME'] ?? '')) as unknown,
    });
  });

  test('sets what was asked for on the command line, in YAML and in JSON', async () => {
    for (const [name, ...more] of [['h2'], ['h3', '--json']] as const) {
      const env = fresh(name);
      const asked = [
        '--write-enabled',
        '--allowed-sessions',
        'work,build-*',
        '--http-port',
        '99',
        '--auth-token',
        'it',
      ];
      expect(start(['init', ...asked, ...more], env)).toMatchObject({ status: 0 });
      const loaded = await new ConfigSource({ env, machinePolicy: '/nonexistent' }).current();
      expect(loaded.invalid).toBeUndefined();
      expect(start(['config', 'show'], env).stdout).toMatch(/^write_enabled +true +file$/m);
      expect(loaded.config).toMatchObject({
        write_enabled: true,
        allowed_sessions: ['work', 'build-*'],
        http: { host: '127.0.0.1', port: 99 },
      });
    }
  });

  test('doctor tells when another file comes before the one that it wrote', () => {
    const env = fresh('h7');
    start(['init'], env);
    const says = () => start(['doctor'], env).stdout;
    expect(says()).not.toContain('is not read');
    writeFileSync(join(env['HOME'] ?? '', '.config/panewright/config.json'), '{}');
    expect(says()).toContain('config.yaml beside it is not read');
  });

  test('does not replace a file when nobody can be asked, and does with --yes, keeping the old one', () => {
    const env = fresh('h4');
    start(['init', '--buffer-size', '5'], env);
    const file = written(env['HOME'] ?? '');
    const before = readFileSync(file, 'utf8');
    expect(start(['init'], env)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--yes') as unknown,
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(start(['init', '--yes'], env)).toMatchObject({ status: 0 });
    expect(readFileSync(`${file}.old`, 'utf8')).toBe(before);
  });

  test('asks at a terminal, and takes no for an answer', async () => {
    const env = fresh('h5');
    start(['init', '--buffer-size', '5'], env);
    const before = readFileSync(written(env['HOME'] ?? ''), 'utf8');
    const pane = await tmux.newSession('asked', { shell: PLAIN_BASH, env, width: 200 });
    await tmux.type(pane, `${process.execPath} ${CLI} init; echo "status $?"\n`);
    await tmux.until(pane, /Replace it\? \[y\/N\]/);
    await tmux.type(pane, 'n\n');
    await tmux.until(pane, /Nothing was changed\.\s+status 1/);
    expect(readFileSync(written(env['HOME'] ?? ''), 'utf8')).toBe(before);
    await tmux.type(pane, `${process.execPath} ${CLI} init; echo "status $?"\n`);
    await tmux.until(pane, /Replace it\? \[y\/N\] $/m);
    await tmux.type(pane, 'y\n');
    await tmux.until(pane, /Wrote .*\n.*\n.*\n*.*status 0/);
  });

  test('a value that is not allowed is status 2 and writes nothing', () => {
    const env = fresh('h6');
    expect(start(['init', '--buffer-size', 'many'], env)).toMatchObject({ status: 2 });
    expect(() => readFileSync(written(env['HOME'] ?? ''))).toThrow(/ENOENT/);
  });
});

describe('profile test', () => {
  test('a good file is status 0 and says what it knows', () => {
    const file = resolve('profiles/gdb.json');
    expect(run('profile', 'test', file)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^good +gdb: recognised as gdb/) as unknown,
    });
  });

  test('a wrong one is status 1 and says what is wrong with it', () => {
    const file = join(tmux.directory, 'typo.json');
    writeFileSync(file, JSON.stringify({ name: 'x', commands: ['x'], repl: { promt: '^> $' } }));
    const { status, stdout } = run('profile', 'test', file, join(tmux.directory, 'missing.json'));
    expect(status).toBe(1);
    expect(stdout).toContain('"repl.promt"');
    expect(stdout).toMatch(/missing\.json: does not exist/);
  });
});
