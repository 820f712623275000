/**
 * The test bed: a network namespace with loopback only, in it a tmux server on a private socket, and a scripted
 * Messages API. Whatever starts in a pane of that server, started by a test or by the product, cannot reach
 * anything else. Nothing here sleeps: waits end on output of a pane, on a change of a watched file, or fail.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Writable } from 'node:stream';
import { execa } from 'execa';
import { startApi, type ScriptedApi } from './api.js';
import { install, version } from './install.mjs';

export { version };

const KEY = 'sk-ant-api03-made-up-for-the-test-bed-0123456789abcdef';

/**
 * How the program draws: on the alternate screen where it was installed anew, and in the pane's own where it has
 * been in use for longer, and has offered the other way often enough. That it may offer it is not left to chance.
 */
const RENDERERS = {
  fullscreen: { firstStartVersion: '2.1.329' },
  inline: { fullscreenUpsellSeenCount: 1_000 },
};
export type Renderer = keyof typeof RENDERERS;
const DEFAULT_RENDERER: Renderer =
  process.env['PANEWRIGHT_TEST_RENDERER'] === 'inline' ? 'inline' : 'fullscreen';

/** How a namespace can be made here: as root, or as a user who may map itself to root. */
const unshare = [['-n'], ['-rn']].find(
  (flags) => spawnSync('unshare', [...flags, 'ip', 'link', 'set', 'lo', 'up']).status === 0,
);

/**
 * `describe` for suites that drive the real REPL. Where no namespace can be made they are skipped and say so;
 * in CI (`CI=true`) that is a failure.
 */
export function describeClaude(title: string, body: () => void): void {
  if (unshare) return describe(title, body);
  const reason = 'no network namespace (`unshare -n`): the real Claude Code is never run without one';
  if (process.env['CI'] === 'true') return test(title, () => Promise.reject(new Error(reason)));
  process.stderr.write(`\n*** SKIPPED: ${title}: ${reason}\n\n`);
  describe.skip(title, body);
}

/** One namespace, one tmux server, one scripted API, one home directory. */
export class Bed {
  /** Fires `change` whenever something moved that a wait may look at. */
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #children: ChildProcess[] = [];
  readonly #closers: (() => void)[] = [];
  private constructor(
    readonly dir: string,
    readonly api: ScriptedApi,
    readonly binary: string,
    readonly renderer: Renderer,
  ) {}

  /** The private tmux socket. */
  get socket(): string {
    return join(this.dir, 's');
  }
  /** HOME of everything in the panes. */
  get home(): string {
    return join(this.dir, 'home');
  }
  /** Where the REPL keeps its configuration, registry and transcripts. */
  get config(): string {
    return join(this.home, '.claude');
  }

  /**
   * @param policy what an administrator has put into the managed settings of this machine
   * @param renderer how the program draws; by PANEWRIGHT_TEST_RENDERER for all suites that do not say
   */
  static async open(policy?: object, renderer = DEFAULT_RENDERER): Promise<Bed> {
    if (!unshare) throw new Error('no network namespace');
    const binary = install();
    const dir = realpathSync(mkdtempSync(join(process.env['PANEWRIGHT_TEST_RUN'] ?? tmpdir(), 'c-')));
    const bed = new Bed(dir, await startApi(join(dir, 'api')), binary, renderer);
    mkdirSync(join(bed.config, 'sessions'), { recursive: true });
    bed.folder('work');
    await bed.#keep(unshare, policy);
    bed.watch(join(bed.config, 'sessions'));
    return bed;
  }

