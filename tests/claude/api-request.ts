/** Reads what Claude Code asks the Messages API, and tells the conversation from side requests. */
import type { IncomingMessage } from 'node:http';
import { text as readAll } from 'node:stream/consumers';

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly tool_use_id?: string;
  readonly content?: unknown;
  readonly is_error?: boolean;
}

interface Message {
  readonly role: string;
  readonly content: string | readonly Block[];
}

/** How the program introduces what the user said in the middle of a turn. */
const STEERED = 'The user sent a new message while you were working:';

/** One `POST /v1/messages`. */
export interface ApiRequest {
  /** Last text block of the last message with role `user`, leaving out reminders that the program adds. */
  readonly prompt: string;
  /** All text blocks of that message: a prompt after a failed or interrupted one is merged with it. */
  readonly texts: readonly string[];
  /** True when the turn goes on after a tool, whether or not the user steered it meanwhile. */
  readonly followUp: boolean;
  /** Results of tools in that message; after a refused tool they precede the next prompt. */
  readonly toolResults: readonly { readonly id: string; readonly content: string; readonly error: boolean }[];
  /** False for what is asked beside the conversation: titles, suggestions, quota checks. */
  readonly conversation: boolean;
  readonly stream: boolean;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly body: Record<string, unknown>;
}

/** Parses a request; undefined when it is not for a message. */
export async function readRequest(incoming: IncomingMessage): Promise<ApiRequest | undefined> {
  const path = new URL(incoming.url ?? '/', 'http://api').pathname;
  const raw = await readAll(incoming);
  if (incoming.method !== 'POST' || path !== '/v1/messages') return undefined;
  const body = JSON.parse(raw) as Record<string, unknown>;
  const messages = (body['messages'] ?? []) as readonly Message[];
  const last = messages.findLast((message) => message.role === 'user');
  const blocks: readonly Block[] =
    typeof last?.content === 'string' ? [{ type: 'text', text: last.content }] : (last?.content ?? []);
  const texts = blocks
    .filter((block) => block.type === 'text')
    .map((block) => block.text ?? '')
    .filter((text) => !text.startsWith('<system-reminder>'));
  const toolResults = blocks
    .filter((block) => block.type === 'tool_result')
    .map((block) => ({
      id: block.tool_use_id ?? '',
      content: typeof block.content === 'string' ? block.content : JSON.stringify(block.content),
      error: block.is_error === true,
    }));
  const prompt = texts.at(-1) ?? '';
  return {
    prompt,
    followUp: toolResults.length > 0 && (prompt === '' || prompt.startsWith(STEERED)),
    texts,
    toolResults,
    conversation: Array.isArray(body['tools']) && body['tools'].length > 0,
    stream: body['stream'] === true,
    model: String(body['model']),
    messages,
    body,
  };
}
