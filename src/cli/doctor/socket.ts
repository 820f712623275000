/** The socket of the tmux server: where it is and who can get at it. Whoever can type there runs as its owner. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { surroundingSocket, type Env } from '../../config/env.js';
import type { Config } from '../../config/schema.js';
import { good, note, wrong, type Finding } from './check.js';

/** Where tmux would look, by its own rules. */
export function socketPath({ tmux }: Config, env: Env): string {
  const around = tmux.socket_name === null ? surroundingSocket(env) : null;
  const uid = process.getuid?.() ?? 0;
  const folder = join(env['TMUX_TMPDIR'] ?? '/tmp', `tmux-${uid}`);
  return tmux.socket_path ?? around ?? join(folder, tmux.socket_name ?? 'default');
}

export function checkSocket(path: string): Finding[] {
  const socket = statSync(path, { throwIfNoEntry: false });
  if (!socket) return [note('socket', `${path}: no tmux server runs there yet`, 'Start one with `tmux`.')];
  if (!socket.isSocket())
    return [wrong('socket', `${path} is not a socket`, 'Set tmux.socket_path to that of your tmux server.')];
  const uid = process.getuid?.();
  const { uid: owner } = socket;
  if (uid !== undefined && uid !== 0 && owner !== uid)
    return [
      wrong('socket', `${path} belongs to another user (uid ${owner})`, 'Set tmux.socket_path to your own.'),
    ];
  const folder = statSync(dirname(path));
  const isOpen = (socket.mode & 0o006) !== 0 && (folder.mode & 0o001) !== 0;
  const mode = (socket.mode & 0o777).toString(8);
  return isOpen
    ? [wrong('socket', `${path} can be used by everybody (mode ${mode})`, `Run \`chmod o-rw ${path}\`.`)]
    : [good('socket', `${path}, mode ${mode}, in a folder of mode ${(folder.mode & 0o777).toString(8)}`)];
}
