/**
 * Another machine, asked through its shell: small scripts of POSIX sh whose answers are read by the same pure
 * functions as this machine's. Where it has no /proc, or no stty, everything is unknown.
 */
import type { RemoteHost } from '../tmux/remote/host.js';
import { shellWord } from '../tmux/remote/words.js';
import type { PaneRow } from '../tmux/formats.js';
import { Mirror } from './mirror.js';
import { absolute, noDirectory, type Machine } from './machine.js';
import type { Proc } from '../tmux/proc.js';
import { inputWait, nameOf, programs, startedAt, type InputWait } from './process.js';
import { type Echo, echoing, isTerminal, terminalModes, type TerminalModes } from './tty.js';

type Place = Pick<PaneRow, 'pid' | 'tty'>;

/**
 * Prints the files of /proc that judge a pane's processes, each as its path, NUL, its first line, NUL: no name of a
 * process can forge one. Only builtins, so a hundred processes cost no fork.
 */
const FAMILY = `
pwr(){ [ -e "$1" ] || return 0; x=; IFS= read -r x <"$1"; printf '%s\\000%s\\000' "$1" "$x"; }
pww(){
[ $((pwn+=1)) -le 500 ] || return 0
for f in stat wchan syscall comm task/$1/children;do pwr /proc/$1/$f;done
x=; IFS=' ' read -r x y z </proc/$1/syscall
if [ "$x" = 0 ];then y=$((y));{ printf '%s\\000' /proc/$1/fdinfo/$y;while IFS= read -r x;do printf '%s ' "$x";done </proc/$1/fdinfo/$y;printf '\\000'; };fi
x=; IFS= read -r x </proc/$1/task/$1/children
for c in $x;do pww $c;done
}
pwn=0;pwr /proc/uptime;pww`;

/** The same for the environments, whole. */
const ENVIRONMENTS = `
pwe(){
printf '%s\\000' /proc/$1/environ;tr '\\000' '\\001' </proc/$1/environ;printf '\\000'
IFS= read -r x </proc/$1/task/$1/children
for c in $x;do pwe $c;done
}
pwe`;

export class RemoteMachine implements Machine {
  readonly mirror: Mirror;
  readonly #host: RemoteHost;
  #env: Promise<Record<string, string>> | undefined;

  /** @param folder for copies of its files, ours alone */
  constructor(host: RemoteHost, folder: string) {
    this.#host = host;
    this.mirror = new Mirror(host, folder);
  }

  get clockOffsetMs(): number {
    return this.#host.clockOffsetMs;
  }

  async inputWait(row: Place): Promise<InputWait> {
    return inputWait(row, await this.#family(row.pid));
  }

  async nameOf(pid: number): Promise<string | undefined> {
    return nameOf(pid, await this.#family(pid));
  }

  async programs(row: Place): Promise<string[]> {
    return programs(row, await this.#family(row.pid));
  }

  async startedAt(pid: number): Promise<number | undefined> {
    return startedAt(pid, await this.#family(pid));
  }

  async echoes(tty: string): Promise<Echo> {
    return echoing(await this.#modes(tty));
  }

  async takesKeys(tty: string): Promise<boolean> {
    return (await this.#modes(tty))?.canonical === false;
  }

  async draw(tty: string, text: string): Promise<boolean> {
    if (!isTerminal(tty)) return false;
    // In the background: a terminal that somebody holds up must not hold up the shell.
    const script = `printf %s ${shellWord(text)} >${tty} & pwp=$!; { sleep 1; kill -9 $pwp; } >/dev/null 2>&1 & pww=$!; wait $pwp; pws=$?; kill $pww 2>/dev/null; (exit $pws)`;
    return (await this.#host.ask(script).catch(() => undefined))?.status === 0;
  }

  async directory(given: string): Promise<string> {
    const home = given === '~' || given.startsWith('~/') ? await this.#home() : '/';
    const path = absolute(given, home);
    const { status } = await this.#host.ask(`[ -d ${shellWord(path)} ]`);
    if (status !== 0) throw noDirectory(given, ` on host ${this.#host.host}`);
    return path;
  }

  async realDirectory(path: string): Promise<string> {
    const { out, status } = await this.#host.ask(`cd ${shellWord(path)} && pwd -P`);
    return status === 0 ? out.toString().replace(/\n$/, '') : path;
  }

  async isInstalled(program: string): Promise<boolean> {
    return (await this.#host.ask(`command -v -- ${shellWord(program)} >/dev/null`)).status === 0;
  }

  processes({ pid }: Pick<Place, 'pid'>): Promise<Proc> {
    return this.#family(pid, `; ${ENVIRONMENTS} ${pid} 2>/dev/null`);
  }

  environment(): Promise<Record<string, string>> {
    this.#env ??= this.#host.ask('env').then(({ out }) =>
      Object.fromEntries(
        out
          .toString()
          .split('\n')
          .flatMap((line) => {
            const at = line.indexOf('=');
            return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
          }),
      ),
    );
    this.#env.catch(() => (this.#env = undefined));
    return this.#env;
  }

  async #home(): Promise<string> {
    return (await this.#host.ask('printf %s "$HOME"')).out.toString() || '/';
  }

  /** The files of /proc of a process and of everything below it. */
  async #family(pid: number, more = ''): Promise<Proc> {
    const answer = await this.#host.ask(`${FAMILY} ${pid} 2>/dev/null${more}`).catch(() => undefined);
    const cells = (answer?.out.toString() ?? '').split('\0');
    const files = new Map<string, string>();
    for (let i = 0; i + 1 < cells.length; i += 2)
      files.set(cells[i] as string, (cells[i + 1] as string).replaceAll('\x01', '\0'));
    return (path) => {
      const text = files.get(path);
      if (text === undefined) throw new Error(`no ${path}`);
      return text;
    };
  }

  async #modes(tty: string): Promise<TerminalModes | undefined> {
    if (!isTerminal(tty)) return undefined;
    const script = `stty -F ${tty} -a 2>/dev/null || stty -f ${tty} -a`;
    const answer = await this.#host.ask(script).catch(() => undefined);
    return answer?.status === 0 ? terminalModes(answer.out.toString()) : undefined;
  }
}
