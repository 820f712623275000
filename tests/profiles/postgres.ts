/**
 * A private PostgreSQL server for one suite: a fresh cluster in a directory of its own, reachable through a
 * socket in it alone. It refuses to run as root, so as root it runs as nobody; it ends when this process does.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export class Postgres {
  private constructor(
    readonly directory: string,
    readonly server: ChildProcess,
  ) {}

  /** Where the server's programs are; undefined where they are not installed. */
  static binaries(): string | undefined {
    const debian = '/usr/lib/postgresql';
    const versions = existsSync(debian) ? readdirSync(debian).map((name) => join(debian, name, 'bin')) : [];
    const path = (process.env['PATH'] ?? '').split(':');
    return [...versions.reverse(), ...path].find((folder) => existsSync(join(folder, 'initdb')));
  }

  static async start(binaries: string): Promise<Postgres> {
    // Not in the directory of the test run: that one is closed to other users, and the server is one.
    const directory = mkdtempSync(join(tmpdir(), 'pw-pg-'));
    const data = join(directory, 'data');
    const becoming = asWhom(directory);
    const env = { ...process.env, HOME: directory, LC_ALL: 'C.UTF-8' };
    const argv = (name: string, ...args: readonly string[]): [string, string[]] => {
      const [program = name, ...rest] = [...becoming, join(binaries, name), '-D', data, ...args];
      return [program, rest];
    };
    execFileSync(...argv('initdb', '-A', 'trust', '-U', 'tester', '-E', 'UTF8', '--no-sync'), {
      env,
      stdio: 'pipe',
    });
    const server = spawn(...argv('postgres', '-k', directory, '-F', '-c', 'listen_addresses='), {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const started = new Promise<void>((resolve, reject) => {
      const log: string[] = [];
      createInterface({ input: server.stderr }).on('line', (line) => {
        log.push(line);
        if (line.includes('ready to accept connections')) resolve();
      });
      server.on('exit', () => reject(new Error(`PostgreSQL did not start:\n${log.join('\n')}`)));
    });
    await started;
    return new Postgres(directory, server);
  }

  /** What a client needs in its environment. */
  get env(): Readonly<Record<string, string>> {
    return { PGHOST: this.directory, PGUSER: 'tester', PGDATABASE: 'postgres' };
  }

  async stop(): Promise<void> {
    const ended = once(this.server, 'exit');
    this.server.kill('SIGINT');
    await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The words before a command that make it run as somebody who is not root, and end with this process. */
function asWhom(directory: string): string[] {
  if (process.platform !== 'linux') return [];
  const mortal = ['setpriv', '--pdeathsig', 'INT'];
  if (process.getuid?.() !== 0) return [...mortal, '--'];
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  const [user, group] = [id('-u'), id('-g')];
  chownSync(directory, user, group);
  return [...mortal, `--reuid=${user}`, `--regid=${group}`, '--clear-groups', '--'];
}
