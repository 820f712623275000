/**
 * Serves a toolbox over stdin and stdout, and ends when the client does: a server that outlives its client
 * holds control clients that nobody reads.
 */
import process from 'node:process';
import { greeting } from './greeting.js';
import type { Served, ServeOptions } from './protocol.js';
import { LineTransport } from './transport.js';

/** How long requests that were under way when stdin ended may take to be answered (`printf ... | panewright`). */
const GRACE_MS = 1000;
/** How long the toolbox may take to end what it holds. */
const CLOSE_MS = 2000;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

const within = (ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work.catch(() => undefined), new Promise((done) => setTimeout(done, ms))]);

/** Settles when the server answers; the process then ends by itself with status 0 when the client is gone. */
export async function serveStdio(options: ServeOptions): Promise<void> {
  const { stdin, stdout, stderr } = process;
  keepStdoutForTheProtocol();
  const transport = new LineTransport(stdin, stdout, (message) => greeting(message, options));
  const connected = connect(transport, options);

  let isEnding = false;
  const end = async (graceMs: number): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    const served = await connected;
    if (graceMs > 0) await within(graceMs, served.idle());
    // Aborts every request that is still under way, so that nothing new is begun behind our back.
    await served.server.close();
    await within(CLOSE_MS, Promise.all([served.close(), drained(stdout)]));
    process.exit(0);
  };

  stdin.once('end', () => void end(GRACE_MS));
  stdin.once('close', () => void end(GRACE_MS));
  stdin.on('error', () => void end(0));
  // EPIPE and its kin: nobody reads any more. Without these handlers they would be uncaught exceptions.
  stdout.on('error', () => void end(0));
  stderr.on('error', () => {});
  for (const signal of SIGNALS) process.on(signal, () => void end(0));

  await connected;
}

/** The SDK is loaded only now that the client has its first answer, or has not asked yet. */
async function connect(transport: LineTransport, options: ServeOptions): Promise<Served> {
  await transport.listen();
  const [{ createServer }, { CallLane }] = await Promise.all([import('./protocol.js'), import('./lane.js')]);
  const served = createServer(options);
  transport.lane = new CallLane(served.call, (message) => transport.send(message));
  await served.server.connect(transport);
  // What had come before is now being worked on, and counts as that.
  await new Promise((done) => setImmediate(done));
  return served;
}

/** Settles when everything written so far has left the process. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => {
    if (!stream.writable || stream.writableLength === 0) done();
    else stream.write('', () => done());
  });
}

/** A profile or a library that logs must not put its words between two messages. */
function keepStdoutForTheProtocol(): void {
  for (const method of ['log', 'info', 'debug', 'dir', 'table'] as const) {
    // eslint-disable-next-line no-console -- nothing is printed here; others' printing is moved to stderr
    console[method] = (...words: unknown[]) => console.error(...words);
  }
}
