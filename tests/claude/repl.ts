/** The real Claude Code REPL in a pane of the test bed: start it, see what it shows and says, press keys. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bed } from './bed.js';

/** What one hook event brought. */
export interface HookEvent {
  readonly hook_event_name: string;
  readonly session_id: string;
  readonly transcript_path: string;
  readonly [key: string]: unknown;
}

/** The registry file of a running REPL. */
export interface Registry {
  readonly pid: number;
  readonly sessionId: string;
  readonly status: string;
  readonly waitingFor?: string;
  readonly [key: string]: unknown;
}

export interface ReplOptions {
  /** tmux session; default `main`. */
  readonly name?: string;
  readonly cwd?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly width?: number;
  readonly height?: number;
}

/** The events that are recorded; all that this version knows and that a profile could use. */
export const HOOKS = [
  'SessionStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PermissionRequest',
  'PostToolUse',
  'PostToolUseFailure',
  'Notification',
  'SubagentStop',
  'PreCompact',
  'Stop',
  'StopFailure',
  'SessionEnd',
] as const;

export class Repl {
  constructor(
    readonly bed: Bed,
    readonly name: string,
    /** tmux's id, `%3`. */
    readonly pane: string,
    readonly pid: number,
    readonly spool: string,
  ) {}

  /** Starts the REPL as the process of a new session's pane, with hooks that are recorded. */
  static async start(bed: Bed, options: ReplOptions = {}): Promise<Repl> {
    const name = options.name ?? 'main';
    const spool = join(bed.dir, `hooks-${name}`);
    mkdirSync(spool, { mode: 0o700, recursive: true });
    const settings = join(bed.dir, `settings-${name}.json`);
    // One file per event, named by time, made whole before it gets its name.
    const command = `f=$(mktemp ${spool}/.XXXXXX) && cat >"$f" && mv "$f" "${spool}/$(date +%s%N).json"`;
    const hooks = Object.fromEntries(
      HOOKS.map((event) => [event, [{ hooks: [{ type: 'command', command }] }]]),
    );
    writeFileSync(settings, JSON.stringify({ hooks }));
    bed.watch(spool);
    const environment = Object.entries(options.env ?? {}).flatMap(([key, value]) => [
      '-e',
      `${key}=${value}`,
    ]);
    const created = await bed.tmux(
      ...['new-session', '-d', '-P', '-F', '#{pane_id} #{pane_pid}', '-s', name, ...environment],
      ...['-x', String(options.width ?? 100), '-y', String(options.height ?? 40)],
      ...['-c', options.cwd ?? join(bed.dir, 'work'), '--'],
      ...[bed.binary, '--settings', settings, ...(options.args ?? [])],
    );
    const [pane, pid] = created.split(' ') as [string, string];
    await bed.tmux('set-option', '-p', '-t', pane, 'remain-on-exit', 'on');
    await bed.follow(name);
    return new Repl(bed, name, pane, Number(pid), spool);
  }

  /** What the pane shows; with `ansi`, colours too. */
  screen(ansi = false): Promise<string> {
    return this.bed.tmux('capture-pane', '-p', ...(ansi ? ['-e'] : []), '-t', this.pane);
  }

  /** Presses keys by tmux's names. */
  async keys(...names: string[]): Promise<void> {
    await this.bed.tmux('send-keys', '-t', this.pane, ...names);
  }

  /** Types text as it is, unframed and at once; only for short lines. */
  async type(text: string): Promise<void> {
    const bytes = [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0'));
    await this.bed.tmux('send-keys', '-H', '-t', this.pane, ...bytes);
  }

  /**
   * Presses a key until the sign of its effect is there, a status or something on the screen: a dialog that has
   * just appeared ignores keys for a moment, so that somebody who is typing does not answer it by accident.
   */
  async press(key: string, sign: RegExp | 'idle' | 'busy'): Promise<void> {
    const there = async (): Promise<boolean> =>
      typeof sign === 'string' ? this.registry()?.status === sign : sign.test(await this.screen());
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await this.keys(key);
      if (await this.bed.until(there, { timeout: 400 }).catch(() => false)) return;
    }
    throw new Error(`pressing ${key} did not bring ${String(sign)}\n${await this.screen()}`);
  }

  /** Waits until the registry says that somebody is asked, and the question is on the screen. */
  async asks(what: string | RegExp = /❯ 1\./): Promise<string> {
    await this.status('waiting');
    return this.shows(what);
  }

  /** Types one short line, sees it in the composer, presses Enter and waits until the program took it. */
  async submit(text: string): Promise<void> {
    const before = this.hooks('UserPromptSubmit').length;
    await this.type(text);
    await this.shows(text.slice(0, 40));
    await this.keys('Enter');
    await this.bed.until(() => this.hooks('UserPromptSubmit').length > before, this.#explain);
  }

  /** Waits until the screen contains this. */
  async shows(what: string | RegExp): Promise<string> {
    return this.bed.until(async () => {
      const screen = await this.screen();
      return (typeof what === 'string' ? screen.includes(what) : what.test(screen)) && screen;
    }, this.#explain);
  }

  /** All hook events so far, or those of one kind, in order of arrival. */
  hooks(kind?: string): HookEvent[] {
    const events = readdirSync(this.spool)
      .filter((file) => file.endsWith('.json'))
      .sort()
      .map((file) => JSON.parse(readFileSync(join(this.spool, file), 'utf8')) as HookEvent);
    return kind ? events.filter((event) => event.hook_event_name === kind) : events;
  }

  /** Waits for the n-th event of a kind (from 1). */
  async hook(kind: string, nth = 1): Promise<HookEvent> {
    return this.bed.until(() => this.hooks(kind)[nth - 1], this.#explain);
  }

  /** The registry file as it is now; undefined while there is none. */
  registry(): Registry | undefined {
    try {
      return JSON.parse(
        readFileSync(join(this.bed.config, 'sessions', `${this.pid}.json`), 'utf8'),
      ) as Registry;
    } catch {
      return undefined;
    }
  }

  /** Waits until the registry says this. */
  async status(status: string): Promise<Registry> {
    return this.bed.until(() => {
      const registry = this.registry();
      return registry?.status === status && registry;
    }, this.#explain);
  }

  /** Waits until the program can take its first prompt. */
  async ready(): Promise<this> {
    await this.hook('SessionStart');
    await this.status('idle');
    await this.shows('❯');
    return this;
  }

  /** The conversation so far, one entry per line of the transcript. */
  transcript(): Record<string, unknown>[] {
    const path = this.hooks().at(-1)?.transcript_path;
    if (path === undefined) return [];
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  readonly #explain = {
    explain: async (): Promise<string> => {
      const events = this.hooks().map((event) => event.hook_event_name);
      return `${await this.screen()}\nhooks: ${events.join(' ')}\nregistry: ${JSON.stringify(this.registry())}`;
    },
  };
}
