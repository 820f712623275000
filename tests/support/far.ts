/**
 * With `PANEWRIGHT_TEST_HOST=ssh` every suite that starts its server by `TestServer` runs as if its tmux were on
 * another machine: behind an sshd on loopback, by a host of the configuration that every call names.
 */
import { Sshd } from './sshd.js';

/** Name of the host. */
export const FAR = 'far';

let sshd: Promise<Sshd> | undefined;
let users = 0;
let running: Sshd | undefined;

/** Whether this run works on a distant tmux; starts the sshd that leads to it. */
export async function reachFar(): Promise<boolean> {
  if (process.env['PANEWRIGHT_TEST_HOST'] !== 'ssh') return false;
  users++;
  sshd ??= Sshd.start();
  running = await sshd;
  return true;
}

export async function leaveFar(): Promise<void> {
  if (--users > 0) return;
  const last = running;
  sshd = running = undefined;
  await last?.close();
}

/** The keys that lead to a tmux over there; here there is none. */
export function farConfig(socket: string): Record<string, unknown> | undefined {
  return (
    running && {
      tmux: { socket_path: `${socket}-not-here` },
      hosts: { [FAR]: { ...running.entry, tmux: { socket_path: socket } } },
    }
  );
}
