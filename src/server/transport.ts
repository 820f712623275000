/**
 * JSON-RPC messages as lines over two streams. Stands in for the SDK's stdio transport, which ends the
 * connection at a line of 10 MB, leaves a malformed line unanswered, and lets a broken stdout crash the process.
 * It also listens before there is a server to hand messages to, and keeps them for it.
 */
import type { Readable, Writable } from 'node:stream';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { CallLane } from './lane.js';

/** Longest line in bytes that is kept in memory. */
const MAX_LINE = 32 * 1024 * 1024;

const NEWLINE = 0x0a;
const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;

export class LineTransport implements Transport {
  onmessage?: (message: JSONRPCMessage) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** Takes what belongs to it before the server sees it. */
  lane?: CallLane;
  /** Pieces of a line whose end has not come yet. */
  #pieces: Buffer[] = [];
  #length = 0;
  #isTooLong = false;
  /** Messages that came before there was a server. */
  #early: JSONRPCMessage[] | undefined = [];
  /** Id of the request that was answered in the server's place. */
  #greeted: string | number | undefined;

  /** @param greet answers a first message that needs no server; undefined: this one does */
  constructor(
    readonly input: Readable,
    readonly output: Writable,
    readonly greet: (message: JSONRPCMessage) => JSONRPCMessage | undefined = () => undefined,
    readonly maxLine = MAX_LINE,
  ) {}

  /** Reads from now on. Settles when what had been written before has been read. */
  listen(): Promise<void> {
    this.input.on('data', this.#take);
    // Two turns of the event loop: what a client wrote while the process started is seen in the first.
    return new Promise((done) => setImmediate(() => setImmediate(done)));
  }

  start(): Promise<void> {
    if (this.input.listenerCount('data') === 0) this.input.on('data', this.#take);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) this.#deliver(message);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.input.off('data', this.#take);
    this.lane?.close();
    this.onclose?.();
    return Promise.resolve();
  }

  /** Settles when the line is written, or can no longer be: a client that went away is no error of the sender. */
  send(message: JSONRPCMessage): Promise<void> {
    const isSaid = this.#greeted !== undefined && !('method' in message) && message.id === this.#greeted;
    if (!isSaid) return this.#write(message);
    this.#greeted = undefined;
    return Promise.resolve();
  }

  #write(message: unknown): Promise<void> {
    return new Promise((done) => {
      if (this.output.writable) this.output.write(`${JSON.stringify(message)}\n`, () => done());
      else done();
    });
  }

  readonly #take = (chunk: Buffer | string): void => {
    let rest = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      this.#keep(rest.subarray(0, end));
      this.#finishLine();
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
  };

  #keep(piece: Buffer): void {
    if (piece.length === 0 || this.#isTooLong) return;
    this.#length += piece.length;
    this.#isTooLong = this.#length > this.maxLine;
    if (this.#isTooLong) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  #finishLine(): void {
    const line = Buffer.concat(this.#pieces).toString('utf8').trim();
    const isTooLong = this.#isTooLong;
    this.#pieces = [];
    this.#length = 0;
    this.#isTooLong = false;
    if (isTooLong) this.#refuse(INVALID_REQUEST, `the message is longer than ${this.maxLine} bytes`);
    else if (line !== '') this.#dispatch(line);
  }

  #dispatch(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#refuse(PARSE_ERROR, 'the line is not valid JSON');
      return;
    }
    const problem = problemOf(message);
    if (problem === null) this.#receive(message as JSONRPCMessage);
    else this.#refuse(INVALID_REQUEST, problem, idOf(message));
  }

  #deliver(message: JSONRPCMessage): void {
    if (this.lane?.take(message) !== true) this.onmessage?.(message);
  }

  #receive(message: JSONRPCMessage): void {
    if (!this.#early) return this.#deliver(message);
    const answer = this.#early.length === 0 ? this.greet(message) : undefined;
    if (answer && 'id' in answer) {
      this.#greeted = answer.id;
      void this.#write(answer);
    }
    this.#early.push(message);
  }

  #refuse(code: number, message: string, id: string | number | null = null): void {
    this.onerror?.(new Error(`refused a line from the client: ${message}`));
    void this.#write({ jsonrpc: '2.0', id, error: { code, message } });
  }
}

function idOf(message: unknown): string | number | null {
  const id = (message as { id?: unknown } | null)?.id;
  return typeof id === 'string' || (typeof id === 'number' && Number.isInteger(id)) ? id : null;
}

/** What keeps a parsed line from being a JSON-RPC 2.0 request, notification or response; null when nothing does. */
function problemOf(message: unknown): string | null {
  if (typeof message !== 'object' || message === null) return 'a message must be a JSON object';
  if (Array.isArray(message)) return 'batches are not supported; send one message per line';
  const { jsonrpc, method, params } = message as Record<string, unknown>;
  if (jsonrpc !== '2.0') return '"jsonrpc" must be "2.0"';
  const isRequest = typeof method === 'string';
  const isResponse = method === undefined && ('result' in message || 'error' in message);
  if (!isRequest && !isResponse) return '"method" must be a string';
  if ('id' in message && idOf(message) === null && isRequest) return '"id" must be a string or an integer';
  const isStructured = typeof params === 'object' && params !== null && !Array.isArray(params);
  return params === undefined || isStructured ? null : '"params" must be an object';
}
