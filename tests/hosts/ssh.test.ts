import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Sshd } from '../support/sshd.js';
import { TestServer } from '../support/server.js';
import { PrivateTmux } from '../support/tmux.js';

let sshd: Sshd;
let server: TestServer;
let far: PrivateTmux;
beforeAll(async () => {
  sshd = await Sshd.start();
  far = new PrivateTmux();
  await far.newSession('work');
  server = await TestServer.start({
    config: { hosts: { build: { ...sshd.entry, tmux: { socket_path: far.socket } } } },
  });
});
afterAll(async () => {
  await server.close();
  await far.dispose();
  await sshd.close();
});

test('a command runs on a host that is reached by ssh', async () => {
  const args = { host: 'build', session: 'work', command: 'echo hi; false' };
  expect(await server.client.call('execute', args)).toMatchObject({
    host: 'build',
    target: 'work:0.0',
    state: 'completed',
    exit_code: 1,
    output_lines: ['hi'],
    detection: 'integration',
  });
});

test('a caller can name a host of the configuration and no other', async () => {
  for (const host of ['far', 'root@127.0.0.1', '-oProxyCommand=touch /tmp/x', '__proto__', ''])
    expect(await server.client.refusal('read_pane', { host, session: 'work' })).toMatch(
      /^HOST_UNKNOWN: .*Hosts: local, build\./,
    );
});
