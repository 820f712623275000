/**
 * A real MCP client that talks to the built server over stdio, as Claude Code or the Inspector would. Says how
 * a call ended in the words a test needs: the structured result, or the error text.
 */
import { resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CallToolResultSchema,
  ErrorCode,
  McpError,
  type CallToolResult,
} from '@modelcontextprotocol/sdk/types.js';
import { standing } from './processes.js';
import { runDirectory } from './run-dir.js';

export type Json = Record<string, unknown>;

export interface CallOptions {
  /** Cancels the request, as a client does when its user presses Esc. */
  readonly signal?: AbortSignal;
  /** Gets the message of every progress notification of this call. */
  readonly onProgress?: (message: string) => void;
  /** Seconds that the answer may come later than the call itself may take. */
  readonly patience?: number;
}

export interface ClientOptions {
  /** Arguments of the server, after `dist/cli.js`. */
  readonly args?: readonly string[];
  /** The whole environment of the server; the SDK adds PATH, HOME and the like where they are missing. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Name that the client introduces itself with. */
  readonly name?: string;
  /** A host that every call names, and that is taken out of every result again. */
  readonly host?: string | undefined;
}

/** Seconds; with the 60 that most calls are given it is less than jest's limit, so that the call is named first. */
const PATIENCE = 20;
/** Seconds that a call takes which names no `timeout`: each tool's default. */
const TIMEOUTS: Readonly<Record<string, number>> = {
  execute: 10,
  wait_for: 30,
  session_send: 120,
  session_wait: 120,
};
/** Of the other tools `session_start` waits longest, for its program to be ready. */
const LONGEST = 30;
/** `max_timeout`: a call that asks for more is refused at once. */
const MAX_TIMEOUT = 300;

export const CLI = resolve(import.meta.dirname, '../../dist/cli.js');

export class TestClient {
  readonly #client: Client;
  readonly #transport: StdioClientTransport;
  readonly #host: string | undefined;
  /** Messages of all progress notifications so far. */
  readonly progress: string[] = [];
  /** Everything that the server wrote to stderr. */
  stderr = '';
  /** Settles when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;

  private constructor(options: ClientOptions) {
    this.#host = options.host;
    this.#client = new Client({ name: options.name ?? 'panewright-tests', version: '1.0.0' });
    this.#transport = new StdioClientTransport({
      command: process.execPath,
      args: [CLI, ...(options.args ?? [])],
      env: { ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stderr: 'pipe',
    });
    this.#transport.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.closed = new Promise((settle) => (this.#client.onclose = settle));
  }

  /** Starts the server and shakes hands. */
  static async start(options: ClientOptions = {}): Promise<TestClient> {
    const failure = process.env['PANEWRIGHT_BUILD_ERROR'];
    if (failure !== undefined) throw new Error(`the server could not be built:\n${failure}`);
    const self = new TestClient(options);
    try {
      await self.#client.connect(self.#transport);
    } catch (cause) {
      throw new Error(`the server did not start; it wrote:\n${self.stderr}`, { cause });
    }
    return self;
  }

  /** Process id of the server. */
  get pid(): number {
    const { pid } = this.#transport;
    if (pid === null) throw new Error('the server is not running');
    return pid;
  }

  /** The SDK's own client, for requests that have no shorthand here. */
  get mcp(): Client {
    return this.#client;
  }

  /** The whole answer of a call, error or not. */
  async raw(name: string, args: Json = {}, options: CallOptions = {}): Promise<CallToolResult> {
    const whole = this.#host === undefined ? args : { host: this.#host, ...args };
    const bound = longest(name, args) + (options.patience ?? PATIENCE);
    const request = this.#client.callTool({ name, arguments: whole }, CallToolResultSchema, {
      timeout: bound * 1000,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onprogress: ({ message = '' }) => {
        this.progress.push(message);
        options.onProgress?.(message);
      },
    });
    const result = await request.catch((cause: unknown) => {
      if (!(cause instanceof McpError) || cause.code !== Number(ErrorCode.RequestTimeout)) throw cause;
      const what = `${name} ${JSON.stringify(whole)}`.slice(0, 500);
      const where = `the server is process ${this.#transport.pid ?? 'none'}\n${standing(runDirectory())}`;
      throw new Error(`not answered in ${bound} s: ${what}\n${where}`, { cause });
    });
    const parsed = CallToolResultSchema.parse(result);
    return this.#host === undefined ? parsed : withoutHost(parsed, this.#host);
  }

  /** The structured result; rejects with the error text when the call failed. */
  async call<Result = Json>(name: string, args: Json = {}, options: CallOptions = {}): Promise<Result> {
    const result = await this.raw(name, args, options);
    if (result.isError) throw new Error(textOf(result));
    if (result.structuredContent === undefined) throw new Error(`${name} returned no structured content`);
    return result.structuredContent as Result;
  }

  /** The error text; rejects when the call succeeded. */
  async refusal(name: string, args: Json = {}): Promise<string> {
    const result = await this.raw(name, args);
    if (!result.isError) throw new Error(`${name} succeeded: ${JSON.stringify(result.structuredContent)}`);
    return textOf(result);
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.closed;
  }
}

/** Seconds that a call may take by what it asks for. */
function longest(name: string, { timeout }: Json): number {
  const own = typeof timeout === 'number' && Number.isFinite(timeout) ? timeout : (TIMEOUTS[name] ?? LONGEST);
  return Math.min(Math.max(own, 0), MAX_TIMEOUT);
}

/** The text parts of an answer, joined. */
export function textOf(result: CallToolResult): string {
  return result.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

/** The result as it would be without the host, which must be there. */
function withoutHost(result: CallToolResult, host: string): CallToolResult {
  if (result.isError || !result.structuredContent) return result;
  const { host: named, ...structuredContent } = result.structuredContent;
  if (named !== host) throw new Error(`the result is of host ${String(named)}`);
  const content = result.content.map((part) => {
    if (part.type !== 'text') return part;
    const { host: _, ...text } = JSON.parse(part.text) as Json;
    return { ...part, text: JSON.stringify(text) };
  });
  return { ...result, structuredContent, content };
}
