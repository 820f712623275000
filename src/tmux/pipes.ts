/** The pipes through which floods of output come to one connection: see pipe.ts. */
import { NO_PIPE, type Condition } from './conditions.js';
import type { GuardedOptions } from './pending.js';
import { PanePipe } from './pipe.js';
import type { Command } from './quote.js';
import type { Transport } from './transport.js';
import { within } from './within.js';

/** How long a pane whose flood has just ended is given to come back to the connection, in milliseconds. */
const IN_ORDER_MS = 100;

/** What pipes need of their connection. */
export interface PipeHost {
  readonly closed: AbortSignal;
  run(command: Command): Promise<string>;
  guarded(
    target: string,
    condition: Condition,
    commands: readonly Command[],
    options: GuardedOptions,
  ): Promise<string[] | undefined>;
}

export interface PipeListener {
  deliver(paneId: string, data: Buffer): void;
  /** Some output went by unseen. */
  lost(paneId: string): void;
}

export class Pipes {
  readonly #connection: PipeHost;
  readonly #transport: Transport;
  readonly #listener: PipeListener;
  readonly #pipes = new Map<string, PanePipe>();
  /** Panes for which a pipe is no use. */
  readonly #useless = new Set<string>();

  constructor(connection: PipeHost, transport: Transport, listener: PipeListener) {
    this.#connection = connection;
    this.#transport = transport;
    this.#listener = listener;
  }

  get size(): number {
    return this.#pipes.size;
  }

  /**
   * Has a flood of a pane's output come by a quicker way until it ends, where there is one. Meanwhile output comes in
   * no order with replies and notifications.
   * @param condition under which the pane may be touched
   */
  open(paneId: string, condition: Condition): void {
    const connection = this.#connection;
    const isPossible = this.#transport.host === undefined && process.platform === 'linux';
    if (!isPossible || connection.closed.aborted || this.#pipes.has(paneId) || this.#useless.has(paneId))
      return;
    const pipe = new PanePipe({
      paneId,
      makeFifo: async (path) => (await this.#transport.run(['mkfifo', '-m', '600', path])).outcome === 'done',
      open: async (shellCommand, done) => {
        const command: Command = ['pipe-pane', '-t', paneId, shellCommand];
        return (
          (await connection.guarded(paneId, [...condition, ...NO_PIPE], [command], { done })) !== undefined
        );
      },
      run: (command) => connection.run(command),
      deliver: (data) => {
        this.#listener.deliver(paneId, data);
      },
      ended: (isUseful) => {
        this.#pipes.delete(paneId);
        if (!isUseful) this.#useless.add(paneId);
      },
      lost: () => {
        this.#listener.lost(paneId);
      },
    });
    this.#pipes.set(paneId, pipe);
  }

  /** Takes output that came over the connection; false where the pane has no pipe. */
  take(paneId: string, data: Buffer): boolean {
    const pipe = this.#pipes.get(paneId);
    pipe?.fromConnection(data);
    return pipe !== undefined;
  }

  /** Whether a pane's output comes through a pipe now. */
  isPiping(paneId: string): boolean {
    return this.#pipes.get(paneId)?.isPiping === true;
  }

  /** Resolves when a pane's output comes in order with replies again; one that floods on is not waited for. */
  async inOrder(paneId: string): Promise<void> {
    const pipe = this.#pipes.get(paneId);
    if (!pipe) return;
    const until = performance.now() + IN_ORDER_MS;
    for (let rest = IN_ORDER_MS; !pipe.isOver && rest > 0; rest = until - performance.now())
      await within(pipe.close(), rest, undefined);
  }

  /** Resolves when the rest of the output of a pane that has gone is delivered, or of all of them. */
  async drained(paneId?: string): Promise<void> {
    const pipes = [...this.#pipes].filter(([id]) => paneId === undefined || id === paneId);
    await Promise.all(pipes.map(([, pipe]) => pipe.drained()));
  }

  /** Nobody wants a pane's output any more. */
  close(paneId: string): void {
    void this.#pipes.get(paneId)?.close();
  }

  /** Has tmux end them at once: the connection is about to. */
  cut(): void {
    for (const pipe of this.#pipes.values()) pipe.cut();
  }

  /** The connection has ended. */
  abandon(): void {
    for (const pipe of [...this.#pipes.values()]) pipe.abandon();
  }
}
