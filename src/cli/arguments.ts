/** What somebody typed behind `panewright`, as what is to be done. Nothing is guessed: what is unknown is an error. */
import { CommanderError } from 'commander';
import { LEAVES } from '../config/leaves.js';
import type { Flags } from '../config/text.js';
import { COMMAND_NAMES, type CommandName, type CommandOption } from './commands.js';
import { parserOf, type Chosen } from './parser.js';

/** What was asked for on the command line. */
export type Command =
  | { readonly kind: 'serve'; readonly config: string | undefined; readonly flags: Flags }
  | ({ readonly kind: 'run' } & Invocation)
  /** @param text for stdout: the help or the version; the exit status is 0 */
  | { readonly kind: 'told'; readonly text: string }
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

/**
 * @param argv arguments after the program's name
 * @param version what `--version` prints
 */
export function commandOf(argv: readonly string[], version = ''): Command {
  let text = '';
  let chosen: Chosen | undefined;
  const parse = () => {
    const parser = parserOf(version, (command) => (chosen = command));
    return parser.configureOutput({ writeOut: (part) => (text += part) });
  };
  const words = spelledOut(argv);
  try {
    const server = parse();
    const { operands, unknown } = server.parseOptions([...words]);
    if (operands.length + unknown.length === 0) return { kind: 'serve', ...given(server.opts()) };
    const parser = parse().parse(words, { from: 'user' });
    if (!chosen) return wrong('a command is missing');
    const { config, flags } = given(parser.opts());
    const { name, options, words: typed } = chosen;
    const problem = name === 'serve' ? keepAddress(options.http, flags) : null;
    const set = new Set(Object.keys(options) as CommandOption[]);
    return problem === null
      ? { kind: 'run', name, words: typed, options: set, config, flags }
      : wrong(problem);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'told', text };
    if (error.code === 'commander.help') return wrong(`a command is missing: ${groupIn(words)}`);
    return wrong(
      error.message
        .replace(/^error: /, '')
        .replace(/\n/g, ' ')
        .replace(/\.$/, ''),
    );
  }
}

const wrong = (reason: string): Command => ({ kind: 'wrong', reason });

/** The commands of the group that was named alone: `panewright config show`. */
const groupIn = (words: readonly string[]): string =>
  COMMAND_NAMES.filter((name) => words.includes(name.split(' ')[0] ?? ''))
    .map((name) => `panewright ${name}`)
    .join(', ');

/** `--write-enabled` and `--no-write-enabled` as `=true` and `=false`: they take no next word but one of these two. */
function spelledOut(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const words: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const leaf = LEAVES.find(({ flag, type }) => type === 'boolean' && flag === word.replace(/^--no-/, '--'));
    if (leaf === undefined || leaf.flag === null || (end !== -1 && at > end)) {
      words.push(word);
      continue;
    }
    const next = argv[at + 1] ?? '';
    const isSaid = word === leaf.flag && /^(true|false)$/.test(next);
    words.push(`${leaf.flag}=${isSaid ? next : String(word === leaf.flag)}`);
    if (isSaid) at++;
  }
  return words;
}

/** What the parser found, by the paths of the configuration. */
function given(options: Readonly<Record<string, unknown>>): {
  config: string | undefined;
  flags: Record<string, string[]>;
} {
  const camel = (flag: string): string =>
    flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const typed = LEAVES.flatMap(({ path, flag }) => {
    const texts = flag === null ? undefined : options[camel(flag)];
    return texts === undefined ? [] : [[path, texts as string[]] as const];
  });
  return { config: options['config'] as string | undefined, flags: Object.fromEntries(typed) };
}

/** `HOST:PORT`, `[::1]:PORT`, `HOST`, `:PORT` or `PORT`, put with the keys that it stands for. */
function keepAddress(address: string | true | undefined, flags: Record<string, string[]>): string | null {
  if (address === undefined)
    return 'serve needs --http; over stdin and stdout the server is `panewright` alone';
  if (address === true) return null;
  const port = /^:?(\d+)$/.exec(address)?.[1];
  const both = /^(\[[0-9a-f:.]+\]|[^:\s/]+)(?::(\d+))?$/i.exec(address);
  if (port !== undefined) flags['http.port'] = [port];
  else if (both?.[1] !== undefined) {
    flags['http.host'] = [both[1]];
    if (both[2] !== undefined) flags['http.port'] = [both[2]];
  } else return `${JSON.stringify(address)} is no address; write HOST:PORT, [::1]:PORT, HOST or PORT`;
  return null;
}
