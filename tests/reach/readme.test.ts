/** The examples of the docs, typed as they are written. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ConfigSource } from '../../src/config/source.js';
import { tools } from '../../src/tools/registry.js';
import { CLI } from '../support/client.js';
import { cleanEnvironment, PrivateTmux } from '../support/tmux.js';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Blocks of a language in a page. */
const blocks = (file: string, language: string): string[] =>
  [...read(file).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  );
/** Commands in the shell blocks of a page, one a line, without what explains them. */
const commands = (file: string): string[] =>
  blocks(file, 'sh').flatMap((block) =>
    block
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +# .*$/, '').trim()),
  );

/** A home in which `panewright` and `npx -y panewright` are the build: the package is not taken from anywhere. */
const tmux = new PrivateTmux();
const bin = join(tmux.directory, 'bin');
const env: Record<string, string> = {
  ...cleanEnvironment(tmux.home),
  PATH: `${bin}:${process.env['PATH'] ?? ''}`,
  PANEWRIGHT_TMUX_SOCKET_PATH: tmux.socket,
};
const sh = (line: string, cwd = tmux.home) =>
  spawnSync('sh', ['-c', line], { cwd, env, encoding: 'utf8', timeout: 100_000 });

beforeAll(async () => {
  mkdirSync(bin);
  const start = `exec '${process.execPath}' '${CLI}' "$@"`;
  writeFileSync(join(bin, 'panewright'), `#!/bin/sh\n${start}\n`, { mode: 0o755 });
  const npx = `#!/bin/sh\ntest "$1 $2" = "-y panewright" || exit 9\nshift 2\n${start}\n`;
  writeFileSync(join(bin, 'npx'), npx, { mode: 0o755 });
  // Of all that is on PATH only this is not what the page means: tmux, on the private socket.
  const own = `#!/bin/sh\nPATH='${process.env['PATH'] ?? ''}' exec tmux ${tmux.clientArgs.join(' ')} "$@"\n`;
  writeFileSync(join(bin, 'tmux'), own, { mode: 0o755 });
  await tmux.newSession('other');
});
afterAll(() => tmux.dispose());

