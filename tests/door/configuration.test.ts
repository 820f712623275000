import { expect, test } from '@jest/globals';
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { TestClient } from '../support/client.js';
import { TestServer } from '../support/server.js';
import { cleanEnvironment, PrivateTmux } from '../support/tmux.js';

const OPEN = { write_enabled: true, allowed_sessions: [] as string[], audit_required: false };

/** Every place in which some program or other looks for a configuration. */
const PLACES = [
  ...[
    'config.json',
    'config.yaml',
    'panewright.json',
    'panewright.yaml',
    '.panewright.json',
    '.panewrightrc',
  ],
  ...['.panewright/config.json', 'panewright/config.json', '.config/panewright/config.json', '.mcp.json'],
  ...[
    'panewright.config.js',
    'panewright.config.cjs',
    '.config/mcp-tmux/config.json',
    'mcp-tmux/config.json',
  ],
];

test('a repository in which the server is started grants nothing', async () => {
  const tmux = new PrivateTmux();
  const repository = join(tmux.directory, 'cloned');
  try {
    await tmux.newSession('work');
    for (const place of PLACES) {
      const file = join(repository, place);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(
        file,
        place.endsWith('js') ? `module.exports=${JSON.stringify(OPEN)}` : JSON.stringify(OPEN),
      );
    }
    writeFileSync(join(repository, 'package.json'), JSON.stringify({ panewright: OPEN, type: 'commonjs' }));
    writeFileSync(join(repository, '.env'), 'PANEWRIGHT_WRITE_ENABLED=1\n');
    const client = await TestClient.start({
      args: ['--tmux-socket-path', tmux.socket],
      env: cleanEnvironment(tmux.home),
      cwd: repository,
    });
    try {
      expect(await client.call('version')).toMatchObject({ write_enabled: false, config_path: null });
      expect(await client.refusal('write_pane', { session: 'work', text: 'x' })).toMatch(/^WRITE_DISABLED: /);
    } finally {
      await client.close();
    }
  } finally {
    await tmux.dispose();
  }
});

test('what a pane sets, in its shell or in tmux, grants nothing to the server', async () => {
  const server = await TestServer.start({ config: { write_enabled: false, allowed_sessions: ['work'] } });
  try {
    const { tmux, client } = server;
    await tmux.newSession('work', { env: { PANEWRIGHT_WRITE_ENABLED: '1' } });
    await tmux.newSession('vault');
    for (const scope of [['-g'], ['-t', '=work']])
      for (const [name, value] of [
        ['PANEWRIGHT_WRITE_ENABLED', '1'],
        ['PANEWRIGHT_ALLOWED_SESSIONS', ''],
        ['PANEWRIGHT_CONFIG', '/nowhere'],
      ] as const)
        await tmux.run('set-environment', ...scope, name, value);
    await tmux.type('=work:', 'export PANEWRIGHT_WRITE_ENABLED=1; clear; echo exported\n');
    await tmux.until('=work:', /^exported$/m);
    // Options under our own names are claims of whoever set them, not rights.
    await tmux.run('set-option', '-p', '-t', '=vault:', '@panewright_owner', 'me');
    await tmux.run('set-option', '-p', '-t', '=vault:', '@panewright_shell', 'forged');
    expect(await client.call('version')).toMatchObject({ write_enabled: false, allowed_sessions: ['work'] });
    expect(await client.refusal('execute', { session: 'work', command: 'true' })).toMatch(
      /^WRITE_DISABLED: /,
    );
    expect(await client.refusal('read_pane', { session: 'vault' })).toMatch(/^SESSION_NOT_ALLOWED: /);
  } finally {
    await server.close();
  }
});

test('a file that is still being written, at whatever length, never grants what it did not grant before', async () => {
  const server = await TestServer.start({ config: { write_enabled: false, allowed_sessions: ['work'] } });
  try {
    const { client, tmux, configFile } = server;
    await tmux.newSession('work');
    await tmux.newSession('vault');
    const socket = { tmux: { socket_path: tmux.socket } };
    const whole = JSON.stringify({
      write_enabled: true,
      read_only_sessions: ['work'],
      allowed_sessions: ['work'],
      ...socket,
    });
    for (let length = 0; length < whole.length; length += 3) {
      writeFileSync(configFile, whole.slice(0, length));
      expect(await client.refusal('execute', { session: 'work', command: 'true' })).toMatch(
        /^(CONFIG_INVALID|WRITE_DISABLED): /,
      );
      expect(await client.refusal('read_pane', { session: 'vault' })).toMatch(
        /^(SESSION_NOT_ALLOWED|CONFIG_INVALID): /,
      );
    }
    writeFileSync(configFile, whole);
    expect(await client.refusal('execute', { session: 'work', command: 'true' })).toMatch(
      /^WRITE_DISABLED: .*read-only/,
    );
  } finally {
    await server.close();
  }
});

