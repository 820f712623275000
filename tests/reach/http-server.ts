/** The built server over HTTP, as a process, and real clients that talk to it. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CLI, type Json } from '../support/client.js';
import { cleanEnvironment, PrivateTmux } from '../support/tmux.js';

export const TOKEN = 'a-token-of-the-tests-0123456789abcdef';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export class HttpServer {
  readonly configFile: string;
  url = '';
  stderr = '';
  readonly #process: ChildProcessByStdio<null, null, Readable>;
  /** Exit status or signal. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #clients: Client[] = [];

  private constructor(
    readonly tmux: PrivateTmux,
    config: Json,
    args: readonly string[],
  ) {
    this.configFile = join(tmux.directory, 'http.json');
    this.configure(config);
    this.#process = spawn(process.execPath, [CLI, 'serve', '--http', '--config', this.configFile, ...args], {
      env: cleanEnvironment(tmux.home),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.ended = once(this.#process, 'close').then(
      ([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null,
    );
  }

  /** Resolves when it listens, or with what it wrote when it ended instead. */
  static async start(config: Json = {}, args: readonly string[] = []): Promise<HttpServer> {
    const server = new HttpServer(new PrivateTmux(), { auth_token: TOKEN, ...config }, args);
    const listening = new Promise<void>((settle) => {
      server.#process.stderr.on('data', (chunk: Buffer) => {
        server.stderr += chunk.toString();
        const url = /listening on (\S+)/.exec(server.stderr)?.[1];
        if (url === undefined) return;
        server.url = url;
        settle();
      });
    });
    await Promise.race([listening, server.ended]);
    return server;
  }

  configure(config: Json): void {
    const whole = {
      write_enabled: true,
      tmux: { socket_path: this.tmux.socket },
      http: { port: 0 },
      ...config,
    };
    writeFileSync(this.configFile, JSON.stringify(whole));
  }

  /** A client that has shaken hands. */
  async connect(name = 'http-tests', token = TOKEN): Promise<Client> {
    const client = new Client({ name, version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(this.url), { requestInit }));
    this.#clients.push(client);
    return client;
  }

  /** A request as nobody's library would send it. */
  async send(options: {
    headers?: Json;
    method?: string;
    path?: string;
    body?: string | Buffer;
  }): Promise<Reply> {
    const { hostname, port } = new URL(this.url);
    const request = httpRequest({
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      path: options.path ?? '/mcp',
      method: options.method ?? 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        Authorization: `Bearer ${TOKEN}`,
        ...(options.headers as Record<string, string>),
      },
    });
    if (options.headers?.['Authorization'] === '') request.removeHeader('Authorization');
    request.end(options.body ?? INITIALIZE);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#clients.map((client) => client.close()));
    this.#process.kill('SIGTERM');
    await this.ended;
    await this.tmux.dispose();
  }
}

export const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
});
