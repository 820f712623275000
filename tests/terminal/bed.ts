/**
 * A private tmux, the built server and a client, and real shells in panes to sit at. Every result that passes
 * through here is checked for what holds for all results: it fits the tool's own output schema (the SDK's client
 * does that once it has listed the tools), and the text is the same JSON as the structured content.
 */
import { expect } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { textOf, type CallOptions, type Json } from '../support/client.js';
import { TestServer, type ServerOptions } from '../support/server.js';
import { PLAIN_BASH, type PrivateTmux, type SessionOptions } from '../support/tmux.js';

export { processGone } from '../support/processes.js';

export const SHELLS = ['bash', 'zsh', 'fish', 'sh'] as const;
export type ShellName = (typeof SHELLS)[number];

/** How each is started: as a user has it, without a startup file of the machine's. */
export const ARGV: Readonly<Record<ShellName, readonly string[]>> = {
  bash: PLAIN_BASH,
  zsh: ['zsh', '-f'],
  fish: ['fish'],
  sh: ['sh'],
};

export interface Executed {
  readonly target: string;
  readonly pane_id: string;
  readonly command: string;
  readonly completed: boolean;
  readonly timeout_occurred: boolean;
  readonly state: string;
  readonly exit_code: number | null;
  readonly elapsed_seconds: number;
  readonly output_lines: string[];
  readonly total_lines: number;
  readonly truncated: boolean;
  readonly output_uri?: string;
  readonly question?: string;
  readonly echo?: boolean;
  readonly detection: string;
  readonly timestamp: string;
}

export interface Waited extends Omit<Executed, 'command' | 'completed' | 'detection'> {
  readonly matched: boolean;
  readonly match?: string;
}

export interface Seen {
  readonly target: string;
  readonly pane_id: string;
  readonly lines: string[];
  readonly total_lines: number;
  readonly truncated: boolean;
  readonly cursor: { readonly x: number; readonly y: number };
  readonly width: number;
  readonly height: number;
  readonly mode: string | null;
  readonly alternate_screen: boolean;
}

export class Bed {
  #sessions = 0;

  private constructor(readonly server: TestServer) {}

  static async start(options: ServerOptions = {}): Promise<Bed> {
    const server = await TestServer.start(options);
    // Without this directory fish starts a long job that fills it, and that outlives its pane.
    mkdirSync(join(server.tmux.home, '.local/share/fish/generated_completions'), { recursive: true });
    // From now on the client rejects every result that does not fit its tool's output schema.
    await server.client.mcp.listTools();
    return new Bed(server);
  }

  get tmux(): PrivateTmux {
    return this.server.tmux;
  }

  /** A fresh session with a shell in its only pane. */
  async seat(shell: ShellName = 'bash', options: SessionOptions = {}): Promise<Seat> {
    const session = `${shell}-${String(++this.#sessions)}`;
    const pane = await this.tmux.newSession(session, { shell: ARGV[shell], ...options });
    return new Seat(this, session, pane);
  }

  /** The structured result of a call that succeeds. */
  async call<Result = Json>(tool: string, args: Json, options: CallOptions = {}): Promise<Result> {
    const result = await this.server.client.raw(tool, args, options);
    if (result.isError) throw new Error(textOf(result));
    const [first] = result.content;
    expect(first?.type).toBe('text');
    expect(JSON.parse(first?.type === 'text' ? first.text : '')).toEqual(result.structuredContent);
    return result.structuredContent as Result;
  }

  async refusal(tool: string, args: Json): Promise<string> {
    return this.server.client.refusal(tool, args);
  }

  async close(): Promise<void> {
    // The terminal goes first: a server that closes with a hundred panes open takes its time.
    if (this.server.ownsTmux) await this.tmux.end();
    await this.server.close();
  }
}

/** One pane, and the tools on it. */
export class Seat {
  constructor(
    readonly bed: Bed,
    readonly session: string,
    readonly pane: string,
  ) {}

  get tmux(): PrivateTmux {
    return this.bed.tmux;
  }

  execute(command: string, more: Json = {}, options: CallOptions = {}): Promise<Executed> {
    return this.bed.call('execute', { session: this.session, command, timeout: 60, ...more }, options);
  }

  /** Runs a command that must succeed; returns what it printed. */
  async lines(command: string): Promise<string[]> {
    const done = await this.execute(command);
    expect(done).toMatchObject({ state: 'completed', completed: true, exit_code: 0 });
    return done.output_lines;
  }

  waitFor(args: Json = {}, options: CallOptions = {}): Promise<Waited> {
    return this.bed.call('wait_for', { session: this.session, timeout: 60, ...args }, options);
  }

  read(args: Json = {}): Promise<Seen> {
    return this.bed.call('read_pane', { session: this.session, ...args });
  }

  write(text: string, args: Json = {}): Promise<Json> {
    return this.bed.call('write_pane', { session: this.session, text, ...args });
  }

  keys(key: string | readonly string[]): Promise<Json> {
    return this.bed.call('send_keys', { session: this.session, key });
  }

  refusal(tool: string, args: Json = {}): Promise<string> {
    return this.bed.refusal(tool, { session: this.session, ...args });
  }

  /** The screen as a person sees it. */
  screen(): Promise<string[]> {
    return this.tmux.lines(this.pane);
  }
}
