import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Sshd } from '../support/sshd.js';
import { TestServer } from '../support/server.js';
import { freshDirectory } from '../support/run-dir.js';

let sshd: Sshd;
let server: TestServer;
beforeAll(async () => {
  sshd = await Sshd.start();
  server = await TestServer.start();
});
afterAll(async () => {
  await server.close();
  await sshd.close();
});

/** What a call says when the only host is this one. */
async function refusalOf(host: Record<string, unknown>): Promise<string> {
  server.configure({ hosts: { build: host } });
  return server.client.refusal('read_pane', { host: 'build', session: 'work' });
}

function executable(name: string, script: string): string {
  const file = join(freshDirectory(), name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe('a host that cannot be used says why and what to do', () => {
  test('its host key is another than the known one', async () => {
    sshd.makeKey('other');
    const client = sshd.clientFile('client-key', 'user', 'known-wrong');
    const [kind, key] = [
      'ssh-ed25519',
      'AAAAC3NzaC1lZDI1NTE5AAAAIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII',
    ];
    writeFileSync(sshd.file('known-wrong'), `[127.0.0.1]:${sshd.port} ${kind} ${key}\n`);
    expect(await refusalOf(sshd.entryWith(client))).toMatch(
      /^HOST_UNREACHABLE: host build \(ssh far\) .*Host key verification failed.*never accepts a key/,
    );
  });

  test('its host key is not known at all', async () => {
    const client = sshd.clientFile('client-unknown', 'user', 'known-nothing');
    expect(await refusalOf(sshd.entryWith(client))).toMatch(
      /^HOST_UNREACHABLE: .*Host key verification failed/,
    );
  });

  test('our key is not one that it takes', async () => {
    const client = sshd.clientFile('client-denied', 'other', 'known');
    expect(await refusalOf(sshd.entryWith(client))).toMatch(
      /^HOST_UNREACHABLE: .*Permission denied.*BatchMode/,
    );
  });

  test('nothing listens there', async () => {
    const args = ['-o', 'StrictHostKeyChecking=no', '-p', '1'];
    expect(await refusalOf({ ssh: { destination: 'nobody@127.0.0.1', args } })).toMatch(
      /^HOST_UNREACHABLE: .*Connection refused.*is sshd running/,
    );
  });

  test('the program that leads there does not exist', async () => {
    expect(await refusalOf({ command: ['/nowhere/docker', 'exec'] })).toMatch(
      /^HOST_UNREACHABLE: .*ENOENT.*Install the program/,
    );
  });

  test('tmux is not on its PATH', async () => {
    const bin = join(freshDirectory(), 'bin');
    mkdirSync(bin);
    for (const name of ['sh', 'date', 'sleep', 'kill']) symlinkSync(`/bin/${name}`, join(bin, name));
    const bare = await Sshd.start({ config: [`SetEnv PATH=${bin}`] });
    try {
      expect(await refusalOf(bare.entry)).toMatch(
        /^TMUX_NOT_FOUND: .*host build.*Install tmux.*tmux\.program/,
      );
    } finally {
      await bare.close();
    }
  });

  test('its tmux is too old', async () => {
    // A stand-in for a tmux that no distribution carries any more: all that is asked of it is its version.
    const program = executable('tmux', 'echo tmux 3.1c');
    expect(await refusalOf({ ...sshd.entry, tmux: { program } })).toMatch(
      /^TMUX_TOO_OLD: tmux on host build is 3\.1c, 3\.2 or later/,
    );
  });

  test('a startup file that prints does no harm', async () => {
    const noisy = executable('noisy', 'echo "Welcome!"; exec "$@"');
    server.configure({ hosts: { build: { command: [noisy] } } });
    expect(await server.client.call('version', { host: 'build' })).toMatchObject({ tmux_available: true });
  });
});

describe('the configuration', () => {
  test.each([
    ['a destination that ssh would take for an option', { ssh: '-oProxyCommand=touch canary' }],
    ['both ways at once', { ssh: 'a', command: ['b'] }],
    ['no way at all', { write_enabled: true }],
    ['an unknown key', { ssh: 'a', port: 22 }],
  ])('refuses %s', async (_what, host) => {
    server.configure({ hosts: { build: host } });
    expect(await server.client.refusal('execute', { session: 'x', command: 'y' })).toMatch(
      /^CONFIG_INVALID: .*hosts/,
    );
  });

  test('no host is called local: that is this machine', async () => {
    server.configure({ hosts: { local: { ssh: 'a' } } });
    expect(await server.client.refusal('execute', { session: 'x', command: 'y' })).toMatch(
      /^CONFIG_INVALID: /,
    );
    server.configure({ hosts: {} });
    await server.tmux.newSession('here');
    expect(
      await server.client.call('execute', { host: 'local', session: 'here', command: 'echo me' }),
    ).toMatchObject({ output_lines: ['me'] });
  });
});

describe('the words that lead to a container', () => {
  // Stand-ins for docker and kubectl: only the words that they are given are judged here. What comes behind them
  // is this machine.
  test.each([
    ['docker', ['exec', '-i', 'box'], 'test "$1 $2 $3" = "exec -i box" || exit 64; shift 3; exec "$@"'],
    [
      'kubectl',
      ['exec', '-i', 'pod', '--'],
      'test "$1 $2 $3 $4" = "exec -i pod --" || exit 64; shift 4; exec "$@"',
    ],
  ])('%s gets them as they are, with no shell in between', async (name, args, script) => {
    const program = executable(name, script);
    await server.tmux.newSession(`in-${name}`);
    const tmux = { socket_path: server.tmux.socket };
    server.configure({ hosts: { box: { command: [program, ...args], tmux } } });
    const command = `printf '%s\\n' "it's" '$HOME' 'a;b' "x  y"`;
    expect(
      await server.client.call('execute', { host: 'box', session: `in-${name}`, command }),
    ).toMatchObject({ host: 'box', exit_code: 0, output_lines: ["it's", '$HOME', 'a;b', 'x  y'] });
  });
});
