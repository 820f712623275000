/**
 * Serves a toolbox over Streamable HTTP: one address, `/mcp`, for several clients at once. Loaded only when
 * asked for, so that the stdio server does not pay for it.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import type { Toolbox } from '../../tools/toolbox.js';
import type { ServeOptions } from '../protocol.js';
import { readJson } from './body.js';
import { bracketed, refusalOf, type HttpAccess } from './guard.js';
import { HttpSessions } from './sessions.js';

export interface HttpOptions extends ServeOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Asked at every request. Never rejects. */
  readonly access: () => Promise<HttpAccess>;
}

/** How many calls may be under way at once, all clients together. */
const MAX_CALLS = 256;
const MAX_CONNECTIONS = 1024;
/** How long a client may take to send its headers, and then the whole request; who dribbles is cut off. */
const HEADERS_MS = 5000;
const REQUEST_MS = 30_000;
/** How often it is looked for those. */
const CHECK_MS = 1000;
/** How long running calls may take to end by themselves once the server is to stop. */
const GRACE_MS = 2000;
/** How long they may then take to be answered as cancelled, and the toolbox to end what it holds. */
const CLOSE_MS = 2000;

const METHODS = ['GET', 'POST', 'DELETE'];

/** JSON-RPC code for what the transport refuses. */
const REFUSED = -32000;

/** A server that listens. */
export interface Listening {
  /** `http://127.0.0.1:8722/mcp` */
  readonly url: string;
  /** Lets running calls end, cancels those that do not, tells every client that it is over. */
  stop(): Promise<void>;
}

const within = (ms: number, work: Promise<unknown>): Promise<unknown> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((done) => (timer = setTimeout(done, ms)));
  return Promise.race([work.catch(() => undefined), late]).finally(() => clearTimeout(timer));
};

/** Settles when it listens; rejects when the address cannot be had. */
export async function listenHttp(options: HttpOptions): Promise<Listening> {
  const { host, log } = options;
  const calls = new RunningCalls(options.toolbox);
  const stopping = new AbortController();
  const sessions = new HttpSessions({ ...options, toolbox: calls.toolbox, signal: stopping.signal });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url?.split('?')[0] !== '/mcp')
      return refuse(response, 404, 'Not Found: the server is at /mcp.');
    const refusal = refusalOf(request, await options.access(), host);
    if (refusal) return refuse(response, refusal.status, refusal.message);
    if (!METHODS.includes(request.method ?? ''))
      return refuse(response, 405, `Method Not Allowed: ${METHODS.join(', ')}.`);
    const body = request.method === 'POST' ? await readJson(request) : undefined;
    if (body && 'status' in body) return refuse(response, body.status, body.message);
    if (body && calls.running >= MAX_CALLS && isRequest(body.json))
      return refuse(response, 503, 'Service Unavailable: too many calls at once; try again in a second.');

    const id = request.headers['mcp-session-id'];
    if (id === undefined && !(body && isInitializeRequest(body.json)))
      return refuse(response, 400, 'Bad Request: begin with initialize, then send Mcp-Session-Id.');
    const session = typeof id === 'string' ? sessions.find(id) : await sessions.open();
    if (!session) {
      return id === undefined
        ? refuse(response, 503, 'Service Unavailable: too many clients are connected.')
        : refuse(response, 404, 'Not Found: this session has ended; begin anew with initialize.');
    }
    response.once('close', session.hold());
    await session.transport.handleRequest(request, response, body?.json);
  };

  const patience = {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: CHECK_MS,
  };
  const http = createHttpServer(patience, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log(`[panewright] http: ${String(error)}`);
      if (!response.headersSent) refuse(response, 500, 'Internal Server Error');
      else response.destroy();
    });
  });
  http.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((listening, failed) => {
    http.once('error', failed).listen(options.port, host.replace(/^\[(.*)\]$/, '$1'), listening);
  });
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://${bracketed(host)}:${port}/mcp`,
    async stop() {
      const closed = new Promise((done) => http.close(done));
      http.closeIdleConnections();
      await within(GRACE_MS, calls.idle());
      stopping.abort();
      await within(CLOSE_MS, sessions.idle());
      await sessions.close();
      await within(CLOSE_MS, calls.close());
      await within(100, closed); // the last answers leave
      http.closeAllConnections();
    },
  };
}

/** Listens until the process is told to end, and ends it with status 0. */
export async function serveHttp(options: HttpOptions): Promise<void> {
  const { url, stop } = await listenHttp(options);
  options.log(`[panewright] listening on ${url}`);
  let isEnding = false;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Whoever asks twice does not want to wait.
      if (isEnding) process.exit(1);
      isEnding = true;
      void stop().finally(() => process.exit(0));
    });
  }
}

/** One toolbox for all sessions, and how many of its calls are running. */
class RunningCalls {
  readonly #running = new Set<Promise<unknown>>();
  #made: Promise<Toolbox> | undefined;

  constructor(readonly make: () => Promise<Toolbox>) {}

  readonly toolbox = (): Promise<Toolbox> => {
    this.#made ??= this.make().then(
      (box) => ({ ...box, call: (...args) => this.#count(box.call(...args)) }),
      (error: unknown) => {
        this.#made = undefined;
        throw error;
      },
    );
    return this.#made;
  };

  get running(): number {
    return this.#running.size;
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async close(): Promise<void> {
    await (await this.#made?.catch(() => undefined))?.close();
  }

  #count<T>(call: Promise<T>): Promise<T> {
    this.#running.add(call);
    const forget = (): void => void this.#running.delete(call);
    call.then(forget, forget);
    return call;
  }
}

/** Cancellations and answers get through even when no further call does. */
function isRequest(json: unknown): boolean {
  return [json]
    .flat()
    .some(
      (message) => typeof message === 'object' && message !== null && 'id' in message && 'method' in message,
    );
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="panewright"';
  if (status === 405) headers['Allow'] = METHODS.join(', ');
  if (status === 503) headers['Retry-After'] = '1';
  response.writeHead(status, headers);
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: REFUSED, message } }));
}
