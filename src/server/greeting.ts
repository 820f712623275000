/**
 * The answer to `initialize`, without the SDK: loading that takes longer than all the rest of a start. The SDK's
 * server is given the request as well, a moment later, and what it answers to it is dropped.
 */
import type { InitializeResult, JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';

/** What the server says of itself. */
export interface Identity {
  readonly version: string;
  /** What a model reads about the tools as a whole. */
  readonly instructions: string;
}

export const serverInfo = ({ version }: Identity) => ({ name: 'panewright', title: 'Panewright', version });

export const CAPABILITIES = { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} };

/** Those of the SDK; a test compares them. A client that asks for another is left to the SDK. */
export const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];

/** The response to a plain `initialize`; undefined for everything else. */
export function greeting(message: JSONRPCMessage, identity: Identity): JSONRPCMessage | undefined {
  if (!('method' in message) || message.method !== 'initialize' || !('id' in message)) return undefined;
  const { protocolVersion, capabilities, clientInfo } = (message.params ?? {}) as Record<string, unknown>;
  const { name, version } = (clientInfo ?? {}) as Record<string, unknown>;
  const isPlain = typeof name === 'string' && typeof version === 'string' && isObject(capabilities);
  if (!isPlain || !PROTOCOL_VERSIONS.includes(protocolVersion as string)) return undefined;
  const result: InitializeResult = {
    protocolVersion: protocolVersion as string,
    capabilities: CAPABILITIES,
    serverInfo: serverInfo(identity),
    instructions: identity.instructions,
  };
  return { jsonrpc: '2.0', id: message.id, result };
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