describe('README.md', () => {
  /** Commands of programs that are not here, and what stands in for them. */
  const ELSEWHERE = [
    /^npm test$/, // runs this
    /^npm install --global panewright$/, // tests/reach/package.test.ts, from the tarball
    /^claude mcp add panewright -- npx -y panewright$/, // tests/reach/clients.test.ts, by the real Claude Code
    /^(codex mcp add panewright --|gemini mcp add --scope user panewright) npx -y panewright$/, // tried by hand
    /^code --add-mcp '/,
  ];

  const known = commands('README.md').filter((line) => !ELSEWHERE.some((other) => other.test(line)));

  test('has the commands that this page promises to run', () => {
    expect(known).toEqual([
      'npm run demo',
      'panewright doctor',
      'panewright init',
      'panewright config show',
      'panewright tools',
      'tmux new-session -d -s work',
      `panewright call execute '{"session": "work", "command": "uname -a"}' --write-enabled`,
    ]);
  });

  test.each(known)('%s', (line) => {
    const { status, stdout, stderr } = sh(line, line.startsWith('npm') ? root : tmux.home);
    expect({ line, status, stderr: status === 0 ? '' : stderr + stdout }).toEqual({
      line,
      status: 0,
      stderr: '',
    });
    if (line === 'npm run demo') expect(stdout).toMatch(/calls, each as promised; median/);
    if (line.includes('uname')) expect(stdout).toMatch(/^exit_code: 0$/m);
  });

  test('the JSON for VS Code is what its command takes', () => {
    const line = commands('README.md').find((one) => one.startsWith('code ')) ?? '';
    expect(JSON.parse(/'(.*)'/.exec(line)?.[1] ?? '')).toEqual({
      name: 'panewright',
      command: 'npx',
      args: ['-y', 'panewright'],
    });
  });

  test('the configuration that it shows allows what it says, and its init writes the same', async () => {
    const text = blocks('README.md', 'json').find((block) => block.includes('write_enabled')) ?? '';
    const file = join(tmux.home, '.config/panewright/config.json');
    writeFileSync(file, text);
    const shown = (await new ConfigSource({ env, machinePolicy: '/nonexistent' }).current()).config;
    expect(shown).toMatchObject({ write_enabled: true, allowed_sessions: ['work', 'build-*'] });

    const home = join(tmux.directory, 'another');
    mkdirSync(home);
    const init = /`(npx -y panewright init [^`]*)`/.exec(read('README.md'))?.[1] ?? '';
    const other = { ...env, HOME: home, XDG_CONFIG_HOME: join(home, '.config') };
    expect(spawnSync('sh', ['-c', init], { env: other, encoding: 'utf8' })).toMatchObject({ status: 0 });
    expect((await new ConfigSource({ env: other, machinePolicy: '/nonexistent' }).current()).config).toEqual(
      shown,
    );
  });

  test('the recording at its top can be made again, from a real run', () => {
    const picture = join(tmux.directory, 'session.svg');
    const made = spawnSync(process.execPath, ['scripts/record.mjs', picture], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(made).toMatchObject({ status: 0 });
    const texts = (file: string) =>
      [...readFileSync(file, 'utf8').matchAll(/<tspan[^>]*>([^<]*)<\/tspan>/g)].map(([, text = '']) => text);
    // Times differ from run to run; what was called and what came back must be what the README shows.
    // A screen may be taken a moment earlier or later, too, so it is what was shown at all that is compared.
    const facts = (file: string) =>
      [...new Set(texts(file).filter((text) => !/^ +[\d.]+ ms$/.test(text)))].sort();
    expect(facts(picture)).toEqual(facts(join(root, 'docs/session.svg')));
    expect(read('README.md')).toContain('](docs/session.svg)');
  });
});

test('docs/clients.md: a token, a server over HTTP, and a client that presents it', async () => {
  const [mkdir = '', openssl = '', serve = ''] = blocks('docs/clients.md', 'sh')
    .find((block) => block.includes('serve --http'))
    ?.trim()
    .split('\n') as string[];
  expect(sh(mkdir)).toMatchObject({ status: 0 });
  expect(sh(openssl)).toMatchObject({ status: 0 });
  const file = join(tmux.home, '.config/panewright/token');
  expect(statSync(file).mode & 0o077).toBe(0);
  const server = spawn('sh', ['-c', `exec ${serve}`], {
    env: { ...env, PANEWRIGHT_HTTP_PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'exit');
  const [line] = (await once(server.stderr, 'data')) as [Buffer];
  const url = new URL(/listening on (\S+)/.exec(String(line))?.[1] ?? '');
  const client = new Client({ name: 'docs', version: '1' });
  const headers = { Authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  expect((await client.listTools()).tools).toHaveLength(tools.length);
  await client.close();
  server.kill();
  expect(await ended).toEqual([0, null]);
});

test.each(['docs/orchestrating.md'])('%s: every call is one that its tool takes', (page) => {
  const calls = blocks(page, 'json').map((text) => JSON.parse(text) as { tool: string; arguments: object });
  expect(calls.length).toBeGreaterThan(5);
  for (const { tool: name, arguments: args } of calls) {
    const tool = tools.find((one) => one.name === name);
    expect(tool?.input.safeParse(args)).toMatchObject({ success: true });
  }
});

test('docs/security.md: the policy that it shows narrows what a user allows, and the limits are those of the code', async () => {
  const policy = join(tmux.directory, 'policy.json');
  writeFileSync(policy, blocks('docs/security.md', 'json')[0] ?? '');
  const mine = join(tmux.directory, 'mine.json');
  writeFileSync(mine, JSON.stringify({ write_enabled: true, allowed_sessions: ['work', 'agent-1'] }));
  const source = new ConfigSource({ configFlag: mine, env: { HOME: tmux.home }, machinePolicy: policy });
  const loaded = await source.current();
  expect(loaded.invalid).toBeUndefined();
  expect(loaded.config).toMatchObject({
    write_enabled: true,
    toolsets: ['terminal'],
    max_timeout: 120,
    audit_required: true,
    audit_log: join(tmux.home, '.local/state/panewright/audit.log'),
  });
  expect(loaded.policy).toMatchObject([{ allowed_sessions: ['agent-*'] }]);
  const code =
    read('src/server/http/serve.ts') + read('src/server/http/sessions.ts') + read('src/server/http/body.ts');
  for (const limit of ['MAX_CALLS = 256', 'MAX_SESSIONS = 128', 'HEADERS_MS = 5000', 'REQUEST_MS = 30_000'])
    expect(code).toContain(limit);
  expect(code).toContain('MAX_BODY = 4 * 1024 * 1024');
});

test.each([
  ['docs/config.schema.json', 'config.example.json'],
  ['docs/profile.schema.json', 'profiles/python.json'],
  ['docs/profile.schema.json', 'profiles/sqlite3.json'],
])(
  '%s takes %s as an editor would judge it, with the name of the schema in it, and no key that does not exist',
  (schema, file) => {
    const judge = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
      JSON.parse(read(schema)) as object,
    );
    const example = { $schema: './schema.json', ...(JSON.parse(read(file)) as object) };
    expect(judge(example) ? [] : judge.errors).toEqual([]);
    expect(judge({ ...example, promt: true })).toBe(false);
  },
);

test('the example configurations say the defaults, in JSON and with comments in YAML', async () => {
  const named = join(tmux.directory, 'named.json');
  writeFileSync(named, '{"$schema": "./config.schema.json", "buffer_size": 7}');
  const source = new ConfigSource({ configFlag: named, env: {}, machinePolicy: '/nonexistent' });
  expect((await source.current()).config.buffer_size).toBe(7);
  const load = (file: string) =>
    new ConfigSource({ configFlag: join(root, file), env: {}, machinePolicy: '/nonexistent' }).current();
  const [json, yaml] = await Promise.all(['config.example.json', 'config.example.yaml'].map(load));
  expect(json?.invalid ?? yaml?.invalid).toBeUndefined();
  expect(yaml?.config).toEqual(json?.config);
  expect(Object.values(yaml?.origins ?? {})).toEqual(Object.values(json?.origins ?? {}));
  expect(new Set(Object.values(yaml?.origins ?? {}))).toEqual(new Set(['file']));
});
