/**
 * THE configuration schema: file, environment, flags, machine policy, docs and `config.example.json` all derive
 * from it. Every key has a default, so an absent file is a valid one. Also the types that other rooms need to
 * read a loaded configuration without knowing where it came from.
 */
import * as z from 'zod';
import { HostsSchema } from './hosts.js';

export { LOCAL, type HostConfig } from './hosts.js';

/** How a machine policy combines with the user's value; whatever it is, it never widens. */
export type Narrowing =
  /** true only where both say true */
  | 'and'
  /** true where either says true */
  | 'or'
  /** the smaller number, if the policy sets one */
  | 'min'
  /** both lists are judged, each on its own */
  | 'both'
  /** the entries of either list */
  | 'union'
  /** the entries that the policy names too, if it sets any */
  | 'intersection'
  /** the policy's value, if it sets one */
  | 'pin';

const key = <T extends z.ZodType>(schema: T, narrowing: Narrowing, description: string): T =>
  schema.meta({ description, narrowing });

/** The same for a path, where a leading `~/` is expanded. */
const pathKey = <T extends z.ZodType>(schema: T, narrowing: Narrowing, description: string): T =>
  schema.meta({ description, narrowing, path: true });

/** No file of ours is ever looked up from the working directory: a cloned repository must not choose it. */
const absolutePath = () =>
  z.string().regex(/^(~$|~?\/)[^\0]*$/, 'must be an absolute path, or begin with ~/ (never a relative one)');

const sessionPatterns = () => z.array(z.string().min(1, 'an empty entry matches no session; remove it'));

export const ConfigSchema = z.strictObject({
  version: key(
    z.string().min(1).default('auto'),
    'pin',
    'Version that the server reports of itself; "auto" reports the version of the package.',
  ),
  write_enabled: key(
    z.boolean().default(false),
    'and',
    'Whether tools may type, start or close anything. While it is false, every tool that is not read-only is refused.',
  ),
  allowed_sessions: key(
    sessionPatterns().default([]),
    'both',
    'Exact names or globs (`*`, `?`, `[...]`) of the tmux sessions that may be read and written; empty means all.',
  ),
  read_only_sessions: key(
    sessionPatterns().default([]),
    'union',
    'Exact names or globs of sessions that may be read but never written, even where write_enabled is true.',
  ),
  buffer_size: key(
    z.int().min(1).max(100_000).default(1000),
    'min',
    'Lines of output that a result may carry at most; the full text stays readable as a linked resource.',
  ),
  max_timeout: key(
    z.number().positive().max(86_400).default(300),
    'min',
    'Longest wait in seconds that a caller may ask of a tool.',
  ),
  toolsets: key(
    z.array(z.enum(['terminal', 'sessions'])).default(['terminal', 'sessions']),
    'intersection',
    'Groups of tools to offer: `terminal` (panes and shells) and `sessions` (programs driven by profiles).',
  ),
  profiles: pathKey(
    z.array(absolutePath()).default([]),
    'intersection',
    'Extra profile files or folders (absolute, or beginning with ~/). A profile in JavaScript is code that runs as you.',
  ),
  auth_token: key(
    z.string().min(1).nullable().default(null),
    'pin',
    'Bearer token that HTTP clients must present; null means none. Better set by file than by flag: flags show in `ps`.',
  ),
  auth_token_file: pathKey(
    absolutePath().nullable().default(null),
    'pin',
    'File that holds the bearer token (absolute, or beginning with ~/; readable by you alone); auth_token wins over it.',
  ),
  audit_log: pathKey(
    absolutePath().nullable().default(null),
    'pin',
    'File to which every attempted write is logged as one JSON line (absolute, or beginning with ~/); null means no log.',
  ),
  audit_required: key(
    z.boolean().default(false),
    'or',
    'Whether writes are refused when the audit log cannot be written (or audit_log is null).',
  ),
  tmux: z
    .strictObject({
      socket_name: key(
        z
          .string()
          .regex(/^[^/\0]+$/, 'must be a plain name without "/"; use tmux.socket_path for a path')
          .nullable()
          .default(null),
        'pin',
        'Name of the tmux socket, as in `tmux -L NAME`; null means the default one.',
      ),
      socket_path: pathKey(
        absolutePath().nullable().default(null),
        'pin',
        'Path of the tmux socket, as in `tmux -S PATH` (absolute, or beginning with ~/); wins over socket_name.',
      ),
    })
    .prefault({}),
  http: z
    .strictObject({
      host: key(z.string().min(1).default('127.0.0.1'), 'pin', 'Address that the HTTP server listens on.'),
      port: key(
        z.int().min(0).max(65_535).default(8722),
        'pin',
        'Port of the HTTP server; 0 picks a free one.',
      ),
      allowed_hosts: key(
        z
          .array(z.string().regex(/^[^\s/:]+$|^\[[0-9a-f:.]+\]$/i, 'must be a name without scheme and port'))
          .default([]),
        'intersection',
        'More names that HTTP clients may reach the server by, such as that of a proxy; others are refused (DNS rebinding).',
      ),
    })
    .prefault({}),
  // No leaf: by name, and in the file alone.
  hosts: HostsSchema.default({}),
});

/** A complete configuration: every key present, paths with `~/` already expanded. */
export type Config = z.output<typeof ConfigSchema>;

/** Where a value came from; `host`: from the entry of the host that a call is about. */
export type Origin = 'default' | 'file' | 'env' | 'flag' | 'policy' | 'host';

/** What a machine policy adds that cannot be merged into one list: its own whitelist, judged separately. */
export interface PolicyNarrowing {
  /** File that says so. */
  readonly path: string;
  /** True when it is the user's own entry for a host, not a machine policy. */
  readonly own?: boolean;
  /** Exact names or globs; empty means that this policy does not restrict sessions. */
  readonly allowed_sessions: readonly string[];
}

/** The configuration as it stands for one call. */
export interface LoadedConfig {
  readonly config: Config;
  /** The user's file in use; null when none exists. */
  readonly path: string | null;
  /** The user's file, or the one to create: what an error message tells people to edit. */
  readonly editPath: string;
  /** Origin of each leaf, by its dotted path: `{ 'tmux.socket_path': 'env' }`. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** The machine policies in force, joined by ", "; null when there is none. */
  readonly policyPath: string | null;
  readonly policy: readonly PolicyNarrowing[];
  /** The same for single hosts, by name. */
  readonly hostPolicy: Readonly<Record<string, readonly PolicyNarrowing[]>>;
  /** Hosts of the user's file that a machine policy leaves out. */
  readonly hostsLeftOut: readonly string[];
  /** The host that this configuration has been narrowed for; absent for this machine. */
  readonly host?: string;
  /**
   * Set when the configuration cannot be used: which file, key and reason. `config` is then the last one that
   * was valid, with `write_enabled` false.
   */
  readonly invalid?: string;
  /** True when there never was a valid configuration: nobody knows what may be read, so nothing may. */
  readonly sealed?: boolean;
}

/** What the rooms above ask at the start of every call. */
export interface ConfigReader {
  /** Never rejects: a configuration that cannot be used is a LoadedConfig with `invalid` set. */
  current(): Promise<LoadedConfig>;
}
