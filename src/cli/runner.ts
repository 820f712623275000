/** What a command is: a function that resolves with the exit status. */
import type { Invocation } from './arguments.js';

/** What every command knows of the program that it is part of. */
export interface Program {
  readonly version: string;
  /** A line for people, on stderr. */
  readonly log: (line: string) => void;
}

export type Runner = (invocation: Invocation, program: Program) => Promise<number>;
