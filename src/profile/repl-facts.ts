/** What the engine needs of a program that is known by its prompt, ready for use. */
import { parseKey } from '../panes/keys.js';
import type { ReplPrompt } from './contract.js';

export interface ReplFacts {
  readonly prompt: RegExp;
  /** The same at the end of a line that output without a newline has begun. */
  readonly promptEnd?: RegExp;
  readonly continuation?: RegExp;
  readonly finish?: string;
  /** Bytes of the key. */
  readonly cancel: string;
  readonly abandon: readonly string[];
  /** Bytes of the key. */
  readonly unindent?: string;
}

export function replFacts(repl: ReplPrompt): ReplFacts {
  return {
    prompt: new RegExp(repl.prompt),
    ...(repl.prompt.startsWith('^') && { promptEnd: new RegExp(repl.prompt.slice(1)) }),
    ...(repl.continuation === undefined ? {} : { continuation: new RegExp(repl.continuation) }),
    ...(repl.finish === undefined ? {} : { finish: repl.finish }),
    cancel: parseKey(repl.cancel ?? 'C-c').bytes(false),
    abandon: repl.abandon ?? [],
    ...(repl.unindent === undefined ? {} : { unindent: parseKey(repl.unindent).bytes(false) }),
  };
}
