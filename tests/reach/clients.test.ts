import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeClaude } from '../claude/bed.js';
import { install } from '../claude/install.mjs';
import { tools } from '../../src/tools/registry.js';
import { CLI } from '../support/client.js';
import { freshDirectory } from '../support/run-dir.js';
import { PrivateTmux } from '../support/tmux.js';
import { INITIALIZE } from './http-server.js';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const json = (file: string): unknown => JSON.parse(read(file));

test('every manifest names the version of the package', () => {
  const { version, mcpName } = json('package.json') as { version: string; mcpName: string };
  expect(json('server.json')).toMatchObject({ name: mcpName, version, packages: [{ version }] });
  expect(json('plugin/.claude-plugin/plugin.json')).toMatchObject({ version });
  expect(json('plugin/.mcp.json')).toMatchObject({
    mcpServers: { panewright: { args: ['-y', `panewright@${version}`] } },
  });
  expect(json('.claude-plugin/marketplace.json')).toMatchObject({
    metadata: { version },
    plugins: [{ version }],
  });
  expect(json('mcpb/manifest.json')).toMatchObject({ version });
});

test('the manifests describe the package in its own words', () => {
  const { description } = json('package.json') as { description: string };
  expect(description.length).toBeLessThanOrEqual(100); // the registry takes no more
  for (const file of ['server.json', 'plugin/.claude-plugin/plugin.json', 'mcpb/manifest.json'])
    expect(json(file)).toMatchObject({ description });
});

test.each(['README.md', 'docs/clients.md'])(
  'every JSON block of %s is JSON, and starts the package',
  (file) => {
    const blocks = [...read(file).matchAll(/```json\n([^]*?)```/g)].map(([, text]) => text ?? '');
    expect(blocks.length).toBeGreaterThan(2);
    for (const text of blocks) {
      const block = JSON.parse(text) as Record<string, unknown>;
      const servers = block['mcpServers'] ?? block['servers'] ?? block['context_servers'] ?? block['mcp'];
      if (servers === undefined) continue;
      const entry = (
        servers as Record<string, { command?: string | string[]; args?: string[]; url?: string }>
      )['panewright'];
      if (entry?.url === undefined)
        expect([entry?.command, entry?.args ?? []].flat(2)).toEqual(['npx', '-y', 'panewright']);
    }
  },
);

describe('the Inspector on the command line', () => {
  const tmux = new PrivateTmux();
  beforeAll(() => tmux.newSession('work'));
  afterAll(() => tmux.dispose());

  /** It needs a newer Node than our own floor; npm brings that, too. */
  const inspect = (...args: string[]) => {
    const config = join(tmux.directory, 'config.json');
    writeFileSync(config, JSON.stringify({ write_enabled: true, tmux: { socket_path: tmux.socket } }));
    const packages = ['-y', '-p', 'node@22', '-p', '@modelcontextprotocol/inspector@2.12.0'];
    const server = ['node', CLI, '-e', `PANEWRIGHT_CONFIG=${config}`];
    const argv = [...packages, 'mcp-inspector', '--cli', ...server, ...args];
    const { stdout, stderr } = spawnSync('npx', argv, {
      cwd: tmux.home,
      encoding: 'utf8',
      timeout: 170_000,
    });
    return JSON.parse(stdout || JSON.stringify({ stderr })) as Record<string, unknown>;
  };

  test('lists the tools and calls one', () => {
    const listed = inspect('--method', 'tools/list')['tools'] as { name: string }[];
    expect(listed.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
    const call = ['--method', 'tools/call', '--tool-name', 'execute'];
    const given = ['--tool-arg', 'session=work', '--tool-arg', 'command=echo inspected'];
    expect(inspect(...call, ...given)).toMatchObject({
      structuredContent: { output_lines: ['inspected'], exit_code: 0 },
    });
  }, 180_000);
});

test('the bundle for desktop clients is valid, packs, and holds the program and nothing that is not needed', () => {
  const folder = freshDirectory();
  const bundle = join(folder, 'panewright.mcpb');
  const packed = spawnSync(process.execPath, ['mcpb/pack.mjs', bundle], { cwd: root, encoding: 'utf8' });
  expect(packed).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('validation passes') as unknown,
  });
  const unpack = ['-y', '@anthropic-ai/mcpb@2.1', 'unpack', bundle, join(folder, 'unpacked')];
  expect(spawnSync('npx', unpack, { cwd: folder, encoding: 'utf8' })).toMatchObject({ status: 0 });
  const entries = readdirSync(join(folder, 'unpacked'), { recursive: true }) as string[];
  expect(entries.sort()).toEqual([
    'LICENSE',
    'dist',
    'dist/THIRD-PARTY-LICENSES.txt',
    'dist/cli.js',
    'manifest.json',
    'package.json',
  ]);
  const { server } = JSON.parse(readFileSync(join(folder, 'unpacked/manifest.json'), 'utf8')) as {
    server: {
      entry_point: string;
      mcp_config: { command: string; args: string[]; env: Record<string, string> };
    };
  };
  const args = server.mcp_config.args.map((arg) => arg.replace('${__dirname}', join(folder, 'unpacked')));
  // What the client puts for the options that its user left alone.
  const env = { PANEWRIGHT_WRITE_ENABLED: 'false', PANEWRIGHT_ALLOWED_SESSIONS: '' };
  expect(Object.keys(server.mcp_config.env)).toEqual(Object.keys(env));
  const { stdout } = spawnSync(server.mcp_config.command, args, {
    input: `${INITIALIZE}\n`,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
  });
  expect(stdout).toContain('"serverInfo":{"name":"panewright"');
}, 120_000);

