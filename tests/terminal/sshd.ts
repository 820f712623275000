/** A throw-away sshd on loopback: own host key, own user key, own configuration; gone with `close`. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freshDirectory } from '../support/run-dir.js';

export class Sshd {
  private constructor(
    readonly child: ChildProcess,
    /** Command that opens a terminal session; a command of the other side may follow it. */
    readonly command: string,
  ) {}

  static async start(): Promise<Sshd> {
    const directory = freshDirectory();
    const file = (name: string): string => join(directory, name);
    for (const key of ['host', 'user'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(key)]);
    execFileSync('cp', [file('user.pub'), file('authorized')]);
    // Without this directory, which the system's own service makes, sshd refuses to start as root.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const port = await freePort();
    writeFileSync(
      file('config'),
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${file('host')}`,
        `AuthorizedKeysFile ${file('authorized')}`,
        `PidFile ${file('pid')}`,
        'StrictModes no',
        'UsePAM no',
        'PrintMotd no',
        'PrintLastLog no',
        'PasswordAuthentication no',
        'PermitRootLogin prohibit-password',
      ].join('\n') + '\n',
    );
    const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    for await (const line of createInterface({ input: child.stderr })) {
      said += `${line}\n`;
      if (line.includes('Server listening')) break;
    }
    if (child.exitCode !== null) throw new Error(`sshd did not start:\n${said}`);
    child.stderr.resume();
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR']
      .map((option) => `-o ${option}`)
      .join(' ');
    const command = `ssh -t -F /dev/null ${options} -i ${file('user')} -p ${port} ${userInfo().username}@127.0.0.1`;
    return new Sshd(child, command);
  }

  async close(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill();
    await gone;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
