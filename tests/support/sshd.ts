/**
 * A throw-away sshd on loopback: own host key, own user key, own configuration; gone with `close`. Each has a port
 * of its own, so several of them are several hosts.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freshDirectory } from './run-dir.js';

export interface SshdOptions {
  /** More lines of its configuration. */
  readonly config?: readonly string[];
}

export class Sshd {
  #child: ChildProcess | undefined;

  private constructor(
    readonly directory: string,
    readonly port: number,
  ) {}

  static async start(options: SshdOptions = {}): Promise<Sshd> {
    const self = new Sshd(freshDirectory(), await freePort());
    for (const key of ['host', 'user']) self.makeKey(key);
    execFileSync('cp', [self.file('user.pub'), self.file('authorized')]);
    writeFileSync(self.file('config'), self.#config(options.config ?? []));
    self.trust(self.file('host.pub'));
    writeFileSync(self.file('client'), self.#client('user', 'known'));
    await self.listen();
    return self;
  }

  /** Command that opens a terminal session; a command of the other side may follow it. */
  get command(): string {
    return `ssh -t -F ${this.file('client')} far`;
  }

  /** What a host's entry in the configuration says to lead here. */
  get entry(): { ssh: { destination: string; args: string[] } } {
    return this.entryWith(this.file('client'));
  }

  entryWith(client: string): { ssh: { destination: string; args: string[] } } {
    return { ssh: { destination: 'far', args: ['-F', client] } };
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  makeKey(name: string): void {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.file(name)]);
  }

  /** Makes the key of this file the one that clients know for this host. */
  trust(publicKey: string): void {
    const [kind, key] = readFileSync(publicKey, 'utf8').split(' ');
    writeFileSync(this.file('known'), `[127.0.0.1]:${this.port} ${kind ?? ''} ${key ?? ''}\n`);
  }

  /** A client's configuration with another key or another list of known hosts; returns its path. */
  clientFile(name: string, key: string, known: string): string {
    writeFileSync(this.file(name), this.#client(key, known));
    return this.file(name);
  }

  /** Starts the server, again after `kill`. */
  async listen(): Promise<void> {
    // Without this directory, which the system's own service makes, sshd refuses to start as root.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
    const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', this.file('config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    for await (const line of createInterface({ input: child.stderr })) {
      said += `${line}\n`;
      if (line.includes('Server listening')) break;
    }
    if (child.exitCode !== null) throw new Error(`sshd did not start:\n${said}`);
    child.stderr.resume();
    this.#child = child;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Process ids of the server and of everything that serves a connection, but not of what runs for its users. */
  pids(): number[] {
    const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/));
    const found = this.pid === 0 ? [] : [this.pid];
    for (const up of found)
      for (const [pid, parent, name] of rows)
        if (Number(parent) === up && name?.startsWith('sshd')) found.push(Number(pid));
    return found;
  }

  /** Sends a signal to the server and to its connections. */
  signal(name: NodeJS.Signals): void {
    for (const pid of this.pids().reverse()) {
      try {
        process.kill(pid, name);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  /** Ends the server and all its connections at once, as a crash of the machine would. */
  async kill(): Promise<void> {
    const gone = this.#child && once(this.#child, 'exit');
    this.signal('SIGKILL');
    await gone;
    this.#child = undefined;
  }

  async close(): Promise<void> {
    if (!this.#child) return;
    this.signal('SIGCONT');
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
    this.#child = undefined;
  }

  #config(more: readonly string[]): string {
    return [
      ...more,
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${this.file('host')}`,
      `AuthorizedKeysFile ${this.file('authorized')}`,
      `PidFile ${this.file('pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PrintMotd no',
      'PrintLastLog no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      '',
    ].join('\n');
  }

  #client(key: string, known: string): string {
    return [
      'Host far',
      'HostName 127.0.0.1',
      `Port ${this.port}`,
      `User ${userInfo().username}`,
      `IdentityFile ${this.file(key)}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${this.file(known)}`,
      'GlobalKnownHostsFile /dev/null',
      'StrictHostKeyChecking yes',
      'LogLevel ERROR',
      '',
    ].join('\n');
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
