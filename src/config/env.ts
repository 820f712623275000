/**
 * The only `process.env` in the product. Others ask here for a directory or for the environment of a child.
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Names to values; absent names are undefined. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The environment that this process was started with. */
export const processEnv = (): Env => process.env;

/** The user's home directory. */
export function homeDir(env: Env = processEnv()): string {
  const home = env['HOME'];
  return home !== undefined && isAbsolute(home) ? home : homedir();
}

/** The XDG rules say that a relative path in these variables is to be ignored. */
function xdg(env: Env, name: string, fallback: readonly string[]): string {
  const value = env[name];
  return value !== undefined && isAbsolute(value) ? value : join(homeDir(env), ...fallback);
}

/** `~/.config`, or $XDG_CONFIG_HOME. */
export const configHome = (env: Env = processEnv()): string => xdg(env, 'XDG_CONFIG_HOME', ['.config']);

/** Where Panewright keeps its state: `~/.local/state/panewright`, or below $XDG_STATE_HOME. Not created here. */
export const stateDir = (env: Env = processEnv()): string =>
  join(xdg(env, 'XDG_STATE_HOME', ['.local', 'state']), 'panewright');

/** Expands a leading `~/`; everything else is returned as it is. */
export function expandHome(path: string, env: Env = processEnv()): string {
  if (path === '~') return homeDir(env);
  return path.startsWith('~/') ? join(homeDir(env), path.slice(2)) : path;
}

/**
 * Path of the tmux socket that this process was started under (first field of $TMUX); null outside tmux.
 * Used when the configuration names no socket, since `childEnv` hides $TMUX.
 */
export function surroundingSocket(env: Env = processEnv()): string | null {
  const path = env['TMUX']?.split(',')[0];
  return path !== undefined && isAbsolute(path) ? path : null;
}

/**
 * Environment for tmux and other children. Without $TMUX and $TMUX_PANE, so that nothing depends on the pane
 * that we happen to run in; without PANEWRIGHT_*, so that no pane inherits a token.
 */
export function childEnv(env: Env = processEnv()): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      entry[0] !== 'TMUX' &&
      entry[0] !== 'TMUX_PANE' &&
      !entry[0].startsWith('PANEWRIGHT_'),
  );
  return Object.fromEntries(kept);
}
