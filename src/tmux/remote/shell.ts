/**
 * One `sh` on another machine that answers our small questions: scripts go down its stdin, one after the other,
 * and each answer ends with a mark that no output can contain by chance. It starts no agent and leaves nothing
 * behind; it ends with its stdin.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';

export interface Answer {
  /** What the script wrote, stdout and stderr together. */
  readonly out: Buffer;
  readonly status: number;
}

interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/** What the shell says first. */
export interface Greeting {
  /** What to add to our clock to have theirs, in milliseconds. */
  readonly clockOffsetMs: number;
}

/** Bytes that one answer may have. */
const LARGEST = 96 * 1024 * 1024;

export class RemoteShell {
  /** Aborts when the shell is gone; the reason is what its carrier said last. */
  readonly closed: AbortSignal;
  readonly #closing = new AbortController();
  readonly #child: ChildProcess;
  readonly #mark = randomBytes(12).toString('hex');
  readonly #asked: Asked[] = [];
  #chunks: Buffer[] = [];
  #size = 0;
  /** The last bytes of what came. */
  #end80: Buffer = Buffer.alloc(0);
  #words = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    this.closed = this.#closing.signal;
    child.stdin?.on('error', () => undefined); // 'close' tells the same, with the reason
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString()).slice(-4_000);
    });
    child.once('error', (error) => {
      this.#end(error);
    });
    child.once('close', () => {
      this.#end(new Error(this.#words.trim() || 'the connection was closed'));
    });
  }

  /** What the program that carries the shell has written to its stderr of late. */
  get words(): string {
    return this.#words.trim();
  }

  /** Resolves when the shell answers for the first time; whatever a startup file printed before is dropped. */
  async greet(ms: number): Promise<Greeting> {
    const { out } = await this.run('date +%s', ms);
    const lines = out.toString().trim().split('\n');
    const theirs = Number(lines.at(-1)) * 1000;
    // They count whole seconds: the middle of that second is nearest.
    return { clockOffsetMs: Number.isFinite(theirs) ? theirs + 500 - Date.now() : 0 };
  }

  /** Runs a script of POSIX shell; one that does not answer within `ms` ends the whole shell. */
  run(script: string, ms: number): Promise<Answer> {
    if (this.closed.aborted) return Promise.reject(this.closed.reason as Error);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#end(new Error(this.#words.trim() || `no answer within ${ms / 1000} s`));
        this.#child.kill('SIGKILL');
      }, ms).unref();
      this.#asked.push({ resolve, reject, timer });
      this.#child.stdin?.write(`{ ${script}\n} </dev/null 2>&1; printf '\\n${this.#mark} %s\\n' "$?"\n`);
    });
  }

  /** Ends it and resolves when its carrier has ended. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#end(new Error('the connection was closed'));
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 500);
    await ended.catch(() => undefined);
    clearTimeout(timer);
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > LARGEST) {
      this.#end(new Error('an answer was too long'));
      this.#child.kill('SIGKILL');
      return;
    }
    // The mark may be cut: what is looked through is the end of what was there and all that came.
    const seam = Buffer.concat([this.#end80, chunk]);
    this.#end80 = seam.subarray(-80);
    if (!seam.includes(this.#mark)) return;
    let data = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : chunk;
    for (;;) {
      const at = data.indexOf(`\n${this.#mark} `);
      const end = at < 0 ? -1 : data.indexOf('\n', at + 1);
      if (end < 0) break;
      const status = Number(data.toString('latin1', at + this.#mark.length + 2, end));
      const asked = this.#asked.shift();
      clearTimeout(asked?.timer);
      asked?.resolve({ out: Buffer.from(data.subarray(0, at)), status });
      data = data.subarray(end + 1);
    }
    this.#chunks = data.length > 0 ? [data] : [];
    this.#size = data.length;
  }

  #end(reason: Error): void {
    if (this.closed.aborted) return;
    this.#closing.abort(reason);
    for (const { reject, timer } of this.#asked.splice(0)) {
      clearTimeout(timer);
      reject(reason);
    }
  }
}
