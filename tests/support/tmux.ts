/**
 * A real tmux server of its own for a suite: own directory, own socket, no user configuration, a clean
 * environment. Waiting is done on events: `tmux wait-for` channels that a command in a pane signals, and the
 * output notifications of a control client.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { processGone } from './processes.js';
import { freshDirectory } from './run-dir.js';

const execFileAsync = promisify(execFile);

export interface SessionOptions {
  /** Program and arguments of the first pane, run without a shell in between. Default: bash, no startup files. */
  readonly shell?: readonly string[];
  readonly width?: number;
  readonly height?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface CaptureOptions {
  /** Lines of scrollback to include; default: the visible screen alone. */
  readonly scrollback?: number;
  /** Join wrapped lines. */
  readonly join?: boolean;
}

/** bash without startup files: its prompt is `bash-5.2$ ` or `bash-5.2# `. */
export const PLAIN_BASH: readonly string[] = ['bash', '--norc', '--noprofile'];

const DEADLINE_MS = 20_000;

export class PrivateTmux {
  readonly directory = freshDirectory();
  readonly socket = join(this.directory, 's');
  /** HOME of everything that runs in the panes. */
  readonly home = join(this.directory, 'home');
  readonly binary: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #watchers = new Set<() => void>();

  /** The server starts with the first session; before that there is none, which is a situation to test too. */
  constructor(options: { readonly binary?: string; readonly env?: Readonly<Record<string, string>> } = {}) {
    this.binary = options.binary ?? 'tmux';
    mkdirSync(this.home);
    this.#env = { ...cleanEnvironment(this.home), ...options.env };
  }

  /** Arguments that lead any tmux client to this server. */
  get clientArgs(): readonly string[] {
    return ['-u', '-S', this.socket, '-f', '/dev/null'];
  }

  /** Runs one tmux command to its end; returns what it printed, without the last newline. */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout } = await execFileAsync(this.binary, [...this.clientArgs, ...args], {
      env: this.#env,
      timeout: DEADLINE_MS,
      maxBuffer: 256 * 1024 * 1024,
    });
    return stdout.replace(/\n$/, '');
  }

  /** Makes a detached session, 80x24 unless told; returns the id of its pane, such as `%0`. */
  async newSession(name: string, options: SessionOptions = {}): Promise<string> {
    const { shell = PLAIN_BASH, width = 80, height = 24, env = {}, cwd = this.home } = options;
    const variables = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
    const size = ['-x', String(width), '-y', String(height)];
    const place = ['-d', '-s', name, ...size, '-c', cwd, ...variables, '-P', '-F', '#{pane_id}'];
    return this.run('new-session', ...place, '--', ...shell);
  }

  /** What the pane shows, as lines; trailing blank lines dropped. */
  async lines(target: string, options: CaptureOptions = {}): Promise<string[]> {
    const text = await this.capture(target, options);
    const lines = text.split('\n');
    while (lines.length > 0 && lines.at(-1) === '') lines.pop();
    return lines;
  }

  async capture(target: string, options: CaptureOptions = {}): Promise<string> {
    const scrollback = options.scrollback === undefined ? [] : ['-S', String(-options.scrollback)];
    return this.run('capture-pane', '-p', ...(options.join ? ['-J'] : []), ...scrollback, '-t', target);
  }

  /** The value of a format for a pane, such as `#{pane_current_command}`. */
  async value(target: string, format: string): Promise<string> {
    return this.run('display-message', '-p', '-t', target, format);
  }

  /** Types text as a person would; no Enter at the end unless the text has one. */
  async type(target: string, text: string): Promise<void> {
    const bytes = [...Buffer.from(text.replaceAll('\n', '\r'))].map((byte) => byte.toString(16));
    await this.run('send-keys', '-t', target, '-H', ...bytes);
  }

  async keys(target: string, ...keys: readonly string[]): Promise<void> {
    await this.run('send-keys', '-t', target, ...keys);
  }

  /** Waits until something in a pane runs `tmux wait-for -S <channel>`. */
  async channel(channel: string): Promise<void> {
    await this.run('wait-for', channel);
  }

  /**
   * Waits until the screen of a pane satisfies a condition; looked at again whenever tmux says that a pane of
   * the session printed something. Rejects with the last screen after `timeout` ms.
   */
  async until(
    target: string,
    wanted: RegExp | ((screen: string) => boolean | Promise<boolean>),
    timeout = DEADLINE_MS,
  ): Promise<string> {
    const holds = wanted instanceof RegExp ? (screen: string) => wanted.test(screen) : wanted;
    return this.#watch(target, timeout, async () => {
      const screen = await this.capture(target, { join: true });
      return { done: await holds(screen), seen: screen };
    });
  }

  /** Waits until a format has a value; tmux reports a changed one within a second. */
  async untilValue(target: string, format: string, wanted: RegExp, timeout = DEADLINE_MS): Promise<string> {
    const look = async () => {
      const seen = await this.value(target, format);
      return { done: wanted.test(seen), seen };
    };
    return this.#watch(target, timeout, look, format);
  }

  async #watch(
    target: string,
    timeout: number,
    look: () => Promise<{ done: boolean; seen: string }>,
    format?: string,
  ): Promise<string> {
    const pane = await this.value(target, '#{pane_id}');
    const attach = ['-C', 'attach-session', '-f', 'ignore-size', '-t', pane];
    const client = spawn(this.binary, [...this.clientArgs, ...attach], { env: this.#env });
    let last = '(nothing looked at yet)';
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      clearTimeout(timer);
      this.#watchers.delete(stop);
      client.kill();
    };
    this.#watchers.add(stop);
    client.stdin.on('error', () => undefined);
    if (format !== undefined) client.stdin.write(`refresh-client -B "watch:${pane}:${format}"\n`);
    try {
      return await new Promise<string>((resolve, reject) => {
        let looking = false;
        let again = false;
        const check = async (): Promise<void> => {
          again = looking;
          if (looking) return;
          looking = true;
          const { done, seen } = await look();
          looking = false;
          last = seen;
          if (done) resolve(seen);
          else if (again) await check();
        };
        const onEvent = () => void check().catch(reject);
        createInterface({ input: client.stdout }).on('line', (line) => {
          if (/^%(output|extended-output|subscription-changed|session-changed|exit)/.test(line)) onEvent();
        });
        client.on('error', reject);
        client.on('exit', () => reject(new Error(`the watching client ended; last seen:\n${last}`)));
        timer = setTimeout(
          () => reject(new Error(`not seen in ${timeout} ms; last seen:\n${last}`)),
          timeout,
        );
        onEvent();
      });
    } finally {
      stop();
    }
  }

  /** Ends the server and everything in it. */
  async end(): Promise<void> {
    for (const stop of this.#watchers) stop();
    const pids = await this.run('list-panes', '-a', '-F', '#{pane_pid}').catch(() => '');
    await this.run('kill-server').catch(() => undefined);
    // Shells that are hung up still write their history: only then may their home be removed.
    for (const pid of pids.split('\n').filter(Boolean))
      await processGone(Number(pid), 5_000).catch(() => undefined);
  }

  /** The same, and removes the directory. */
  async dispose(): Promise<void> {
    await this.end();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** What a person's login would have, and nothing of the machine that runs the tests. */
export function cleanEnvironment(home: string): Record<string, string> {
  return {
    HOME: home,
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    SHELL: '/bin/sh',
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    USER: process.env['USER'] ?? 'tester',
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_STATE_HOME: join(home, '.local/state'),
    XDG_DATA_HOME: join(home, '.local/share'),
    XDG_CACHE_HOME: join(home, '.cache'),
  };
}
