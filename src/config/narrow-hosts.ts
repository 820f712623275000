/**
 * Machine policies over hosts: a policy that has a table of hosts leaves only those that it names too, and pins
 * how each is reached. One that names a socket and no hosts leaves none: a host whose command is `env` is this
 * machine, on any socket. Pure.
 */
import type { HostConfig, PolicyNarrowing } from './schema.js';

type Hosts = Readonly<Record<string, HostConfig>>;

export function narrowedHosts(
  mine: Hosts,
  policies: readonly { readonly path: string; readonly hosts: Hosts }[],
): {
  hosts: Record<string, HostConfig>;
  hostPolicy: Record<string, readonly PolicyNarrowing[]>;
  /** The user's hosts that a policy leaves out. */
  hostsLeftOut: readonly string[];
} {
  const hosts: Record<string, HostConfig> = {};
  const hostPolicy: Record<string, readonly PolicyNarrowing[]> = {};
  for (const [name, host] of Object.entries(mine)) {
    const theirs = policies.map(({ path, hosts: table }) => ({
      path,
      host: Object.hasOwn(table, name) ? table[name] : undefined,
    }));
    if (theirs.some((policy) => policy.host === undefined)) continue;
    const all = theirs.flatMap((policy) => policy.host ?? []);
    hosts[name] = all.reduce(narrowed, host);
    hostPolicy[name] = theirs.flatMap(({ path, host: their }) =>
      their ? [{ path, allowed_sessions: their.allowed_sessions }] : [],
    );
  }
  const hostsLeftOut = Object.keys(mine).filter((name) => !Object.hasOwn(hosts, name));
  return { hosts, hostPolicy, hostsLeftOut };
}

/** A name must lead where the policy says that it leads; rights only shrink. */
function narrowed(mine: HostConfig, policy: HostConfig): HostConfig {
  return {
    ...policy,
    write_enabled: mine.write_enabled && policy.write_enabled,
    allowed_sessions: mine.allowed_sessions,
    read_only_sessions: [...new Set([...mine.read_only_sessions, ...policy.read_only_sessions])],
  };
}
