/**
 * A scripted Messages API: what the REPL believes to be the model. It listens on a unix socket; keeper.mjs
 * forwards a loopback port inside the network namespace to it. Tests say what it answers and read what it got.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { EventEmitter, once } from 'node:events';
import { readRequest, type ApiRequest } from './api-request.js';
import { writeReply, type Reply } from './api-reply.js';

export type { ApiRequest } from './api-request.js';
export type { Reply, Step } from './api-reply.js';

/** What a rule looks at: the text of the prompt as the model reads it, or the whole request. */
export type Match = string | RegExp | ((request: ApiRequest) => boolean);

interface Rule {
  readonly match: Match;
  readonly reply: Reply | ((request: ApiRequest) => Reply);
  left: number;
}

/** The scripted API; make one with `startApi`. */
export class ScriptedApi {
  /** Every request for a message of the conversation itself, in order of arrival. */
  readonly requests: ApiRequest[] = [];
  /** Everything else that the binary asked: `HEAD /`, token counts, titles. */
  readonly others: string[] = [];
  readonly #rules: Rule[] = [];
  readonly #events = new EventEmitter();

  constructor(private readonly server: Server) {
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /**
   * Answers requests that match with `reply`. Rules given later are looked at first; a rule with `times` is
   * forgotten after so many uses. Without any matching rule the answer is `ok`.
   */
  when(match: Match, reply: Rule['reply'], times = Infinity): this {
    this.#rules.unshift({ match, reply, left: times });
    return this;
  }

  /** Forgets rules and recorded requests. */
  reset(): void {
    this.#rules.length = 0;
    this.requests.length = 0;
    this.others.length = 0;
  }

  /** The prompts that arrived, exactly as the model would read them. */
  get prompts(): string[] {
    return this.requests
      .filter((request) => request.toolResults.length === 0)
      .map((request) => request.prompt);
  }

  /** Waits for a request that matches, among those already there and those to come. */
  async request(match: Match, signal = AbortSignal.timeout(20_000)): Promise<ApiRequest> {
    for (;;) {
      const found = this.requests.find((request) => matches(match, request));
      if (found) return found;
      await once(this.#events, 'request', { signal });
    }
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const request = await readRequest(incoming).catch(() => undefined);
    if (!request) {
      this.others.push(`${incoming.method} ${incoming.url}`);
      const tokens = incoming.url?.includes('count_tokens') === true;
      response.writeHead(tokens || incoming.method === 'HEAD' ? 200 : 404, {
        'content-type': 'application/json',
      });
      response.end(tokens ? '{"input_tokens":10}' : '{}');
      return;
    }
    if (!request.conversation) {
      this.others.push(`side: ${request.prompt.slice(0, 60)}`);
      await writeReply(response, request, 'side answer');
      return;
    }
    this.requests.push(request);
    this.#events.emit('request');
    const rule = this.#rules.find((candidate) => candidate.left > 0 && matches(candidate.match, request));
    if (rule) rule.left -= 1;
    const reply = typeof rule?.reply === 'function' ? rule.reply(request) : (rule?.reply ?? 'ok');
    await writeReply(response, request, reply);
  }
}

function matches(match: Match, request: ApiRequest): boolean {
  if (typeof match === 'function') return match(request);
  if (request.followUp) return false;
  return typeof match === 'string' ? request.prompt === match : match.test(request.prompt);
}

/** Starts a scripted API on a unix socket. */
export async function startApi(socket: string): Promise<ScriptedApi> {
  const server = createServer();
  server.listen(socket);
  await once(server, 'listening');
  return new ScriptedApi(server);
}