  /** Runs the keeper, and makes sure that it really is somewhere else before anything starts in its panes. */
  async #keep(flags: readonly string[], policy?: object): Promise<void> {
    const keeper = new URL('keeper.mjs', import.meta.url).pathname;
    const own = policy === undefined ? [] : [join(this.dir, 'etc'), JSON.stringify(policy)];
    const argv = [...flags, ...(policy === undefined ? [] : ['-m'])];
    argv.push(process.execPath, keeper, this.socket, join(this.dir, 'api'), ...own);
    const child = spawn('unshare', argv, { env: this.#env(), stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    this.#keeper = { stdin: child.stdin, lines: createInterface(child.stdout) };
    const [line] = (await once(this.#keeper.lines, 'line')) as [string];
    const { tmux } = JSON.parse(line) as { tmux: number };
    if (readlinkSync(`/proc/${tmux}/ns/net`) === readlinkSync('/proc/self/ns/net')) {
      await this.close();
      throw new Error('the tmux server is not in a network namespace of its own');
    }
    await this.until(async () => (await this.tmux('list-sessions').catch(() => undefined)) !== undefined, {
      every: 5,
    });
  }

  #keeper!: { readonly stdin: Writable; readonly lines: Interface };

  /** The tmux server goes, with all that runs in it, and another one comes. */
  async reboot(): Promise<void> {
    const another = once(this.#keeper.lines, 'line');
    this.#keeper.stdin.write('reboot\n');
    await another;
    await this.until(async () => (await this.tmux('list-sessions').catch(() => undefined)) !== undefined, {
      every: 5,
    });
  }

  #env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.home,
      SHELL: '/bin/sh',
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      ANTHROPIC_API_KEY: KEY,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    };
  }

  /** Makes a working directory and returns its path; trusted ones raise no trust dialog. */
  folder(name: string, trusted = true): string {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true });
    this.#folders.set(path, trusted);
    const projects = Object.fromEntries(
      [...this.#folders].map(([key, hasTrustDialogAccepted]) => [key, { hasTrustDialogAccepted }]),
    );
    const settings = {
      hasCompletedOnboarding: true,
      theme: 'dark',
      ...RENDERERS[this.renderer],
      customApiKeyResponses: { approved: [KEY.slice(-20)], rejected: [] },
      projects,
    };
    writeFileSync(join(this.home, '.claude.json'), JSON.stringify(settings));
    return path;
  }
  readonly #folders = new Map<string, boolean>();

  /** Runs one tmux command on the private server and returns what it printed. */
  async tmux(...args: string[]): Promise<string> {
    const { stdout } = await execa('tmux', ['-u', '-S', this.socket, ...args], {
      env: { TMUX: undefined },
      timeout: 10_000,
      stripFinalNewline: true,
    });
    return stdout;
  }

  /** Makes waits look again whenever something changes in this directory. */
  watch(directory: string): void {
    const watcher = watch(directory, () => this.changed());
    this.#closers.push(() => watcher.close());
  }

  /** Makes waits look again whenever a pane of this session prints something. */
  async follow(session: string): Promise<void> {
    const argv = ['-u', '-S', this.socket, '-C', 'attach', '-t', `=${session}:`, '-f', 'ignore-size'];
    const client = spawn('tmux', argv, {
      env: { ...process.env, TMUX: '' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#children.push(client);
    const lines = createInterface(client.stdout);
    lines.on('line', () => this.changed());
    await once(lines, 'line');
  }

  changed(): void {
    this.#events.emit('change');
  }

  /**
   * Waits until `look` finds something, looking again after each event; `every` (ms) is for the few things
   * that have no event. Fails after `timeout` ms with what `explain` says.
   */
  async until<T>(
    look: () => Promise<T> | T,
    options: { timeout?: number; every?: number; explain?: () => Promise<string> | string } = {},
  ): Promise<Exclude<T, false | null | undefined>> {
    const signal = AbortSignal.timeout(options.timeout ?? 20_000);
    for (;;) {
      const step = new AbortController();
      const changed = once(this.#events, 'change', { signal: AbortSignal.any([signal, step.signal]) });
      changed.catch(() => {});
      const found = await look();
      if (found) {
        step.abort();
        return found as Exclude<T, false | null | undefined>;
      }
      const timer = options.every && setTimeout(() => this.changed(), options.every);
      try {
        await changed;
      } catch {
        throw new Error(`nothing came of it: ${look.toString()}\n${(await options.explain?.()) ?? ''}`);
      } finally {
        if (timer) clearTimeout(timer);
      }
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closers) close();
    const panes = (await this.tmux('list-panes', '-a', '-F', '#{pane_pid}').catch(() => '')).split('\n');
    // The keeper takes the tmux server down with it, and that takes the panes and the control clients.
    const ends = this.#children.map(async (child) => child.exitCode ?? (await once(child, 'exit')));
    for (const child of this.#children) child.stdin?.end();
    await Promise.all(ends);
    // The programs write a last time when their terminal goes; nothing tells when a stranger's child has ended.
    const running = (): boolean => panes.some((pid) => pid !== '' && existsSync(`/proc/${pid}`));
    await this.until(() => !running(), { every: 10 }).catch(() => {});
    await this.api.close();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
