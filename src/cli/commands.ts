/** The commands beside the plain server, as data: what the parser takes and what `--help` shows. */

export interface CommandFacts {
  /** What follows the name, as the parser reads it: `<tool> [arguments]`. */
  readonly takes: string;
  readonly summary: string;
  /** Names of the options that it has beside those of the configuration. */
  readonly options: readonly CommandOption[];
  /** Shown below its own help: what it prints, and what is worth knowing. */
  readonly more: string;
}

export type CommandOption = 'http' | 'json' | 'yes';

/** Each option as it is written, and what it means. */
export const COMMAND_OPTIONS: Readonly<Record<CommandOption, readonly [flags: string, meaning: string]>> = {
  http: ['--http [host:port]', 'Listen here; default http.host and http.port'],
  json: ['--json', 'Machine-readable output'],
  yes: ['-y, --yes', 'Replace an existing file without asking; the old one is kept as FILE.old'],
};

export const COMMANDS = {
  serve: {
    takes: '',
    summary: 'Serve MCP over Streamable HTTP, at /mcp',
    options: ['http'],
    more: `Clients must present auth_token, or the token in auth_token_file; without one the server does not start.
It ends with status 0 on SIGTERM, SIGINT or SIGHUP, after running calls have ended or were cancelled.

  panewright serve --http 127.0.0.1:8722 --auth-token-file ~/.config/panewright/token`,
  },
  doctor: {
    takes: '',
    summary: 'Check what the tools need, and say how to mend what is wrong',
    options: ['json'],
    more: 'It looks at tmux, its socket, shells, agents, the configuration and what it refuses, and changes nothing.\nExit status 1 when something is wrong.',
  },
  init: {
    takes: '',
    summary: 'Write a commented configuration file',
    options: ['json', 'yes'],
    more: `Options of the configuration given here are set in the file. It is YAML unless --json is given (JSON has no
comments). An existing file is replaced only when you say yes.

  panewright init --write-enabled --allowed-sessions 'work,build-*'`,
  },
  'config show': {
    takes: '',
    summary: 'Show every option in force, and where its value comes from',
    options: ['json'],
    more: 'Origins are default, file, env, flag and policy. Exit status 1 when the file cannot be used.',
  },
  tools: {
    takes: '',
    summary: 'List the tools',
    options: ['json'],
    more: 'With --json: what clients get from tools/list.',
  },
  call: {
    takes: '<tool> [arguments]',
    summary: 'Call a tool and show its result',
    options: ['json'],
    more: `The arguments are a JSON object. Exit status 1 when the tool reports an error.

  panewright call list_sessions
  panewright call execute '{"session": "work", "command": "uname -a"}' --write-enabled`,
  },
  'profile test': {
    takes: '<files...>',
    summary: 'Check profile files as the server would when it loads them',
    options: [],
    more: 'Exit status 1 when the server would skip one of them.',
  },
} as const satisfies Record<string, CommandFacts>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

/** What the words before the last of a name stand for: `config` of `config show`. */
export const GROUPS: Readonly<Record<string, string>> = {
  config: 'The configuration in force',
  profile: 'Profiles: what is known of the programs in panes',
};
