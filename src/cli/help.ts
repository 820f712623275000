/** Text of `--help`, from the schema. */
import { LEAVES, type Leaf } from '../config/leaves.js';
import { COMMANDS, COMMAND_OPTIONS } from './commands.js';

function form(leaf: Leaf): string {
  const value = { boolean: '', integer: ' N', number: ' SECONDS', string: ' TEXT', list: ' A,B' }[leaf.type];
  return `${leaf.flag ?? ''}${value}`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(',');
  return String(value);
}

function paragraph(leaf: Leaf): string {
  return `  ${form(leaf)}\n      ${leaf.description}\n      Default: ${shown(leaf.default)}. Environment: ${leaf.env}`;
}

const commands = (): string =>
  Object.entries(COMMANDS)
    .map(([name, { usage, summary }]) => `  ${name} ${usage}\n      ${summary}`)
    .join('\n');

const options = (): string =>
  Object.entries(COMMAND_OPTIONS)
    .map(([name, meaning]) => `  --${name}\n      ${meaning}.`)
    .join('\n');

export function helpText(version: string): string {
  return `panewright ${version}: an MCP server that controls tmux panes.

Usage: panewright [--config PATH] [options]
       panewright COMMAND [--config PATH] [options]

Without a command it serves the Model Context Protocol on stdin and stdout, and ends when stdin does.

Commands:

${commands()}

Exit status: 0 when all is well, 1 when a tool reports an error, a check fails or the command cannot do its
work, 2 when the command line is wrong. A server that is told to end (SIGTERM, SIGINT) ends with 0.

${options()}
  --config PATH
      Configuration file (JSON or YAML) instead of ~/.config/panewright/config.json.
  --version, -v
  --help, -h

Options that win over the environment and the file (--no-write-enabled turns off what is on):

${LEAVES.filter((leaf) => leaf.flag !== null)
  .map(paragraph)
  .join('\n')}
`;
}
