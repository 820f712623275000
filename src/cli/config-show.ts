/** `panewright config show`: every option in force, and where its value comes from. */
import { LEAVES, valueAt, type Leaf } from '../config/leaves.js';
import type { LoadedConfig, Origin } from '../config/schema.js';
import { ConfigSource } from '../config/source.js';
import { painter } from './paint.js';
import type { Runner } from './runner.js';

export const configShow: Runner = async ({ config, flags, options }) => {
  const loaded = await new ConfigSource({ configFlag: config, flags }).current();
  const text = options.has('json') ? JSON.stringify(asJson(loaded), null, 2) : asText(loaded);
  process.stdout.write(`${text}\n`);
  return loaded.invalid === undefined ? 0 : 1;
};

/** A value as it may be shown: of a token no more than that there is one. */
export function shownValue(leaf: Leaf, loaded: LoadedConfig): unknown {
  const value = valueAt(loaded.config, leaf.keys);
  return leaf.path === 'auth_token' && value !== null ? '(set)' : value;
}

/** The file alone can name hosts; a policy that names some, too, leaves those and says how they are reached. */
function originOfHosts({ config, hostPolicy }: LoadedConfig): Origin {
  if (Object.values(hostPolicy).some((policies) => policies.length > 0)) return 'policy';
  return Object.keys(config.hosts).length > 0 ? 'file' : 'default';
}

function asJson(loaded: LoadedConfig): object {
  const values = LEAVES.map((leaf) => [
    leaf.path,
    { value: shownValue(leaf, loaded), origin: loaded.origins[leaf.path] },
  ]);
  const hosts = { value: loaded.config.hosts, origin: originOfHosts(loaded) };
  return {
    path: loaded.path,
    policy_path: loaded.policyPath,
    problem: loaded.invalid ?? null,
    hosts_left_out: loaded.hostsLeftOut,
    values: { ...(Object.fromEntries(values) as object), hosts },
  };
}

function asText(loaded: LoadedConfig): string {
  const paint = painter(process.stdout);
  const width = Math.max(...LEAVES.map(({ path }) => path.length));
  const row = (path: string, value: unknown, origin: Origin): string =>
    `${path.padEnd(width)}  ${paint(origin === 'default' ? 'reset' : 'bold', JSON.stringify(value))}  ${paint('dim', origin)}`;
  const rows = LEAVES.map((leaf) =>
    row(leaf.path, shownValue(leaf, loaded), loaded.origins[leaf.path] ?? 'default'),
  );
  rows.push(row('hosts', loaded.config.hosts, originOfHosts(loaded)));
  const policies = loaded.policy.flatMap(({ path, allowed_sessions: sessions }) =>
    sessions.length > 0 ? [`${path} allows only the sessions ${sessions.join(', ')}`] : [],
  );
  const { hostsLeftOut: left } = loaded;
  const hosts = left.length > 0 ? [`the policy leaves out the hosts ${left.join(', ')}`] : [];
  const problem = loaded.invalid === undefined ? [] : [paint('red', `cannot be used: ${loaded.invalid}`)];
  return [
    `file    ${loaded.path ?? `none; ${loaded.editPath} would be read`}`,
    `policy  ${loaded.policyPath ?? 'none'}`,
    ...problem,
    '',
    ...rows,
    ...policies,
    ...hosts,
  ].join('\n');
}
