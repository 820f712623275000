/**
 * Layers of configuration to one: flag > env > file > default, then the machine policies, which only narrow.
 * Pure: no file is read here.
 */
import { expandHome, type Env } from './env.js';
import { LEAVES, setAt, valueAt, type Leaf } from './leaves.js';
import { narrowedHosts } from './narrow-hosts.js';
import { ConfigProblem, reasonOf } from './problem.js';
import { ConfigSchema, type Config, type Origin, type PolicyNarrowing } from './schema.js';
import { envText, valueFromText, type Flags } from './text.js';

/** A parsed file: where it is and what it says. */
export interface Layer {
  readonly path: string;
  readonly data: unknown;
}

/** What the layers add up to. */
export interface Combined {
  readonly config: Config;
  readonly origins: Record<string, Origin>;
  readonly policy: readonly PolicyNarrowing[];
  readonly hostPolicy: Record<string, readonly PolicyNarrowing[]>;
  readonly hostsLeftOut: readonly string[];
}

const KNOWN = [...LEAVES.map((leaf) => leaf.path), 'hosts'];

/** @throws ConfigProblem naming the file and the key */
function validated(layer: Layer): Config {
  const parsed = ConfigSchema.safeParse(withoutSchema(layer.data));
  if (parsed.success) return parsed.data;
  throw new ConfigProblem(layer.path, reasonOf(parsed.error, KNOWN));
}

/** `$schema` is a word to editors (see docs/config.schema.json) and no key of ours. */
function withoutSchema(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  const { $schema, ...rest } = data as Record<string, unknown>;
  return typeof $schema === 'string' ? rest : data;
}

const isSet = (layer: Layer | undefined, leaf: Leaf): boolean =>
  layer !== undefined && valueAt(layer.data, leaf.keys) !== undefined;

/** The two socket keys say one thing together: a policy that names a socket leaves no way around it. */
const pinsSocket = (layer: Layer): boolean =>
  LEAVES.some((leaf) => leaf.keys[0] === 'tmux' && isSet(layer, leaf));

function expanded(leaf: Leaf, value: unknown, env: Env): unknown {
  if (!leaf.isPath) return value;
  if (Array.isArray(value)) return value.map((item) => expandHome(String(item), env));
  return typeof value === 'string' ? expandHome(value, env) : value;
}

/** @throws ConfigProblem naming the file, variable or flag, the key and the reason */
export function combine(
  file: Layer | undefined,
  env: Env,
  flags: Flags,
  policies: readonly Layer[] = [],
): Combined {
  const fromFile = validated(file ?? { path: 'defaults', data: {} });
  const config: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const leaf of LEAVES) {
    const typed = flags[leaf.path];
    const variable = envText(leaf, env);
    let value = valueAt(fromFile, leaf.keys);
    let origin: Origin = isSet(file, leaf) ? 'file' : 'default';
    if (variable !== undefined) [value, origin] = [valueFromText(leaf, [variable], leaf.env), 'env'];
    if (typed !== undefined) [value, origin] = [valueFromText(leaf, typed, leaf.flag ?? leaf.path), 'flag'];
    setAt(config, leaf.keys, expanded(leaf, value, env));
    origins[leaf.path] = origin;
  }
  for (const layer of policies) narrow(config, origins, layer, env);
  const isTable = (layer: Layer): boolean => valueAt(layer.data, ['hosts']) !== undefined;
  const { hosts, hostPolicy, hostsLeftOut } = narrowedHosts(
    fromFile.hosts,
    policies
      .filter((layer) => isTable(layer) || pinsSocket(layer))
      .map((layer) => ({ path: layer.path, hosts: validated(layer).hosts })),
  );
  config['hosts'] = hosts;
  const policy = policies.map((layer) => ({
    path: layer.path,
    allowed_sessions: validated(layer).allowed_sessions,
  }));
  // Every leaf was judged by its own schema and put in its place, so this is a complete Config.
  return { config: config as Config, origins, policy, hostPolicy, hostsLeftOut };
}

function narrow(
  config: Record<string, unknown>,
  origins: Record<string, Origin>,
  layer: Layer,
  env: Env,
): void {
  const policy = validated(layer);
  for (const leaf of LEAVES) {
    if (!isSet(layer, leaf) && !(pinsSocket(layer) && leaf.keys[0] === 'tmux')) continue;
    const mine = valueAt(config, leaf.keys);
    const value = narrowed(leaf, mine, expanded(leaf, valueAt(policy, leaf.keys), env));
    if (JSON.stringify(value) === JSON.stringify(mine)) continue;
    setAt(config, leaf.keys, value);
    origins[leaf.path] = 'policy';
  }
}

/** The user's value and the policy's, both valid for this leaf, to the one that holds. */
function narrowed(leaf: Leaf, mine: unknown, policy: unknown): unknown {
  switch (leaf.narrowing) {
    case 'and':
      return mine === true && policy === true;
    case 'or':
      return mine === true || policy === true;
    case 'min':
      return Math.min(Number(mine), Number(policy));
    case 'union':
      return [...new Set([...(mine as unknown[]), ...(policy as unknown[])])];
    case 'intersection':
      return (mine as unknown[]).filter((item) => (policy as unknown[]).includes(item));
    case 'both':
      return mine; // judged separately, see PolicyNarrowing
    case 'pin':
      return policy;
  }
}
