/**
 * The command line. Flags are computed from the configuration schema: `--write-enabled`, `--no-write-enabled`,
 * `--allowed-sessions a,b`. Nothing is guessed: what is unknown is an error.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { LEAVES, type Leaf } from '../config/leaves.js';
import type { Flags } from '../config/text.js';
import { COMMANDS, COMMAND_NAMES, COMMAND_OPTIONS, commandIn, type CommandFacts } from './commands.js';
import type { CommandName, CommandOption } from './commands.js';
import { suggestion } from './suggest.js';

/** What was asked for on the command line. */
export type Command =
  | { readonly kind: 'serve'; readonly config?: string | undefined; readonly flags: Flags }
  | ({ readonly kind: 'run' } & Invocation)
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** @param reason a sentence for stderr; the exit status is 2 */
  | { readonly kind: 'wrong'; readonly reason: string };

/** A command by name, with everything that was typed behind it. */
export interface Invocation {
  readonly name: CommandName;
  readonly words: readonly string[];
  readonly options: ReadonlySet<CommandOption>;
  readonly config: string | undefined;
  readonly flags: Flags;
}

const BY_FLAG: ReadonlyMap<string, Leaf> = new Map(
  LEAVES.flatMap((leaf) => (leaf.flag === null ? [] : [[leaf.flag.slice(2), leaf]])),
);

/** Everything is parsed leniently into tokens and judged here, where the message can say what is known. */
const OPTIONS: NonNullable<ParseArgsConfig['options']> = {
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  ...Object.fromEntries(Object.keys(COMMAND_OPTIONS).map((name) => [name, { type: 'boolean' }])),
  ...Object.fromEntries(
    [...BY_FLAG].map(([name, leaf]) => [name, { type: leaf.type === 'boolean' ? 'boolean' : 'string' }]),
  ),
};

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

/** @param argv arguments after the program's name */
export function commandOf(argv: readonly string[]): Command {
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  const flags: Record<string, string[]> = {};
  const words: string[] = [];
  const options = new Set<CommandOption>();
  let config: string | undefined;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      words.push(token.value);
      continue;
    }
    if (token.name === 'help') return { kind: 'help' };
    if (token.name === 'version') return { kind: 'version' };
    if (isOption(token.name)) {
      options.add(token.name);
      if (token.value !== undefined) words.push(token.value);
      continue;
    }
    const problem = token.name === 'config' ? missing(token) : keep(token, flags);
    if (problem !== null) return wrong(problem);
    if (token.name === 'config') config = token.value;
  }
  if (words.length === 0 && options.size === 0) return { kind: 'serve', config, flags };
  return invocation(words, { options, config, flags });
}

const isOption = (name: string): name is CommandOption => Object.hasOwn(COMMAND_OPTIONS, name);

function invocation(
  typed: readonly string[],
  given: Pick<Invocation, 'options' | 'config'> & { flags: Record<string, string[]> },
): Command {
  const found = commandIn(typed);
  const [first = '', second] = typed;
  if (!found && typed.length === 0) return wrong(`unknown option --${[...given.options][0] ?? ''}`);
  if (!found) {
    const known = [...COMMAND_NAMES, ...COMMAND_NAMES.map((name) => name.split(' ')[0] ?? '')];
    const both = suggestion([first, second].filter(Boolean).join(' '), COMMAND_NAMES);
    return wrong(`unexpected argument ${JSON.stringify(first)}${both || suggestion(first, known)}`);
  }
  const { name, rest: words } = found;
  const facts: CommandFacts = COMMANDS[name];
  const [min, max] = facts.takes;
  const stray = [...given.options].find((option) => !facts.options.includes(option));
  if (stray !== undefined) return wrong(`${name} has no option --${stray}`);
  if (words.length < min) return wrong(`${name} needs more: panewright ${name} ${facts.usage}`);
  if (words.length > max) return wrong(`unexpected argument ${JSON.stringify(words[max])} of ${name}`);
  if (name !== 'serve') return { kind: 'run', name, ...given, words };
  if (!given.options.has('http'))
    return wrong('unexpected argument "serve" without --http; over stdio the server is `panewright` alone');
  const problem = keepAddress(words[0], given.flags);
  return problem === null ? { kind: 'run', name, ...given, words } : wrong(problem);
}

/** `HOST:PORT`, `[::1]:PORT`, `HOST`, `:PORT` or `PORT`, put with the keys that it stands for. */
function keepAddress(address: string | undefined, flags: Record<string, string[]>): string | null {
  if (address === undefined) return null;
  const port = /^:?(\d+)$/.exec(address)?.[1];
  const both = /^(\[[0-9a-f:.]+\]|[^:\s/]+)(?::(\d+))?$/i.exec(address);
  if (port !== undefined) flags['http.port'] = [port];
  else if (both?.[1] !== undefined) {
    flags['http.host'] = [both[1]];
    if (both[2] !== undefined) flags['http.port'] = [both[2]];
  } else return `${JSON.stringify(address)} is no address; write HOST:PORT, [::1]:PORT, HOST or PORT`;
  return null;
}

const wrong = (reason: string): Command => ({ kind: 'wrong', reason });

/** A value that looks like a flag is a value that was forgotten; `--x=-1` still says it. */
function missing(token: OptionToken & { inlineValue?: boolean | undefined }): string | null {
  const isForgotten =
    token.value === undefined || (token.inlineValue !== true && token.value.startsWith('--'));
  return isForgotten ? `${token.rawName} needs a value` : null;
}

/** Puts a flag's text with its leaf; returns what is wrong with it, or null. */
function keep(token: OptionToken, flags: Record<string, string[]>): string | null {
  const leaf = BY_FLAG.get(token.name);
  if (leaf?.type === 'boolean') {
    flags[leaf.path] = [token.value ?? 'true'];
    return null;
  }
  const negated = token.name.startsWith('no-') ? BY_FLAG.get(token.name.slice(3)) : undefined;
  if (negated?.type === 'boolean' && token.value === undefined) {
    flags[negated.path] = ['false'];
    return null;
  }
  if (!leaf) {
    const known = [...BY_FLAG.keys(), ...Object.keys(OPTIONS)].map((name) => `--${name}`);
    return `unknown option ${token.rawName}${suggestion(token.rawName, known)}`;
  }
  const problem = missing(token);
  if (problem === null) (flags[leaf.path] ??= []).push(token.value ?? '');
  return problem;
}
