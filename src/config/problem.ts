/**
 * Why a configuration cannot be used: always the place, the key where there is one, and the reason; never a
 * value, because a value may be a token.
 */
import type * as z from 'zod';

export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem';
  constructor(
    /** The file, the environment variable or the flag. */
    readonly where: string,
    readonly reason: string,
  ) {
    super(`${where}: ${reason}`);
  }
}

/** Sentence for one zod issue: `tmux.socket_nam is not a known key`. */
function sentence(issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((name) => JSON.stringify([...at, name].join('.'))).join(', ');
    return `unknown key ${names}`;
  }
  const name = at.length === 0 ? 'the whole' : JSON.stringify(at.join('.'));
  return `${name} is wrong: ${issue.message.replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`;
}

/** The first two issues of a failed parse as one reason; more would bury the first. */
export function reasonOf(error: z.ZodError, known: readonly string[] = []): string {
  const sentences = error.issues.slice(0, 2).map(sentence).join('; ');
  const isUnknown = error.issues.slice(0, 2).some((issue) => issue.code === 'unrecognized_keys');
  return isUnknown && known.length > 0 ? `${sentences} (known: ${known.join(', ')})` : sentences;
}
