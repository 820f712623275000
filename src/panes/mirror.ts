/**
 * Copies of another machine's files, kept here for programs' facts to be read from: they are asked for by name and
 * brought up to date when somebody asks. Files that grow are continued; nothing else over there is touched.
 */
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ownFolder } from '../ownership.js';
import type { RemoteHost } from '../tmux/remote/host.js';
import { shellWord } from '../tmux/remote/words.js';

/** Bytes that one file may bring at once. */
const LARGEST = 64 * 1024 * 1024;

/**
 * Prints, of a file, its path, its stamp (time of change, size) and what comes behind the bytes that are here
 * already, each ended by NUL. `stat` of GNU and busybox, else that of BSD.
 */
const FETCH = `
pws(){ stat -L -c '%.9Y %s' -- "$1" 2>/dev/null || stat -L -f '%Fm %z' -- "$1" 2>/dev/null; }
pwf(){
[ -f "$1" ] || { printf '%s\\000\\000\\000' "$1"; return 0; }
s=$(pws "$1"); n=\${s##* }; k=$3
[ "$s" = "$2" ] && { printf '%s\\000%s\\000\\000' "$1" "$s"; return 0; }
[ "$n" -lt "$k" ] && k=0
printf '%s\\000%s %s\\000' "$1" "$k" "$s"
tail -c +$((k+1)) -- "$1" | head -c $((n-k<${LARGEST}?n-k:${LARGEST})); printf '\\000'
}
`;

export class Mirror {
  readonly #host: RemoteHost;
  readonly #root: string;
  /** Stamp of each copy, as the other machine gave it. */
  readonly #stamps = new Map<string, string>();

  /** @param root directory of the copies, ours alone; made when first needed */
  constructor(host: RemoteHost, root: string) {
    this.#host = host;
    this.#root = root;
  }

  /** Where the copy of a file or folder is. */
  at(path: string): string {
    return join(this.#root, path);
  }

  /**
   * Brings files up to date.
   * @param growing those that only ever get longer; of others all is fetched when they have changed
   */
  async pull(files: readonly string[], growing: ReadonlySet<string> = new Set()): Promise<void> {
    const wanted = [...new Set(files)].filter((path) => !path.includes('\0') && path.startsWith('/'));
    if (wanted.length === 0) return;
    ownFolder(this.#root);
    const calls = wanted.map((path) => {
      const stamp = this.#stamps.get(path) ?? '';
      const size = growing.has(path) && stamp !== '' ? (stamp.split(' ').at(-1) ?? '0') : '0';
      return `pwf ${shellWord(path)} ${shellWord(stamp)} ${size}`;
    });
    const { out } = await this.#host.ask(`${FETCH}${calls.join('\n')}`, 30_000);
    let from = 0;
    const cell = (): Buffer => {
      const end = out.indexOf(0, from);
      const part = out.subarray(from, end < 0 ? out.length : end);
      from = end < 0 ? out.length : end + 1;
      return part;
    };
    while (from < out.length) this.#store(cell().toString(), cell().toString(), cell());
  }

  /** The same for the files of a folder whose names end so; those never change. Forgets what is gone. */
  async pullFolder(folder: string, ending: string): Promise<void> {
    const script = `cd ${shellWord(folder)} 2>/dev/null && for f in *${ending};do [ -f "$f" ] && printf '%s\\000' "$f";done`;
    const { out } = await this.#host.ask(script);
    const names = new Set(out.toString().split('\0').filter(Boolean));
    const known = [...this.#stamps.keys()].filter(
      (path) => dirname(path) === folder && path.endsWith(ending),
    );
    for (const path of known) if (!names.has(relative(folder, path))) this.#drop(path);
    await this.pull([...names].map((name) => join(folder, name)).filter((path) => !this.#stamps.has(path)));
  }

  /** Writes a file over there, and its copy here. */
  async push(path: string, text: string, mode: number): Promise<void> {
    const [place, folder] = [path, dirname(path)].map(shellWord);
    const script = `umask 077; mkdir -p ${folder ?? ''} && printf %s ${shellWord(text)} >${place ?? ''} && chmod ${mode.toString(8)} ${place ?? ''}`;
    const { status, out } = await this.#host.ask(script);
    if (status !== 0) throw new Error(out.toString().trim());
  }

  /** Removes a file, or a folder with everything in it, there and here. */
  remove(path: string): Promise<void> {
    this.#drop(path);
    return this.#host.ask(`rm -rf -- ${shellWord(path)}`).then(
      () => undefined,
      () => undefined,
    );
  }

  /** Where a copy comes from. */
  origin(copy: string): string {
    return `/${relative(this.#root, copy)}`;
  }

  #drop(path: string): void {
    this.#stamps.delete(path);
    rmSync(this.at(path), { recursive: true, force: true });
  }

  /** @param said `` when it is not there, the stamp when it is unchanged, else the offset and the stamp */
  #store(path: string, said: string, bytes: Buffer): void {
    const [offset = '', changed, size] = said.split(' ');
    if (said === '') return this.#drop(path);
    if (size === undefined || changed === undefined) return;
    const copy = this.at(path);
    mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
    const continues = offset !== '0' && statSync(copy, { throwIfNoEntry: false })?.size === Number(offset);
    if (continues) appendFileSync(copy, bytes);
    else if (offset !== '0') return this.#drop(path);
    else {
      writeFileSync(`${copy}.new`, bytes, { mode: 0o600 });
      renameSync(`${copy}.new`, copy);
    }
    utimesSync(copy, Number(changed), Number(changed));
    this.#stamps.set(path, `${changed} ${size}`);
  }
}
