/** The configuration in force, and what it refuses. */
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { strayVariables } from '../../config/text.js';
import type { Env } from '../../config/env.js';
import { lookup, stampOf } from '../../config/file.js';
import { LEAVES } from '../../config/leaves.js';
import type { LoadedConfig } from '../../config/schema.js';
import { shownValue } from '../config-show.js';
import { tokenOf } from '../token.js';
import { good, note, wrong, type Finding } from './check.js';

export function checkConfig(loaded: LoadedConfig, env: Env): Finding[] {
  const { invalid, path, editPath, policyPath } = loaded;
  const file =
    invalid !== undefined
      ? wrong('config', invalid, 'Mend it; until then every write is refused.')
      : path === null
        ? note('config', `no file; ${editPath} would be read`, 'Run `panewright init`.')
        : good('config', path);
  const policy =
    policyPath === null
      ? []
      : [
          note(
            'config',
            `narrowed by the policy ${policyPath}`,
            'It is for whoever administers this machine to change.',
          ),
        ];
  const stray = strayVariables(env).map((name) =>
    wrong('config', `${name} is set but means nothing`, 'See docs/configuration.md for the names.'),
  );
  const values = invalid === undefined ? origins(loaded) : [];
  return [file, ...besides(path, env), ...policy, ...stray, ...values];
}

/** Files that would be read if the one that is were not in the same folder. */
function besides(path: string | null, env: Env): Finding[] {
  const { paths } = lookup(undefined, env);
  const place = path === null ? -1 : paths.indexOf(path);
  if (path === null || place < 0) return [];
  return paths
    .slice(place + 1)
    .filter((other) => dirname(other) === dirname(path) && stampOf(other) !== null)
    .map((other) =>
      note(
        'config',
        `${basename(other)} beside it is not read`,
        `Keep one of the two: ${basename(path)} comes first.`,
      ),
    );
}

/** Every value that is not the default. */
function origins(loaded: LoadedConfig): Finding[] {
  const changed = LEAVES.filter(({ path }) => (loaded.origins[path] ?? 'default') !== 'default');
  const rest = LEAVES.length - changed.length;
  return [
    ...changed.map((leaf) =>
      good(
        'config',
        `${leaf.path} = ${JSON.stringify(shownValue(leaf, loaded))} (${loaded.origins[leaf.path] ?? ''})`,
      ),
    ),
    good('config', `${rest} options have their default; \`panewright config show\` lists them`),
  ];
}

export function checkRights(loaded: LoadedConfig): Finding[] {
  const { config, origins: from } = loaded;
  const writing = config.write_enabled
    ? good('rights', 'tools may type, open and close')
    : note(
        'rights',
        `refused: typing, opening and closing anything, since write_enabled is false (${from['write_enabled'] ?? 'default'})`,
        changeIn(loaded, 'write_enabled', 'set write_enabled to true'),
      );
  const mine = {
    list: config.allowed_sessions,
    by: `allowed_sessions (${from['allowed_sessions'] ?? 'default'})`,
    advice: changeIn(loaded, 'allowed_sessions', 'add what is missing to allowed_sessions'),
  };
  const theirs = loaded.policy.map(({ path, allowed_sessions: list }) => ({
    list,
    by: 'the policy',
    advice: inPolicy(path),
  }));
  const limits = [mine, ...theirs]
    .filter(({ list }) => list.length > 0)
    .map(({ list, by, advice }) =>
      note('rights', `refused: every session but ${list.join(', ')}, by ${by}`, advice),
    );
  const sessions = limits.length === 0 ? [good('rights', 'every session may be used')] : limits;
  const readOnly = config.read_only_sessions;
  const looked =
    readOnly.length === 0
      ? []
      : [
          note(
            'rights',
            `refused: typing into ${readOnly.join(', ')}, by read_only_sessions (${from['read_only_sessions'] ?? 'default'})`,
            changeIn(loaded, 'read_only_sessions', 'take the names out of read_only_sessions'),
          ),
        ];
  const hosts =
    loaded.hostsLeftOut.length === 0
      ? []
      : [
          note(
            'rights',
            `refused: the hosts ${loaded.hostsLeftOut.join(', ')}, by the policy`,
            inPolicy(loaded.policyPath),
          ),
        ];
  return [writing, ...sessions, ...looked, ...hosts];
}

const inPolicy = (path: string | null): string =>
  `Only whoever administers this machine can change it, in ${path ?? ''}.`;

/** How to have it otherwise: by changing the value in the place where it comes from. */
function changeIn({ origins, editPath, policyPath }: LoadedConfig, path: string, what: string): string {
  const leaf = LEAVES.find((one) => one.path === path);
  const origin = origins[path] ?? 'default';
  if (origin === 'policy') return inPolicy(policyPath);
  const places = { env: leaf?.env, flag: leaf?.flag, file: editPath, default: editPath, host: editPath };
  return `To change it, ${what} in ${places[origin] ?? ''}.`;
}

export function checkHttp({ config, path }: LoadedConfig): Finding[] {
  try {
    const token = tokenOf(config);
    if (token === null)
      return [
        note(
          'http',
          '`serve --http` is refused: no auth_token',
          'Set auth_token_file or auth_token to use it.',
        ),
      ];
    if (token.length < 20)
      return [
        wrong('http', 'auth_token has fewer than 20 characters', 'Make one with `openssl rand -hex 32`.'),
      ];
    if (config.auth_token !== null && path !== null && (statSync(path).mode & 0o044) !== 0)
      return [wrong('http', `${path} holds a token and can be read by others`, `Run \`chmod 600 ${path}\`.`)];
    return [good('http', `a token is set; ${config.http.host} port ${config.http.port}`)];
  } catch (error) {
    return [wrong('http', (error as Error).message, 'Mend the file that auth_token_file names.')];
  }
}
