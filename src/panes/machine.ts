/**
 * The machine that panes run on, as far as tmux does not tell: its processes, terminals and folders. This one is
 * asked directly, another through its shell (remote-machine.ts). What a machine cannot tell is `unknown` or
 * undefined, also when it cannot be reached; only what a caller asked for by name rejects.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { PanewrightError } from '../errors.js';
import type { PaneRow } from '../tmux/formats.js';
import type { Mirror } from './mirror.js';
import { here, type Proc } from '../tmux/proc.js';
import { inputWait, nameOf, programs, startedAt, type InputWait } from './process.js';
import { type Echo, echoing, isTerminal, terminalModes, type TerminalModes, writeTerminal } from './tty.js';

type Place = Pick<PaneRow, 'pid' | 'tty'>;

export interface Machine {
  /** What to add to our clock to have this machine's, in milliseconds. */
  readonly clockOffsetMs: number;
  /** How the programs of a pane wait. Only meaningful while the pane is silent. */
  inputWait(row: Place): Promise<InputWait>;
  /** Name of a process. */
  nameOf(pid: number): Promise<string | undefined>;
  /** Names of the programs in the pane's foreground group, the innermost first; empty where that cannot be told. */
  programs(row: Place): Promise<string[]>;
  /** When a process was started, in seconds since the epoch of our clock. */
  startedAt(pid: number): Promise<number | undefined>;
  /** Whether the terminal shows what is typed. */
  echoes(tty: string): Promise<Echo>;
  /** Whether a line editor, or another program that takes single keys, is at work. */
  takesKeys(tty: string): Promise<boolean>;
  /** Writes to a terminal as its programs do; false where that cannot be done. */
  draw(tty: string, text: string): Promise<boolean>;
  /** The directory that a caller gave, absolute; rejects one that does not exist, for which tmux would take another. */
  directory(given: string): Promise<string>;
  /** The same directory by the name that has no symbolic links in it. */
  realDirectory(path: string): Promise<string>;
  /** Whether a program is on PATH. */
  isInstalled(program: string): Promise<boolean>;
  /** Copies of its files; absent where they are here themselves. */
  readonly mirror?: Mirror;
  /** What is known of a pane's processes, to be read like /proc, with their environments. */
  processes(row: Pick<Place, 'pid'>): Promise<Proc>;
  /** The environment of what is started there, as far as it can be known before. */
  environment(): Promise<Readonly<Record<string, string | undefined>>>;
}

/* eslint-disable @typescript-eslint/require-await -- what is known at once here takes a round trip elsewhere */
export class LocalMachine implements Machine {
  readonly clockOffsetMs = 0;
  readonly #env: Readonly<Record<string, string | undefined>>;

  /** @param env of the programs that are started */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  async inputWait(row: Place): Promise<InputWait> {
    return inputWait(row);
  }

  async nameOf(pid: number): Promise<string | undefined> {
    return nameOf(pid);
  }

  async programs(row: Place): Promise<string[]> {
    return programs(row);
  }

  async startedAt(pid: number): Promise<number | undefined> {
    return startedAt(pid);
  }

  async echoes(tty: string): Promise<Echo> {
    return echoing(await this.#modes(tty));
  }

  async takesKeys(tty: string): Promise<boolean> {
    return (await this.#modes(tty))?.canonical === false;
  }

  async draw(tty: string, text: string): Promise<boolean> {
    return writeTerminal(tty, text);
  }

  async directory(given: string): Promise<string> {
    const path = absolute(given, homedir());
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw noDirectory(given);
    return path;
  }

  async realDirectory(path: string): Promise<string> {
    return realpathSync(path);
  }

  async isInstalled(program: string): Promise<boolean> {
    return (this.#env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
  }

  async processes(): Promise<Proc> {
    return here;
  }

  async environment(): Promise<Readonly<Record<string, string | undefined>>> {
    return this.#env;
  }

  async #modes(tty: string): Promise<TerminalModes | undefined> {
    if (!isTerminal(tty)) return undefined;
    const { execa } = await import('execa');
    const flag = process.platform === 'linux' ? '-F' : '-f';
    const result = await execa('stty', [flag, tty, '-a'], { reject: false, timeout: 1000, stdin: 'ignore' });
    return result.failed ? undefined : terminalModes(String(result.stdout));
  }
}

/** Whether the file is there and may be run by us. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param home what `~` stands for */
export function absolute(given: string, home: string): string {
  const path = given === '~' ? home : given.startsWith('~/') ? join(home, given.slice(2)) : given;
  if (isAbsolute(path) && !path.includes('\0')) return path;
  throw new PanewrightError(
    'INVALID_ARGUMENT',
    `working_dir ${JSON.stringify(given.slice(0, 200))} is not absolute.`,
    'Give an absolute path, or one that begins with ~/.',
  );
}

export function noDirectory(given: string, where = ''): PanewrightError {
  return new PanewrightError(
    'DIRECTORY_NOT_FOUND',
    `there is no directory ${JSON.stringify(given.slice(0, 200))}${where}.`,
    'Create it first, or give another.',
  );
}
