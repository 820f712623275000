/**
 * The command line as its parser (commander) knows it: commands from the table, flags from the configuration
 * schema. Nothing is done here; what was asked for is handed to `chosen`.
 */
import { Command as Parser, InvalidArgumentError, Option } from 'commander';
import { LEAVES, type Leaf } from '../config/leaves.js';
import { COMMANDS, COMMAND_NAMES, COMMAND_OPTIONS, GROUPS } from './commands.js';
import type { CommandFacts, CommandName, CommandOption } from './commands.js';

/** A command that was found on the command line. */
export interface Chosen {
  readonly name: CommandName;
  readonly words: readonly string[];
  /** Values by option: `true` where it has none. */
  readonly options: Readonly<Partial<Record<CommandOption, string | true>>>;
}

const CONFIGURATION = 'Options of the configuration (each wins over its environment variable and the file):';
const WIDTH = 110;

/** @param chosen called when a command was found; not called for the plain server, `--help` and `--version` */
export function parserOf(version: string, chosen: (command: Chosen) => void): Parser {
  const parser = new Parser('panewright')
    .description(
      'An MCP server that controls tmux panes. Without a command it serves MCP on stdin and stdout.',
    )
    .version(version, '-v, --version', 'Print the version')
    .helpOption('-h, --help', 'Print this; `panewright COMMAND --help` tells about a command')
    .usage('[--config PATH] [options] [command]')
    .helpCommand('help [command]', 'Tell about a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      getOutHelpWidth: () => Math.min(process.stdout.columns ?? WIDTH, WIDTH),
      outputError: () => undefined, // the caller words it
      writeErr: () => undefined,
    })
    .configureHelp({
      subcommandTerm: (one) => termOf(one),
      subcommandDescription: (one) => onlyIn(one).summary() || one.description(),
    })
    .addOption(
      new Option(
        '--config <path>',
        'Configuration file, JSON or YAML; default ~/.config/panewright/',
      ).argParser(value),
    )
    .addHelpText('after', `\n${STATUS}`);
  parser.optionsGroup(CONFIGURATION);
  for (const leaf of LEAVES) if (leaf.flag !== null) parser.addOption(optionOf(leaf));
  const groups = new Map<string, Parser>();
  for (const name of COMMAND_NAMES) {
    const [first = '', second] = name.split(' ');
    if (second !== undefined && !groups.has(first))
      groups.set(first, parser.command(first).description(GROUPS[first] ?? ''));
    const facts: CommandFacts = COMMANDS[name];
    const command = (groups.get(first) ?? parser).command(second ?? first);
    if (facts.takes !== '') command.arguments(facts.takes);
    for (const option of facts.options) command.option(...COMMAND_OPTIONS[option]);
    command
      .description(`${facts.summary}.`)
      .summary(facts.summary)
      .addHelpText(
        'after',
        `\n${facts.more}\n\nOptions of the configuration count here, too: see panewright --help.`,
      )
      .action(() => chosen({ name, words: command.args, options: command.opts() }));
  }
  return parser;
}

const STATUS = `Exit status:
  0  all is well; also that of a server whose client has gone, or that was told to end
  1  a tool reports an error, a check fails, or the command cannot do its work
  2  the command line is wrong`;

/** A group of one command is listed as that command: `config show` rather than `config`. */
const onlyIn = (command: Parser): Parser => command.commands[0] ?? command;

function termOf(command: Parser): string {
  const only = onlyIn(command);
  const names = only === command ? [command.name()] : [command.name(), only.name()];
  const takes = only.registeredArguments.map((one) => {
    const name = one.variadic ? `${one.name()}...` : one.name();
    return one.required ? `<${name}>` : `[${name}]`;
  });
  return [...names, ...takes].join(' ');
}

/** Booleans arrive as `--flag=true`, see `spelledOut`. */
function optionOf(leaf: Leaf): Option {
  const form = { boolean: '[boolean]', integer: '<n>', number: '<seconds>', string: '<text>', list: '<a,b>' };
  const facts = `default ${shown(leaf.default)}, env ${leaf.env}`;
  return new Option(`${leaf.flag ?? ''} ${form[leaf.type]}`, `${leaf.description} (${facts})`).argParser(
    (text, before: readonly string[] | undefined) => [...(before ?? []), value(text)],
  );
}

/** A value that looks like a flag is a value that was forgotten. */
function value(text: string): string {
  if (text.startsWith('--')) throw new InvalidArgumentError('It needs a value, and this is an option.');
  return text;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',');
  return value === null ? 'none' : JSON.stringify(value).replaceAll('"', '');
}
