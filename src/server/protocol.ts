/**
 * The toolbox as an MCP server, whatever the transport. The toolbox is made at the first request that needs it,
 * so that `initialize`, and the unknown methods that clients probe with, are answered before anything is loaded.
 */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { PanewrightError } from '../errors.js';
import type { Toolbox } from '../tools/toolbox.js';
import { CAPABILITIES, serverInfo, type Identity } from './greeting.js';
import type { CallHandler } from './lane.js';
import { progressOf } from './progress.js';
import { servePrompts } from './prompts.js';
import { serveResources } from './resources.js';
import { callResult } from './result.js';

export interface ServeOptions extends Identity {
  /** Makes the toolbox; called once, and again only after it failed. */
  readonly toolbox: () => Promise<Toolbox>;
  /** One line for people, without a newline at its end. */
  readonly log: (line: string) => void;
  /** Cancels every call, which are then still answered: the process is to end. */
  readonly signal?: AbortSignal;
}

/** A server that is not connected yet, and what its transport must know to end it well. */
export interface Served {
  readonly server: Server;
  /** Answers a tool call; the server does the same with those that reach it. */
  readonly call: CallHandler;
  /** Settles when no request is being worked on. */
  idle(): Promise<void>;
  /** Ends what the toolbox holds, if it was ever made. */
  close(): Promise<void>;
  /** To be called when the client is gone, where the toolbox lives on for others. */
  disconnected(): void;
}

/** JSON-RPC codes of the MCP specification. */
const RESOURCE_NOT_FOUND = -32002;
const INTERNAL_ERROR = -32603;

/** An error that the SDK sends as it is. */
class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

const rpcError = (error: unknown): RpcError =>
  error instanceof PanewrightError
    ? new RpcError(RESOURCE_NOT_FOUND, error.text)
    : new RpcError(INTERNAL_ERROR, `INTERNAL: ${error instanceof Error ? error.message : String(error)}`);

/** The SDK would build its ajv validator for questions to the user, which we never ask. */
const noValidator = {
  getValidator(): never {
    throw new Error('elicitation is not used');
  },
};

export function createServer({ toolbox, version, instructions, log, signal }: ServeOptions): Served {
  const running = new Set<Promise<unknown>>();
  let made: Promise<Toolbox> | undefined;
  const tools = (): Promise<Toolbox> => {
    made ??= toolbox().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  /** Counts a request as running until it is answered, and words its failure. */
  const counted = <T>(work: (toolbox: Toolbox) => Promise<T>): Promise<T> => {
    const promise = tools()
      .then(work)
      .catch((error: unknown) => {
        throw rpcError(error);
      });
    running.add(promise);
    const forget = (): void => void running.delete(promise);
    promise.then(forget, forget);
    return promise;
  };

  const server = new Server(serverInfo({ version, instructions }), {
    capabilities: CAPABILITIES,
    instructions,
    jsonSchemaValidator: noValidator,
  });
  server.onerror = (error) => log(`[panewright] ${error.message}`);
  server.setRequestHandler(ListToolsRequestSchema, () =>
    counted(async (box) => ({ tools: (await box.list()).map((tool) => ({ ...tool })) })),
  );
  const call: CallHandler = (params, extra) =>
    counted(async (box) => {
      const progress = progressOf(extra);
      const client = server.getClientVersion()?.name ?? 'unknown';
      const io = {
        signal: signal ? AbortSignal.any([extra.signal, signal]) : extra.signal,
        client,
        progress: progress.report,
      };
      try {
        return callResult(await box.call(params.name, params.arguments ?? {}, io));
      } finally {
        progress.end();
      }
    });
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => call(params, extra));
  const unsubscribe = serveResources(server, counted);
  servePrompts(server, counted);

  return {
    server,
    call,
    async idle() {
      while (running.size > 0) await Promise.allSettled(running);
    },
    async close() {
      await (await made?.catch(() => undefined))?.close();
    },
    disconnected: unsubscribe,
  };
}
