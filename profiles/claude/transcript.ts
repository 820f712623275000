/**
 * Reads the conversation that Claude Code (2.1.329) writes down as JSON lines. Only here are answers byte for
 * byte: the Stop hook trims them.
 */
import { join } from 'node:path';
import type { AgentRecord, AgentTurn, AgentUsage, RecordReader } from '../../src/profile/contract.js';
import { readCommand, readOutput, unknownCommand } from './command.js';
import { failureClass } from './events.js';
import { jsonObject } from './json.js';

interface Block {
  readonly type?: string;
  readonly text?: string;
}

interface Entry {
  readonly type?: string;
  readonly subtype?: string;
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
  readonly promptSubmitEnding?: { readonly ending?: { readonly kind?: string; readonly reason?: string } };
  readonly attachment?: { readonly type?: string; readonly prompt?: unknown };
  readonly message?: {
    readonly id?: string;
    readonly model?: string;
    readonly content?: string | readonly Block[];
    readonly stop_reason?: string | null;
    readonly usage?: Partial<AgentUsage>;
  };
}

type Prompt = AgentTurn['prompts'][number];
type Building = { -readonly [Key in keyof AgentTurn]: AgentTurn[Key] } & { prompts: Prompt[] };

const NOTHING: AgentUsage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};

/** What the program says in the model's name, such as "No response requested." when it goes on after a crash. */
const SYNTHETIC = '<synthetic>';

/** Claude Code names the folder after the directory, every character but letters and digits a dash. */
export function transcriptFile(home: string, directory: string, conversation: string): string {
  return join(home, 'projects', directory.replaceAll(/[^A-Za-z0-9]/g, '-'), `${conversation}.jsonl`);
}

export function recordReader(): RecordReader {
  const reader = new Reader();
  return {
    add: (lines) => {
      reader.add(lines);
    },
    record: reader,
  };
}

/** The record in a whole transcript. */
export function readRecord(transcript: string): AgentRecord {
  const reader = recordReader();
  reader.add(transcript);
  return { turns: reader.record.turns, queued: reader.record.queued };
}

/** Lines of kinds that are not known are passed over. */
class Reader implements AgentRecord {
  readonly turns: Building[] = [];
  readonly queued: string[] = [];
  said = false;
  /** The turn to which the model's messages belong; a command that the program runs itself may stand behind it. */
  #turn: Building | undefined;
  /** The command to which output belongs. */
  #command: Building | undefined;
  /** Of the messages of the present turn: one message is written as one entry per block. */
  readonly #usages = new Map<string, Partial<AgentUsage>>();
  #answerId: string | undefined;
  #answered = false;

  add(lines: string): void {
    for (const line of lines.split('\n')) {
      const entry: Entry | undefined = jsonObject(line);
      if (!entry || entry.isSidechain === true) continue;
      this.said ||= entry.type === 'user' || entry.type === 'assistant';
      if (entry.type === 'queue-operation') this.#queue(entry);
      else if (entry.type === 'user') this.#user(entry);
      else if (entry.type === 'assistant') this.#assistant(entry);
      else if (entry.type === 'system') this.#system(entry);
      else if (entry.attachment?.type === 'queued_command') this.#steered(entry.attachment.prompt);
    }
  }

