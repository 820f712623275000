/**
 * The MCP sessions of an HTTP server: one protocol server and one transport for each client, all of them with
 * the same toolbox behind. A session ends when its client says so, or when it has not been heard of for long.
 */
import { randomUUID } from 'node:crypto';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createServer, type Served, type ServeOptions } from '../protocol.js';

/** How many clients may be connected at once. */
const MAX_SESSIONS = 128;
/** How long a session without a request and without an open stream is kept. */
const IDLE_MS = 60 * 60 * 1000;

export interface HttpSession {
  readonly served: Served;
  readonly transport: StreamableHTTPServerTransport;
  /** Holds the session open until the returned function is called. */
  hold(): () => void;
}

interface Entry extends HttpSession {
  users: number;
  /** `performance.now()` of when it was last in use. */
  used: number;
}

export class HttpSessions {
  readonly #options: ServeOptions;
  readonly #sessions = new Map<string, Entry>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: ServeOptions, idleMs = IDLE_MS) {
    this.#options = options;
    this.#sweeper = setInterval(() => this.#dropIdle(idleMs), Math.min(idleMs, 60_000)).unref();
  }

  find(id: string): HttpSession | undefined {
    return this.#sessions.get(id);
  }

  /** A session that is known by its id once its client has been greeted; undefined when there are too many. */
  async open(): Promise<HttpSession | undefined> {
    if (this.#sessions.size >= MAX_SESSIONS && !this.#dropOldest()) return undefined;
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void this.#sessions.set(id, entry),
    });
    const entry: Entry = {
      served: createServer(this.#options),
      transport,
      users: 0,
      used: performance.now(),
      hold: () => hold(entry),
    };
    entry.served.server.onclose = () => {
      const { sessionId } = transport;
      if (sessionId !== undefined) this.#sessions.delete(sessionId);
      entry.served.disconnected();
    };
    await entry.served.server.connect(transport);
    return entry;
  }

  /** Settles when no session works on a request. */
  async idle(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ served }) => served.idle()));
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.allSettled([...this.#sessions.values()].map(({ served }) => served.server.close()));
  }

  #dropIdle(idleMs: number): void {
    const since = performance.now() - idleMs;
    for (const entry of this.#sessions.values())
      if (entry.users === 0 && entry.used < since) void entry.served.server.close();
  }

  /** A client whose session is gone is told so by its next request, and may begin a new one. */
  #dropOldest(): boolean {
    const unused = [...this.#sessions.values()].filter(({ users }) => users === 0);
    const [oldest] = unused.sort((a, b) => a.used - b.used);
    void oldest?.served.server.close();
    return oldest !== undefined;
  }
}

function hold(entry: Entry): () => void {
  entry.users += 1;
  let isHeld = true;
  return () => {
    if (isHeld) entry.users -= 1;
    isHeld = false;
    entry.used = performance.now();
  };
}
