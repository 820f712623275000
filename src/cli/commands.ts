/** The commands beside the plain server, as data: what `--help` shows and what the command line is judged by. */

export interface CommandFacts {
  /** What follows the name: `TOOL ['{json}']`. */
  readonly usage: string;
  readonly summary: string;
  /** How many arguments it takes, at least and at most. */
  readonly takes: readonly [min: number, max: number];
  /** Names of the options that it has beside those of the configuration. */
  readonly options: readonly CommandOption[];
}

export type CommandOption = 'http' | 'json' | 'yes';

export const COMMAND_OPTIONS: Readonly<Record<CommandOption, string>> = {
  http: 'Streamable HTTP instead of stdin and stdout; see http.host and http.port',
  json: 'Machine-readable output (init: write JSON instead of YAML)',
  yes: 'Replace an existing file without asking',
};

export const COMMANDS = {
  serve: {
    usage: '--http [HOST:PORT]',
    summary: 'Serve MCP over Streamable HTTP at /mcp; clients must present auth_token.',
    takes: [0, 1],
    options: ['http'],
  },
  doctor: {
    usage: '[--json]',
    summary:
      'Check tmux, shells, agents, the configuration and the socket, and say how to mend what is wrong.',
    takes: [0, 0],
    options: ['json'],
  },
  init: {
    usage: '[--json] [--yes]',
    summary: 'Write a commented configuration file; options given here are set in it. Asks before replacing.',
    takes: [0, 0],
    options: ['json', 'yes'],
  },
  'config show': {
    usage: '[--json]',
    summary: 'Show every option in force and where its value comes from.',
    takes: [0, 0],
    options: ['json'],
  },
  tools: {
    usage: '[--json]',
    summary: 'List the tools.',
    takes: [0, 0],
    options: ['json'],
  },
  call: {
    usage: 'TOOL [\'{"session": "work"}\'] [--json]',
    summary: 'Call a tool and show its result.',
    takes: [1, 2],
    options: ['json'],
  },
  'profile test': {
    usage: 'FILE ...',
    summary: 'Check profile files as the server would when it loads them.',
    takes: [1, 100],
    options: [],
  },
} as const satisfies Record<string, CommandFacts>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

/** The command that the words begin with, and the words behind it. */
export function commandIn(
  words: readonly string[],
): { name: CommandName; rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const name = COMMAND_NAMES.find((known) => known === words.slice(0, length).join(' '));
    if (name) return { name, rest: words.slice(length) };
  }
  return undefined;
}
