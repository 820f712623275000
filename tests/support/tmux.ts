/**
 * A real tmux server of its own for a suite: own directory, own socket, no user configuration, a clean
 * environment. A command in a pane tells that it has come so far through a channel (`tmux wait-for`).
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { promisify } from 'node:util';
import { processGone, standing } from './processes.js';
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

export interface TmuxOptions {
  readonly binary?: string;
  /** More variables for everything that is started. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds that one command may take. */
  readonly patience?: number;
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
/** Time between two looks at a pane. */
const LOOK_MS = 15;

export class PrivateTmux {
  readonly directory = freshDirectory();
  readonly socket = join(this.directory, 's');
  /** HOME of everything that runs in the panes. */
  readonly home = join(this.directory, 'home');
  readonly binary: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #patience: number;

  /** The server starts with the first session; before that there is none, which is a situation to test too. */
  constructor(options: TmuxOptions = {}) {
    this.binary = options.binary ?? 'tmux';
    this.#patience = options.patience ?? DEADLINE_MS;
    mkdirSync(this.home);
    this.#env = { ...cleanEnvironment(this.home), ...options.env };
  }

  /** Arguments that lead any tmux client to this server. */
  get clientArgs(): readonly string[] {
    return ['-u', '-S', this.socket, '-f', '/dev/null'];
  }

  /**
   * Runs one tmux command to its end; returns what it printed, without the last newline. One that takes too long
   * is killed, not asked: SIGTERM does not end a client that waits until the server accepts it.
   */
  async run(...args: readonly string[]): Promise<string> {
    const running = execFileAsync(this.binary, [...this.clientArgs, ...args], {
      env: this.#env,
      maxBuffer: 256 * 1024 * 1024,
    });
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const what = `tmux ${args.join(' ')}`.slice(0, 500);
        reject(new Error(`not ended in ${this.#patience} ms: ${what}\n${standing(this.directory)}`));
        running.child.kill('SIGKILL');
      }, this.#patience);
    });
    try {
      const { stdout } = await Promise.race([running, tooLong]);
      return stdout.replace(/\n$/, '');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Makes a detached session, 80x24 unless told; returns the id of its pane, such as `%0`. */
  async newSession(name: string, options: SessionOptions = {}): Promise<string> {
    const { shell = PLAIN_BASH, width = 80, height = 24, env = {}, cwd = this.home } = options;
    const variables = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
    const size = ['-x', String(width), '-y', String(height)];
    const place = ['-d', '-s', name, ...size, '-c', cwd, ...variables, '-P', '-F', '#{pane_id}'];
    const make = (): Promise<string> => this.run('new-session', ...place, '--', ...shell);
    // tmux 3.3a crashes by itself now and then as a session is made, always at the same place; the next one is fine.
    return make().catch((error: unknown) => {
      if (String(error).includes('server exited unexpectedly')) return make();
      throw error;
    });
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

  /** Waits until the screen of a pane satisfies a condition. Rejects with the last screen after `timeout` ms. */
  async until(
    target: string,
    wanted: RegExp | ((screen: string) => boolean | Promise<boolean>),
    timeout = DEADLINE_MS,
  ): Promise<string> {
    const holds = wanted instanceof RegExp ? (screen: string) => wanted.test(screen) : wanted;
    const pane = await this.value(target, '#{pane_id}');
    return this.#watch(() => this.capture(pane, { join: true }), holds, timeout);
  }

  /** Waits until a format has a value. */
  async untilValue(target: string, format: string, wanted: RegExp, timeout = DEADLINE_MS): Promise<string> {
    const pane = await this.value(target, '#{pane_id}');
    return this.#watch(
      () => this.value(pane, format),
      (seen) => wanted.test(seen),
      timeout,
    );
  }

  /**
   * Looks again and again. A control client would be told of changes, but tmux 3.3a dies when one connects while it
   * has something to tell to others (src/tmux/gate.ts): what watches the tests must not be what ends them.
   */
  async #watch(
    look: () => Promise<string>,
    holds: (seen: string) => boolean | Promise<boolean>,
    timeout: number,
  ): Promise<string> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const seen = await look();
      if (await holds(seen)) return seen;
      if (performance.now() > deadline) throw new Error(`not seen in ${timeout} ms; last seen:\n${seen}`);
      await later(LOOK_MS);
    }
  }

  /** Ends the server and everything in it. */
  async end(): Promise<void> {
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