test('a release puts its version into every manifest and the changelog, and is checked for it', () => {
  const copy = join(freshDirectory(), 'clone');
  const files = ['package.json', 'package-lock.json', 'server.json', 'CHANGELOG.md', 'mcpb/manifest.json'];
  const more = ['plugin', '.claude-plugin', 'scripts'];
  for (const file of [...files, ...more]) cpSync(join(root, file), join(copy, file), { recursive: true });
  const release = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/release.mjs', ...args], { cwd: copy, encoding: 'utf8' });
  expect(release('check', 'v9.8.7')).toMatchObject({ status: 1 });
  expect(release('prepare', '9.8.7')).toMatchObject({ status: 0 });
  expect(release('check', 'v9.8.7')).toMatchObject({ status: 0, stderr: '' });
  expect(release('notes', 'v9.8.7').stdout.trim()).toBe(
    (read('CHANGELOG.md').split(/^## /m)[1] ?? '').replace('Unreleased\n', '').trim(),
  );
});

describeClaude('the real Claude Code, without a network', () => {
  /** Runs a script in a namespace that has only loopback, with a home of its own. */
  const offline = (script: string): string => {
    const home = freshDirectory();
    mkdirSync(join(home, 'work'));
    const flags = spawnSync('unshare', ['-n', 'true']).status === 0 ? '-n' : '-rn';
    // The package is not taken from anywhere: `npx -y panewright`, in any version, is the build.
    const bin = join(home, 'bin');
    mkdirSync(bin);
    const npx =
      '#!/bin/sh\ncase "$1 $2" in "-y panewright"*) shift 2; exec "$NODE" "$CLI" "$@";; *) exit 9;; esac\n';
    writeFileSync(join(bin, 'npx'), npx, { mode: 0o755 });
    symlinkSync(install(), join(bin, 'claude'));
    const env = {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: home,
      CLI,
      CLAUDE: install(),
      NODE: process.execPath,
      ROOT: root,
      CONFIG: join(home, 'config.json'),
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    };
    writeFileSync(env.CONFIG, JSON.stringify({ auth_token: 'token-of-this-test', http: { port: 8722 } }));
    const { stdout, stderr } = spawnSync('unshare', [flags, 'sh', '-c', `ip link set lo up\n${script}`], {
      cwd: join(home, 'work'),
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return stdout + stderr;
  };

  test('adds the server and finds it connected', () => {
    const line = /^claude mcp add panewright .*$/m.exec(read('README.md'))?.[0] ?? 'exit 1';
    const said = offline(`${line}\nclaude mcp list`);
    expect(said).toMatch(/^panewright: npx -y panewright .* Connected$/m);
  });

  test('connects over HTTP with the token, and not without', () => {
    const said = offline(`
      mkfifo ready
      "$NODE" "$CLI" serve --http --config "$CONFIG" 2>ready & server=$!
      head -n 1 ready
      "$CLAUDE" mcp add --transport http with http://127.0.0.1:8722/mcp --header "Authorization: Bearer token-of-this-test"
      "$CLAUDE" mcp add --transport http without http://127.0.0.1:8722/mcp --header "Authorization: Bearer another"
      "$CLAUDE" mcp list
      kill $server`);
    expect(said).toMatch(/^with: .* Connected$/m);
    expect(said).toMatch(/^without: (?!.* Connected$)/m);
  });

  test('installs the plugin from the marketplace, with its server, as the page tells', () => {
    const [add = '', more = ''] = [...read('docs/clients.md').matchAll(/^claude plugin .*$/gm)].map(
      ([line]) => line,
    );
    // A checkout stands in for the repository on GitHub.
    const said = offline(
      `${add.replace('panewright/panewright', '"$ROOT"')}\n${more}\nclaude plugin list\nclaude mcp list`,
    );
    expect(said).toMatch(/panewright@panewright\n +Version: .*\n[^]*enabled/);
    expect(said).toMatch(/^plugin:panewright:panewright: npx -y panewright@\S+ .* Connected$/m);
  });

  test('takes the plugin and the marketplace as valid', () => {
    const said = offline('"$CLAUDE" plugin validate "$ROOT/plugin"; "$CLAUDE" plugin validate "$ROOT"');
    expect(said.match(/✔ Validation passed/g)).toHaveLength(2);
  });
});
