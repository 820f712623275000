/**
 * The configuration as it stands for one host: what this machine allows, narrowed by what the host's own entry
 * allows. Everything below the tools judges by it and needs not know that there are hosts.
 */
import { LOCAL, type HostConfig, type LoadedConfig } from '../config/schema.js';
import { PanewrightError } from '../errors.js';
import { visible } from './policy.js';

/** @returns undefined for this machine; rejects a name that is not in the configuration */
export function hostNamed(asked: string | undefined, loaded: LoadedConfig): string | undefined {
  if (asked === undefined || asked === LOCAL) return undefined;
  const { config, hostsLeftOut, policyPath } = loaded;
  if (Object.hasOwn(config.hosts, asked)) return asked;
  if (hostsLeftOut.includes(asked))
    throw new PanewrightError(
      'HOST_UNKNOWN',
      `the policy ${policyPath ?? ''} leaves out the host ${JSON.stringify(asked)} of the configuration.`,
      'Only whoever administers this machine can change it, by naming the host under "hosts" there.',
    );
  const names = [LOCAL, ...Object.keys(config.hosts)];
  throw new PanewrightError(
    'HOST_UNKNOWN',
    `no host ${JSON.stringify(asked.slice(0, 80))} is in the configuration. Hosts: ${names.join(', ')}.`,
    'Use one of these names; a new host is added under "hosts" in the configuration file.',
  );
}

/** @param name a host of the configuration */
export function configFor(name: string, loaded: LoadedConfig): LoadedConfig {
  const host = loaded.config.hosts[name] as HostConfig;
  const { config, origins } = loaded;
  const write = config.write_enabled && host.write_enabled;
  const place = `hosts.${name} in ${loaded.path ?? 'the configuration file'}`;
  return {
    ...loaded,
    host: name,
    config: {
      ...config,
      write_enabled: write,
      read_only_sessions: [...new Set([...config.read_only_sessions, ...host.read_only_sessions])],
      tmux: { socket_name: host.tmux.socket_name, socket_path: host.tmux.socket_path },
    },
    origins: {
      ...origins,
      ...(config.write_enabled && !write && { write_enabled: 'host' as const }),
      ...(host.read_only_sessions.length > 0 && { read_only_sessions: 'host' as const }),
    },
    policy: [
      ...loaded.policy,
      { path: place, own: true, allowed_sessions: host.allowed_sessions },
      ...(loaded.hostPolicy[name] ?? []),
    ],
  };
}

/** A session's name that says on which host it is; no session's own name has a newline. */
export function onHost(host: string | undefined, session: string): string {
  return host === undefined ? session : `${host}\n${session}`;
}

/** Whether a session, named by `onHost`, may be seen. */
export function visibleAnywhere(name: string, loaded: LoadedConfig): boolean {
  const [session = '', host] = name.split('\n').reverse();
  if (host === undefined) return visible(session, loaded);
  return Object.hasOwn(loaded.config.hosts, host) && visible(session, configFor(host, loaded));
}
