/** How words are carried to a host: the argument lists of ssh, or those of a program such as docker. */
import type { HostConfig } from '../../config/schema.js';
import { loginLine } from './words.js';

/** Seconds that ssh may take to connect, and after which a silent host counts as gone (twice the interval). */
const CONNECT_S = 8;
const ALIVE_S = 5;

export interface Way {
  /** For people: `ssh user@build`. */
  readonly name: string;
  /** How many programs one connection carries besides the shell; Infinity where each has a connection of its own. */
  readonly perConnection: number;
  /**
   * Argument list that runs a program there.
   * @param socket of the connection that is shared; `owner`: opens it, otherwise uses it
   */
  argv(program: readonly string[], socket: string, owner: boolean): string[];
}

export function wayTo({ ssh, command }: HostConfig): Way {
  if (!ssh)
    return {
      name: (command ?? []).join(' '),
      perConnection: Infinity,
      argv: (program) => [...(command ?? []), ...program],
    };
  return {
    name: `ssh ${ssh.destination}`,
    // sshd takes 10 sessions a connection unless told otherwise (MaxSessions); one is the shell's own.
    perConnection: 8,
    argv: (program, socket, owner) => [
      'ssh',
      // The first value of an option counts: what the user's own arguments say does not undo these.
      ...options(socket, owner),
      ...ssh.args,
      '-T',
      '--',
      ssh.destination,
      loginLine(program),
    ],
  };
}

function options(socket: string, owner: boolean): string[] {
  return [
    'BatchMode=yes',
    `ControlMaster=${owner ? 'yes' : 'no'}`,
    `ControlPath=${socket}`,
    'ControlPersist=no',
    `ServerAliveInterval=${ALIVE_S}`,
    'ServerAliveCountMax=2',
    `ConnectTimeout=${CONNECT_S}`,
    'ClearAllForwardings=yes',
    'ForwardAgent=no',
    'ForwardX11=no',
    'EscapeChar=none',
    'RemoteCommand=none',
    'LogLevel=ERROR',
  ].flatMap((option) => ['-o', option]);
}