test('a YAML file that is written in two steps, with a pause between them, is not taken for whole in between', async () => {
  const tmux = new PrivateTmux();
  const file = join(tmux.directory, 'config.yaml');
  const socket = `tmux:\n  socket_path: ${tmux.socket}\n`;
  const [front, rest] = [`${socket}write_enabled: true\n`, 'allowed_sessions: [work]\n'];
  const start = () =>
    TestClient.start({ args: ['--config', file], env: cleanEnvironment(tmux.home), cwd: tmux.home });
  /** What is refused must be: the pause is what the writer makes, and nothing announces its end. */
  const inSteps = async (client: TestClient): Promise<void> => {
    writeFileSync(file, front);
    const asked = client.refusal('write_pane', { session: 'vault', text: 'HALF' });
    await later(250);
    appendFileSync(file, '# a part of it\n');
    await later(250);
    appendFileSync(file, rest);
    expect(await asked).toMatch(/^SESSION_NOT_ALLOWED: /);
    await client.call('write_pane', { session: 'work', text: 'whole' });
  };
  try {
    await tmux.newSession('work');
    await tmux.newSession('vault');
    writeFileSync(file, `${socket}write_enabled: false\nallowed_sessions: [work]\n`);
    for (const before of ['a server that has read it before', 'one that has not']) {
      const client = await start();
      try {
        if (before.endsWith('before'))
          expect(await client.refusal('read_pane', { session: 'vault' })).toMatch(/^SESSION_NOT_ALLOWED: /);
        await inSteps(client);
      } finally {
        await client.close();
      }
    }
    expect(await tmux.capture('=vault:')).not.toContain('HALF');
  } finally {
    await tmux.dispose();
  }
});

test('a machine policy holds against file, variable and flag, and closes the door when it breaks', async () => {
  const tmux = new PrivateTmux();
  const policy = join(tmux.directory, 'policy.json');
  const state = (content: object | string): void =>
    writeFileSync(policy, typeof content === 'string' ? content : JSON.stringify(content));
  state({ write_enabled: false, allowed_sessions: ['work'] });
  const server = await TestServer.start({
    tmux,
    env: {
      PANEWRIGHT_POLICY: policy,
      PANEWRIGHT_WRITE_ENABLED: '1',
      PANEWRIGHT_ALLOWED_SESSIONS: 'work,vault',
    },
    args: ['--write-enabled', '--allowed-sessions', 'work,vault'],
  });
  try {
    const { client } = server;
    await tmux.newSession('work');
    await tmux.newSession('vault');
    expect(await client.refusal('send_keys', { session: 'work', key: 'x' })).toMatch(
      /^WRITE_DISABLED: .*policy/,
    );
    expect(await client.refusal('read_pane', { session: 'vault' })).toMatch(/^SESSION_NOT_ALLOWED: .*policy/);
    state({ allowed_sessions: ['work'] });
    await client.call('send_keys', { session: 'work', key: 'x' });
    expect(await client.call('version')).toMatchObject({
      allowed_sessions: ['work', 'vault'],
      narrowed_to: [['work']],
    });
    state('{');
    expect(await client.refusal('send_keys', { session: 'work', key: 'x' })).toMatch(/^CONFIG_INVALID: /);
    state({ allowed_sessions: ['work'] });
    chmodSync(policy, 0o666);
    expect(await client.refusal('send_keys', { session: 'work', key: 'x' })).toMatch(
      /^CONFIG_INVALID: .*writ/,
    );
  } finally {
    await server.close();
    await tmux.dispose();
  }
});

test('a folder on the way whose rights are mended is trusted at the next call', async () => {
  const server = await TestServer.start({ config: { write_enabled: true } });
  try {
    const { client, tmux, configFile } = server;
    await tmux.newSession('work');
    const press = { session: 'work', key: 'x' };
    await client.call('send_keys', press);
    for (let round = 0; round < 2; round++) {
      chmodSync(dirname(configFile), 0o777);
      appendFileSync(configFile, '\n');
      expect(await client.refusal('send_keys', press)).toMatch(/^CONFIG_INVALID: .*chmod o-w/);
      chmodSync(dirname(configFile), 0o700);
      await client.call('send_keys', press);
    }
  } finally {
    await server.close();
  }
});

test('a machine policy that names a socket is not walked around by a host that is this machine', async () => {
  const [agents, theirs] = [new PrivateTmux(), new PrivateTmux()];
  const policy = join(agents.directory, 'policy.json');
  const me = { command: ['env'], tmux: { socket_path: theirs.socket } };
  const pinned = { tmux: { socket_path: agents.socket } };
  const server = await TestServer.start({
    tmux: agents,
    config: { tmux: { socket_path: theirs.socket }, hosts: { me } },
    env: { PANEWRIGHT_POLICY: policy },
  });
  try {
    const { client } = server;
    await agents.newSession('agent-1');
    await theirs.newSession('private');
    for (const content of [pinned, { ...pinned, hosts: {} }]) {
      writeFileSync(policy, JSON.stringify(content));
      for (const [tool, args] of [
        ['read_pane', {}],
        ['write_pane', { text: 'AROUND' }],
      ] as const) {
        expect(await client.refusal(tool, { session: 'private', ...args })).toMatch(/^SESSION_NOT_FOUND: /);
        expect(await client.refusal(tool, { session: 'private', host: 'me', ...args })).toMatch(
          /^HOST_UNKNOWN: the policy .*policy\.json leaves out the host "me"/,
        );
      }
      expect(JSON.stringify((await client.call('health'))['problems'])).toContain('leaves out the hosts me');
    }
    expect(await theirs.capture('=private:')).not.toContain('AROUND');
    writeFileSync(policy, JSON.stringify({ ...pinned, hosts: { me } }));
    await client.call('read_pane', { session: 'private', host: 'me' });
  } finally {
    await server.close();
    await agents.dispose();
    await theirs.dispose();
  }
});
