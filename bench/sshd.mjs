/** A throw-away sshd on loopback with keys of its own, and what a host's entry says to lead there. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export async function startSshd(folder) {
  mkdirSync(folder);
  const file = (name) => join(folder, name);
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(key)]);
  copyFileSync(file('user.pub'), file('authorized'));
  // Without this directory, which the system's own service makes, sshd refuses to start as root.
  if (process.getuid() === 0) mkdirSync('/run/sshd', { recursive: true });
  const port = await freePort();
  const server = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${file('host')}`,
    `AuthorizedKeysFile ${file('authorized')}`,
    `PidFile ${file('pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    // Many hosts are one server here: it must take all their log-ins at once.
    'MaxStartups 200',
  ];
  writeFileSync(file('config'), `${server.join('\n')}\n`);
  const [kind, key] = readFileSync(file('host.pub'), 'utf8').split(' ');
  writeFileSync(file('known'), `[127.0.0.1]:${port} ${kind} ${key}\n`);
  const client = [
    'Host far*',
    'HostName 127.0.0.1',
    `Port ${port}`,
    `User ${userInfo().username}`,
    `IdentityFile ${file('user')}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${file('known')}`,
    'GlobalKnownHostsFile /dev/null',
  ];
  writeFileSync(file('client'), `${client.join('\n')}\n`);
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const line of createInterface({ input: child.stderr })) if (line.includes('listening')) break;
  child.stderr.resume();
  return {
    pid: child.pid,
    entry: (name = 'far') => ({ ssh: { destination: name, args: ['-F', file('client')] } }),
    async stop() {
      const gone = once(child, 'exit');
      child.kill();
      await gone;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
