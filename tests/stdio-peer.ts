/**
 * The stdio server with a scripted toolbox, as a real process, and a client that writes raw lines: what a
 * well-behaved client library would never send can be sent too.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { freshDirectory } from './support/run-dir.js';

/** Tools: `echo` answers, `wait` waits until it is cancelled, `count` reports progress, `big` answers `size` bytes. */
const TOOLBOX = `
import { PanewrightError } from './src/errors.js';
import { serveStdio } from './src/server/stdio.js';
const log = (line) => process.stderr.write(line + '\\n');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const aborted = (signal) => new Promise((done) => signal.addEventListener('abort', done, { once: true }));
const tool = (name) => ({
  name, title: name, description: name, inputSchema: { type: 'object' }, outputSchema: { type: 'object' },
  annotations: { title: name, readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
});
const answer = (structured, links) => ({ structured, text: JSON.stringify(structured), isError: false, links });
const TOOLS = {
  echo: (args, io) => answer({ args, client: io.client }),
  fail: () => ({ text: 'PANE_BUSY: vim runs. Wait.', isError: true }),
  link: () => answer({}, [{ uri: 'panewright://output/7', name: 'output 7', mimeType: 'text/plain' }]),
  big: ({ size }) => answer({ text: 'x'.repeat(size) }),
  print: () => (console.log('a library that prints'), answer({})),
  slow: async ({ ms }) => (await sleep(ms), answer({ slept: ms })),
  async count({ to }, io) {
    for (let n = 1; n <= to; n += 1) { io.progress('step ' + n); await sleep(5); }
    setTimeout(() => io.progress('too late'), 20);
    return answer({ to });
  },
  async wait(args, io) {
    log('waiting');
    await aborted(io.signal);
    log('wait aborted');
    return answer({});
  },
  async flood({ messages }, io) {
    for (let n = 0; n < messages; n += 1) { io.progress('x'.repeat(1000)); if (n % 10 === 0) await sleep(0); }
    log('flooded');
    return answer({});
  },
};
const mode = process.argv[2];
let attempts = 0;
await serveStdio({
  version: '1.2.3',
  instructions: 'how to use it',
  log,
  async toolbox() {
    log('toolbox made');
    if (mode === 'fails-once' && attempts++ === 0) throw new Error('no luck');
    return {
      list: async () => Object.keys(TOOLS).map(tool),
      call: async (name, args, io) => TOOLS[name]?.(args, io) ?? { text: 'INVALID_ARGUMENT: no such tool', isError: true },
      resources: async () => [{ uri: 'panewright://output/7', name: 'output 7', mimeType: 'text/plain' }],
      async readResource(uri) {
        if (uri !== 'panewright://output/7') throw new PanewrightError('OUTPUT_NOT_FOUND', 'it is gone.', 'Run it again.');
        return { text: 'all of it', mimeType: 'text/plain' };
      },
      async close() {
        log('closing');
        if (mode === 'hangs') await new Promise(() => {});
        log('closed');
      },
    };
  },
});
`;

export type Message = Record<string, unknown> & { id?: unknown; method?: string };

let script: string | undefined;

/** Bundles the server once per suite. */
function built(): string {
  if (script !== undefined) return script;
  script = join(freshDirectory(), 'server.mjs');
  buildSync({
    stdin: { contents: TOOLBOX, resolveDir: process.cwd(), loader: 'js' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return script;
}

export class Peer {
  readonly process: ChildProcessWithoutNullStreams;
  readonly messages: Message[] = [];
  /** Lines of stdout that are not JSON. */
  readonly garbage: string[] = [];
  stderr = '';
  /** Exit status, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  #rest = '';
  readonly #changes = new EventEmitter();

  constructor(mode = 'normal', command: readonly string[] = [built(), mode]) {
    this.process = spawn(process.execPath, [...command], { stdio: 'pipe' });
    this.process.stdout.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
    this.process.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      this.#wake();
    });
    this.process.stdin.on('error', () => {});
    // `close`, not `exit`: by then everything that it wrote has been read.
    this.ended = once(this.process, 'close').then(
      ([code, signal]) => (code ?? signal) as number | NodeJS.Signals,
    );
  }

  /** A peer that has shaken hands. */
  static async start(mode?: string): Promise<Peer> {
    const peer = new Peer(mode);
    await peer.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'raw-peer', version: '1' },
    });
    peer.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return peer;
  }

  line(text: string): void {
    this.process.stdin.write(`${text}\n`);
  }

  send(message: object): void {
    this.line(JSON.stringify(message));
  }

  #ids = 100;

  /** Sends a request; resolves with the whole answer. */
  request(method: string, params: object = {}): Promise<Message> {
    const id = ++this.#ids;
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.answer(id);
  }

  call(name: string, args: object = {}, meta?: object): Promise<Message> {
    return this.request('tools/call', { name, arguments: args, ...(meta && { _meta: meta }) });
  }

  answer(id: unknown): Promise<Message> {
    return this.until(() =>
      this.messages.find((message) => message.id === id && message.method === undefined),
    );
  }

  async untilStderr(text: string): Promise<void> {
    await this.until(() => (this.stderr.includes(text) ? true : undefined));
  }

  /** Waits until a look at what has arrived gives something; the test's own timeout bounds it. */
  async until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await once(this.#changes, 'change');
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        this.messages.push(JSON.parse(line) as Message);
      } catch {
        this.garbage.push(line);
      }
    }
    this.#wake();
  }

  #wake(): void {
    this.#changes.emit('change');
  }
}
