/** Writes a scripted answer in the Messages API's wire format: a stream of events, one JSON object, or an error. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { ApiRequest } from './api-request.js';

/** One thing that the pretended model does; several in a row make an answer. */
export type Step =
  /** Text, streamed at once. Neighbouring texts belong to one block. */
  | string
  /** Nothing more before this settles: a test holds an answer in the middle. */
  | Promise<unknown>
  /** A call of one of Claude Code's tools. */
  | ToolCall
  /** The connection is dropped here. */
  | { readonly cut: true }
  /** Tokens that the usage tells. */
  | Usage;

interface ToolCall {
  readonly tool: string;
  readonly input: object;
  readonly id?: string;
}

interface Usage {
  readonly usage: { readonly input: number; readonly output: number };
}

/** An answer: text, several steps, or a refusal with this HTTP status (400, 401, 429, 529). */
export type Reply = string | readonly Step[] | { readonly status: number; readonly message?: string };

const ERROR_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};

/** Sends `reply`. Resolves when all was said or the client hung up. */
export async function writeReply(response: ServerResponse, request: ApiRequest, reply: Reply): Promise<void> {
  if (typeof reply === 'object' && 'status' in reply) {
    const error = { type: ERROR_TYPES[reply.status] ?? 'api_error', message: reply.message ?? 'scripted' };
    // No retry-after: the program's own back-off decides, unless it is told not to retry at all.
    response.writeHead(reply.status, { 'content-type': 'application/json', 'x-should-retry': 'false' });
    response.end(JSON.stringify({ type: 'error', error }));
    return;
  }
  const steps = typeof reply === 'string' ? [reply] : reply;
  const usage = steps.find((step) => typeof step === 'object' && 'usage' in step);
  const answer = new Answer(request.model, usage?.usage ?? { input: 10, output: 5 });
  if (!request.stream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.whole(steps)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${randomUUID()}` });
  const gone = new Promise<'gone'>((resolve) => response.once('close', () => resolve('gone')));
  response.write(answer.start());
  for (const step of steps) {
    if (typeof step === 'object' && 'cut' in step) {
      // Half an event: what a dropped connection leaves behind.
      response.write('event: content_block_delta\ndata: {"type":"content_bl');
      response.destroy();
      return;
    }
    if (step instanceof Promise) {
      if ((await Promise.race([step, gone])) === 'gone') return;
    } else if (typeof step === 'string' || 'tool' in step) response.write(answer.step(step));
  }
  response.end(answer.end());
}

/** The state of one streamed message. */
class Answer {
  #index = -1;
  #open = false;
  #tools = false;
  readonly #id = `msg_${randomUUID().replaceAll('-', '')}`;
  constructor(
    private readonly model: string,
    private readonly usage: Usage['usage'],
  ) {}

  start(): string {
    return event({ type: 'message_start', message: this.#message([], null) }) + event({ type: 'ping' });
  }

  step(step: string | ToolCall): string {
    if (typeof step === 'string') {
      const head = this.#open ? '' : this.#block({ type: 'text', text: '' });
      this.#open = true;
      return head + this.#delta({ type: 'text_delta', text: step });
    }
    const closed = this.#close();
    this.#tools = true;
    const block = this.#block({ type: 'tool_use', id: toolId(step.id), name: step.tool, input: {} });
    const input = this.#delta({ type: 'input_json_delta', partial_json: JSON.stringify(step.input) });
    this.#open = true;
    return closed + block + input + this.#close();
  }

  end(): string {
    return (
      this.#close() +
      event({
        type: 'message_delta',
        delta: { stop_reason: this.#tools ? 'tool_use' : 'end_turn', stop_sequence: null },
        usage: { output_tokens: this.usage.output },
      }) +
      event({ type: 'message_stop' })
    );
  }

  whole(steps: readonly Step[]): object {
    const content = steps.flatMap((step): object[] => {
      if (typeof step === 'string') return [{ type: 'text', text: step }];
      return 'tool' in step
        ? [{ type: 'tool_use', id: toolId(step.id), name: step.tool, input: step.input }]
        : [];
    });
    return this.#message(content, 'end_turn');
  }

  #message(content: readonly object[], stop_reason: string | null): object {
    const usage = { input_tokens: this.usage.input, output_tokens: this.usage.output };
    return {
      id: this.#id,
      type: 'message',
      role: 'assistant',
      model: this.model,
      content,
      stop_reason,
      usage,
    };
  }

  #block(content_block: object): string {
    this.#index += 1;
    return event({ type: 'content_block_start', index: this.#index, content_block });
  }

  #delta(delta: object): string {
    return event({ type: 'content_block_delta', index: this.#index, delta });
  }

  #close(): string {
    if (!this.#open) return '';
    this.#open = false;
    return event({ type: 'content_block_stop', index: this.#index });
  }
}

function toolId(given: string | undefined): string {
  return given ?? `toolu_${randomUUID().replaceAll('-', '')}`;
}

function event(data: { readonly type: string; readonly [key: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}
