/**
 * Reads the conversation that Claude Code (2.1.329) writes down as JSON lines. Only here are answers byte for
 * byte: the Stop hook trims them.
 */
import { join } from 'node:path';
import type { AgentRecord, AgentTurn, AgentUsage } from '../../src/profile/contract.js';
import { failureClass } from './events.js';
import { jsonObject } from './json.js';

interface Block {
  readonly type?: string;
  readonly text?: string;
}

interface Entry {
  readonly type?: string;
  readonly isSidechain?: boolean;
  readonly isMeta?: boolean;
  readonly promptId?: string;
  readonly promptSource?: string;
  readonly operation?: string;
  readonly content?: string;
  readonly isApiErrorMessage?: boolean;
  readonly isAbortedMidStream?: boolean;
  readonly error?: string;
  readonly apiErrorStatus?: number;
  readonly interruptedMessageId?: string;
  readonly attachment?: { readonly type?: string; readonly prompt?: unknown };
  readonly message?: {
    readonly id?: string;
    readonly model?: string;
    readonly content?: string | readonly Block[];
    readonly stop_reason?: string | null;
    readonly usage?: Partial<AgentUsage>;
  };
}

type Building = { -readonly [Key in keyof AgentTurn]: AgentTurn[Key] } & {
  prompts: AgentTurn['prompts'][number][];
  readonly usages: Map<string, Partial<AgentUsage>>;
  answerId: string | undefined;
  answered: boolean;
};

/** Claude Code names the folder after the directory, every character but letters and digits a dash. */
export function transcriptFile(home: string, directory: string, conversation: string): string {
  return join(home, 'projects', directory.replaceAll(/[^A-Za-z0-9]/g, '-'), `${conversation}.jsonl`);
}

/** Half a line at the end, and lines of kinds that are not known, are passed over. */
export function readRecord(transcript: string): AgentRecord {
  const turns: Building[] = [];
  const queued: string[] = [];
  for (const line of transcript.split('\n')) {
    const entry: Entry | undefined = jsonObject(line);
    if (!entry || entry.isSidechain === true) continue;
    if (entry.type === 'queue-operation') queue(queued, entry);
    else if (entry.type === 'user') user(turns, entry);
    else if (entry.type === 'assistant') assistant(turns.at(-1), entry);
    else if (entry.attachment?.type === 'queued_command') steered(turns.at(-1), entry.attachment.prompt);
  }
  return { turns: turns.map(finish), queued };
}

function queue(queued: string[], { operation, content }: Entry): void {
  if (operation === 'enqueue') queued.push(content ?? '');
  else if (operation === 'dequeue') queued.shift();
  else if (operation === 'remove' || operation === 'popAll') {
    const at = queued.indexOf(content ?? '');
    if (at >= 0) queued.splice(at, 1);
    else if (content === undefined) queued.length = 0;
  }
}

function user(turns: Building[], entry: Entry): void {
  const text = textOf(entry);
  const turn = turns.at(-1);
  if (turn && (entry.interruptedMessageId !== undefined || text.startsWith('[Request interrupted by user'))) {
    turn.outcome = 'interrupted';
    return;
  }
  // Results of tools and what the program says on its own behalf have no source.
  if (entry.promptSource === undefined || entry.isMeta === true) return;
  const how = entry.promptSource === 'queued' ? 'queued' : 'typed';
  const prompt = { ...(entry.promptId === undefined ? {} : { id: entry.promptId }), text, how } as const;
  const joins = how === 'queued' && turn && !turn.answered && turn.prompts.every((p) => p.how === 'queued');
  if (joins && turn.outcome === 'running') turn.prompts.push(prompt);
  else turns.push(begin(prompt));
}

function steered(turn: Building | undefined, prompt: unknown): void {
  if (turn && typeof prompt === 'string') turn.prompts.push({ text: prompt, how: 'steered' });
}

function assistant(turn: Building | undefined, entry: Entry): void {
  if (!turn || !entry.message) return;
  const { id, model, stop_reason: reason, usage } = entry.message;
  turn.answered = true;
  if (entry.isApiErrorMessage === true) {
    const message = textOf(entry);
    turn.outcome = 'failed';
    turn.failure = { class: failureClass(entry.error ?? '', message, entry.apiErrorStatus), message };
    return;
  }
  if (model !== undefined) turn.model = model;
  if (usage && id !== undefined) turn.usages.set(id, usage);
  // One message is written as one entry per block.
  turn.answer = id !== undefined && id === turn.answerId ? turn.answer + textOf(entry) : textOf(entry);
  turn.answerId = id;
  if (entry.isAbortedMidStream === true) turn.outcome = 'interrupted';
  else turn.outcome = reason == null || reason === 'tool_use' ? 'running' : 'completed';
}

function textOf(entry: Entry): string {
  const content = entry.message?.content;
  if (typeof content === 'string') return content;
  return (content ?? []).map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('');
}

function begin(prompt: AgentTurn['prompts'][number]): Building {
  return {
    prompts: [prompt],
    outcome: 'running',
    answer: '',
    usage: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    usages: new Map(),
    answerId: undefined,
    answered: false,
  };
}

function finish({ usages, answerId: _id, answered: _answered, ...turn }: Building): AgentTurn {
  const sum = (key: keyof AgentUsage): number =>
    [...usages.values()].reduce((total, usage) => total + (usage[key] ?? 0), 0);
  return {
    ...turn,
    usage: {
      input_tokens: sum('input_tokens'),
      output_tokens: sum('output_tokens'),
      cache_read_input_tokens: sum('cache_read_input_tokens'),
      cache_creation_input_tokens: sum('cache_creation_input_tokens'),
    },
  };
}
