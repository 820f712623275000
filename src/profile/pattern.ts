/**
 * A caller's regular expression, run with a bound: a pattern that backtracks for ever must not stop the server.
 */
import { createContext, Script } from 'node:vm';
import { PanewrightError } from '../errors.js';

/** Longest time that one search may take, in milliseconds. */
const SEARCH_MS = 100;
/** How often it is tried where the machine gave it no time. */
const MOST_TRIES = 10;

export class Pattern {
  readonly source: string;
  readonly #sandbox: { text: string; pattern: RegExp };
  readonly #context: object;
  static readonly #search = new Script('pattern.exec(text)');

  constructor(source: string) {
    this.source = source;
    let pattern: RegExp;
    try {
      pattern = new RegExp(source, 'm');
    } catch (error) {
      throw new PanewrightError(
        'INVALID_ARGUMENT',
        `pattern is no regular expression: ${(error as Error).message}.`,
        'Escape the characters ( ) [ ] { } . * + ? ^ $ | \\ that are meant literally.',
      );
    }
    this.#sandbox = { text: '', pattern };
    this.#context = createContext(this.#sandbox);
  }

  /** The first match in the text, or null. */
  search(text: string): { text: string; index: number } | null {
    this.#sandbox.text = text;
    for (let tries = 1; ; tries++) {
      const before = process.cpuUsage();
      try {
        const match = Pattern.#search.runInContext(this.#context, {
          timeout: SEARCH_MS,
        }) as RegExpExecArray | null;
        return match && { text: match[0], index: match.index };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
        // The bound is on the clock: on a machine that does other things it says nothing of the pattern.
        const { user, system } = process.cpuUsage(before);
        const isStarved = (user + system) / 1_000 < SEARCH_MS / 2;
        if (!isStarved || tries === MOST_TRIES) throw tooSlow();
      }
    }
  }
}

function tooSlow(): PanewrightError {
  return new PanewrightError(
    'INVALID_ARGUMENT',
    `pattern took more than ${SEARCH_MS} ms on the output: it backtracks too much.`,
    'Use a simpler pattern, without nested repetitions.',
  );
}