  #queue({ operation, content }: Entry): void {
    const { queued } = this;
    if (operation === 'enqueue') queued.push(content ?? '');
    else if (operation === 'dequeue') queued.shift();
    else if (operation === 'remove' || operation === 'popAll') {
      const at = queued.indexOf(content ?? '');
      if (at >= 0) queued.splice(at, 1);
      else if (content === undefined) queued.length = 0;
    }
  }

  #user(entry: Entry): void {
    const text = textOf(entry);
    const turn = this.#turn;
    if (
      turn &&
      (entry.interruptedMessageId !== undefined || text.startsWith('[Request interrupted by user'))
    ) {
      turn.outcome = 'interrupted';
      return;
    }
    if (entry.isMeta === true) return;
    const id = entry.promptId === undefined ? {} : { id: entry.promptId };
    const command = readCommand(text);
    if (command) this.#ran({ ...id, text: command.text, how: 'command' }, command.local);
    else if (readOutput(text) !== undefined) this.#printed(readOutput(text) ?? '');
    // Results of tools and what the program says on its own behalf have no source.
    else if (entry.promptSource !== undefined) {
      const how = entry.promptSource === 'queued' ? 'queued' : 'typed';
      const joins =
        how === 'queued' && turn && !this.#answered && turn.prompts.every((p) => p.how === 'queued');
      if (joins && turn.outcome === 'running') turn.prompts.push({ ...id, text, how });
      else this.#begin({ ...id, text, how });
    }
  }

  #begin(prompt: Prompt): void {
    this.#turn = begin(prompt);
    this.turns.push(this.#turn);
    this.#usages.clear();
    this.#answerId = undefined;
    this.#answered = false;
  }

  /** @param local the program carries it out itself; otherwise it is a prompt to the model */
  #ran(prompt: Prompt, local: boolean): void {
    if (!local) this.#begin(prompt);
    else {
      this.#command = { ...begin(prompt), outcome: 'completed' };
      this.turns.push(this.#command);
    }
  }

  #printed(output: string): void {
    if (this.#command) this.#command.answer += output;
  }

  #system({ subtype, content = '', promptSubmitEnding }: Entry): void {
    if (promptSubmitEnding?.ending) this.#refused(content, promptSubmitEnding.ending.reason ?? content);
    const unknown = subtype === 'informational' ? unknownCommand(content) : undefined;
    if (unknown !== undefined) {
      const failure = { class: 'other', message: content } as const;
      this.turns.push({ ...begin({ text: unknown, how: 'command' }), outcome: 'failed', failure });
    }
    if (subtype !== 'local_command') return;
    const command = readCommand(content);
    if (command) this.#ran({ text: command.text, how: 'command' }, true);
    else this.#printed(readOutput(content) ?? '');
  }

  /** A hook of the user's blocked the prompt, which is given back, or stopped the turn, and the prompt is kept. */
  #refused(content: string, reason: string): void {
    const failure = { class: 'other', message: `A hook refused the prompt: ${reason}` } as const;
    const [, text] = /\n\nOriginal prompt: ([^]*)$/.exec(content) ?? [];
    if (text !== undefined)
      this.turns.push({ ...begin({ text, how: 'typed' }), outcome: 'failed', failure, refused: true });
    else if (this.#turn?.outcome === 'running') Object.assign(this.#turn, { outcome: 'failed', failure });
  }

  #steered(prompt: unknown): void {
    if (typeof prompt === 'string') this.#turn?.prompts.push({ text: prompt, how: 'steered' });
  }

  #assistant(entry: Entry): void {
    const turn = this.#turn;
    if (!turn || !entry.message) return;
    const { id, model, stop_reason: reason, usage } = entry.message;
    if (entry.isApiErrorMessage === true) {
      const message = textOf(entry);
      this.#answered = true;
      turn.outcome = 'failed';
      turn.failure = { class: failureClass(entry.error ?? '', message, entry.apiErrorStatus), message };
      return;
    }
    if (model === SYNTHETIC) {
      if (turn.outcome === 'running') turn.outcome = 'interrupted';
      return;
    }
    this.#answered = true;
    if (model !== undefined) turn.model = model;
    if (usage && id !== undefined) {
      this.#usages.set(id, usage);
      turn.usage = total([...this.#usages.values()]);
    }
    turn.answer = id !== undefined && id === this.#answerId ? turn.answer + textOf(entry) : textOf(entry);
    this.#answerId = id;
    if (entry.isAbortedMidStream === true) turn.outcome = 'interrupted';
    else turn.outcome = reason == null || reason === 'tool_use' ? 'running' : 'completed';
  }
}

function textOf(entry: Entry): string {
  const content = entry.message?.content;
  if (typeof content === 'string') return content;
  return (content ?? []).map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('');
}

function begin(prompt: Prompt): Building {
  return { prompts: [prompt], outcome: 'running', answer: '', usage: NOTHING };
}

function total(usages: readonly Partial<AgentUsage>[]): AgentUsage {
  const sum = (key: keyof AgentUsage): number =>
    usages.reduce((amount, usage) => amount + (usage[key] ?? 0), 0);
  return {
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    cache_read_input_tokens: sum('cache_read_input_tokens'),
    cache_creation_input_tokens: sum('cache_creation_input_tokens'),
  };
}
