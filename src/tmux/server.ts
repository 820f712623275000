/**
 * One tmux server as seen from here: control connections by session, opened lazily, and one-shot commands for
 * when there is none. Where it runs is the transport's business.
 */
import { PanewrightError } from '../errors.js';
import { Connection, GUARD_CHANNEL } from './connection.js';
import { TmuxSilent } from './lost.js';
import { holds, type Condition } from './conditions.js';
import {
  CLIENT_FORMAT,
  DEAD_IN_FRONT,
  onlyPane,
  PANE,
  parseClientRows,
  parseSessionRows,
  SESSION_FORMAT,
  type ClientRow,
  type PaneRow,
  type RowFormat,
  type SessionRow,
} from './formats.js';
import { ConnectGate } from './gate.js';
import { commandLine, type Command } from './quote.js';
import { endStray, isStray } from './strays.js';
import type { Transport } from './transport.js';
import { attachesToDead, requireSupported } from './version.js';
import { within } from './within.js';

export interface TmuxOptions {
  /** Command that runs tmux, without socket flags. Default `['tmux']`. */
  readonly command?: readonly string[];
  readonly socketName?: string;
  readonly socketPath?: string;
  /** To the machine on which it runs. */
  readonly transport: Transport;
  /** Milliseconds after which an unused connection is closed. Default 60 s. */
  readonly idleMs?: number;
}

/** How long a client that connects is waited for before a call returns, in milliseconds. */
const SETTLED_MS = 250;

/** How long tmux may take to notice that clients have gone, in milliseconds. */
const NOTICED_MS = 50;

/** How long clients are let go one by one, in milliseconds. */
const CLOSE_MS = 1_000;

/** Of how many panes the process id is remembered. */
const MOST_PROGRAMS = 10_000;

/** tmux's words for "there is no server", or one without any session, by which an empty list is told from an error. */
const NO_SERVER =
  /no server running|error connecting to .*\((No such file|Connection refused)|no sessions|^no current target/;

export class TmuxServer {
  readonly #argv: readonly string[];
  readonly #transport: Transport;
  readonly #idleMs: number;
  readonly #connections = new Map<string, Connection>();
  readonly #gate = new ConnectGate();
  /** Process ids of the programs of panes. */
  readonly #programs = new Map<string, number>();
  /** Process id of the server, as last told. */
  #pid: number | undefined;
  readonly #asSeen = {
    pid: (): number | undefined => this.#pid,
    mayAttach: (sessionId: string): Promise<boolean> => this.#mayAttach(sessionId),
  };
  #version: Promise<string> | undefined;
  #isTidy = false;
  #isClosed = false;

  constructor(options: TmuxOptions) {
    // -u: without a UTF-8 locale, which MCP clients often strip, tmux would turn every é into _.
    this.#argv = [
      ...(options.command ?? ['tmux']),
      '-u',
      ...(options.socketPath !== undefined
        ? ['-S', options.socketPath]
        : options.socketName !== undefined
          ? ['-L', options.socketName]
          : []),
    ];
    this.#transport = options.transport;
    this.#idleMs = options.idleMs ?? 60_000;
  }

  /** `tmux -V`, asked once; rejects with TMUX_NOT_FOUND or TMUX_TOO_OLD. */
  version(): Promise<string> {
    this.#version ??= this.#spawn(['-V']).then((out) => requireSupported(out.trim(), this.#where));
    this.#version.catch(() => (this.#version = undefined));
    return this.#version;
  }

  /**
   * The connection of a session, opened if there is none. The session must exist: resolve its id first. Throws
   * TMUX_LOST once the server is closed.
   */
  connect(sessionId: string): Connection {
    const open = this.#connections.get(sessionId);
    if (open && !open.closed.aborted) return open;
    // Whoever follows a pane connects again when a connection ends; not when all do, for nobody would close that one.
    if (this.#isClosed) throw new PanewrightError('TMUX_LOST', 'Panewright is ending.', 'Start it again.');
    const connection = new Connection(
      this.#transport,
      this.#argv,
      sessionId,
      this.#idleMs,
      this.#gate,
      this.#asSeen,
    );
    this.#connections.set(sessionId, connection);
    if (!this.#isTidy) void this.#tidy();
    connection.closed.addEventListener('abort', () => {
      if (this.#connections.get(sessionId) === connection) this.#connections.delete(sessionId);
    });
    return connection;
  }

  /** Ends what a Panewright that was killed has left attached. */
  async #tidy(): Promise<void> {
    this.#isTidy = true;
    if (this.#transport.host !== undefined) return;
    const clients = await this.clients().catch(() => []);
    const strays = clients.filter(({ control, pid }) => control && isStray(pid));
    if (strays.length === 0) return;
    // No client may connect while others go.
    await this.#gate.exclusive(async () => {
      for (const { pid } of strays) endStray(pid);
      await new Promise((resolve) => setTimeout(resolve, NOTICED_MS));
    });
  }

  async #mayAttach(sessionId: string): Promise<boolean> {
    if (attachesToDead(await this.version())) return true;
    return (await this.#spawn(['list-panes', '-t', sessionId, '-f', DEAD_IN_FRONT, '-F', 'dead'])) === '';
  }

  /** `Connection.guarded` without a connection: a process for each command. */
  async guardedApart(
    target: string,
    condition: Condition,
    commands: readonly Command[],
  ): Promise<string[] | undefined> {
    const format = holds(condition);
    const replies: string[] = [];
    for (const command of commands) {
      const line = [commandLine([command]), `wait-for -U ${GUARD_CHANNEL}`];
      try {
        replies.push(await this.#spawn(['if-shell', '-F', '-t', target, format, ...line]));
      } catch (error) {
        if (error instanceof PanewrightError && error.message.includes(GUARD_CHANNEL)) return undefined;
        throw error;
      }
    }
    return replies;
  }

  /** Process ids of our own control clients: they are not people who watch. */
  clientPids(): Set<number> {
    return new Set([...this.#connections.values()].flatMap((c) => (c.pid === undefined ? [] : [c.pid])));
  }

  /** Every pane of the server, or of one session by id; empty when no server runs. */
  async panes(sessionId?: string): Promise<PaneRow[]> {
    const scope = sessionId === undefined ? ['-a'] : ['-s', '-t', sessionId];
    return this.rowsOf(await this.run(['list-panes', ...scope, '-F', PANE.format], sessionId));
  }

  /** Rows of `PANE`. Of a program that has ended, the process id that was seen while it ran, where tmux tells none. */
  rowsOf(body: string): PaneRow[] {
    if (this.#programs.size > MOST_PROGRAMS) this.#programs.clear();
    return PANE.parse(body).map((row) => {
      const key = `${row.serverPid} ${row.paneId}`;
      this.#pid = row.serverPid;
      if (row.pid === 0) return { ...row, pid: this.#programs.get(key) ?? 0 };
      this.#programs.set(key, row.pid);
      return row;
    });
  }

  /** The same of all panes, as far as a listing shows them. */
  async listing<Row>({ format, parse }: RowFormat<Row>): Promise<Row[]> {
    return parse(await this.run(['list-panes', '-a', '-F', format]));
  }

  /** Ids and names of all sessions: far cheaper than all panes. */
  async sessions(): Promise<SessionRow[]> {
    const command: Command = ['list-sessions', '-F', SESSION_FORMAT];
    const rows = parseSessionRows(await this.run(command));
    // "There is nothing" is worth asking twice: a connection says so while its own session is going.
    return rows.length > 0 ? rows : parseSessionRows(await this.#spawn(command));
  }

  /** One pane as seen from a session; undefined when it is not there any more. */
  async pane(place: Pick<PaneRow, 'sessionId' | 'paneId'>): Promise<PaneRow | undefined> {
    // Not display-message: for what it cannot find it answers with a mixture of what it has, and no error.
    const filter = ['-f', onlyPane(place.paneId)];
    const command: Command = ['list-panes', '-s', '-t', place.sessionId, ...filter, '-F', PANE.format];
    const body = await this.run(command, place.sessionId).catch((error: unknown) => {
      if (error instanceof PanewrightError && error.code === 'TMUX_ERROR') return '';
      throw error;
    });
    return this.rowsOf(body).find((row) => row.paneId === place.paneId && row.sessionId === place.sessionId);
  }

  async clients(): Promise<ClientRow[]> {
    return parseClientRows(await this.run(['list-clients', '-F', CLIENT_FORMAT]));
  }

  /**
   * Runs a command over a connection that is open anyway (that of `sessionId` if there is one), else by a
   * process of its own. Answers '' when no server runs.
   */
  async run(command: Command, sessionId?: string): Promise<string> {
    for (const connection of this.#open(sessionId)) {
      try {
        return await connection.run(command);
      } catch (error) {
        // The client may have ended with the session that it was attached to; the server may live on.
        if (!connection.closed.aborted) throw error;
      }
    }
    await this.version();
    return this.#spawn(command);
  }

  /** A connection that is open anyway, that of the session if there is one. */
  openConnection(sessionId: string): Connection | undefined {
    return this.#open(sessionId)[0];
  }

  #open(sessionId?: string): Connection[] {
    const own = sessionId === undefined ? undefined : this.#connections.get(sessionId);
    const connections = new Set([...(own ? [own] : []), ...this.#connections.values()]);
    return [...connections].filter((connection) => !connection.closed.aborted);
  }

  /** Runs a command that may have to start the server, so always by a process of its own. */
  async start(command: Command): Promise<string> {
    await this.version();
    return this.#gate.exclusive(() => this.#spawn(command));
  }

  /**
   * Resolves when no control client is on its way in, or soon after. What a caller does next is mostly done to the
   * same tmux, which a notification at that moment may cost its life: see gate.ts.
   */
  async settled(): Promise<void> {
    if (this.#gate.open) return;
    await within(this.#gate.settled(), SETTLED_MS, undefined);
  }

  /** Resolves when no control client is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    // One after the other while there is time: tmux 3.3a tells every client of every one that leaves.
    const deadline = performance.now() + CLOSE_MS;
    const closing: Promise<void>[] = [];
    for (const connection of connections) {
      closing.push(connection.close());
      if (performance.now() < deadline) await closing.at(-1);
    }
    await Promise.all(closing);
  }

  get #where(): string {
    const { host } = this.#transport;
    return host === undefined ? '' : ` on host ${host}`;
  }

  async #spawn(command: readonly string[]): Promise<string> {
    const { host, deadlineMs } = this.#transport;
    const where = this.#where;
    const argv = [...this.#argv, ...command.map(escapeSemicolon)];
    const { stdout, stderr, outcome } = await this.#transport.run(argv, () => this.#pid);
    switch (outcome) {
      case 'done':
        return stdout;
      case 'not found':
        throw new PanewrightError(
          'TMUX_NOT_FOUND',
          `the program ${this.#argv[0] ?? 'tmux'} is not on PATH${where}.`,
          `Install tmux 3.2 or later${host === undefined ? '' : ' there, or set tmux.program of the host to its path'}.`,
        );
      case 'timed out':
        throw new TmuxSilent(deadlineMs, where);
      case 'killed':
        throw new PanewrightError(
          'TMUX_LOST',
          `a client of tmux was ended by ${stderr} before it answered.`,
          'Try again.',
        );
      case 'failed':
        if (NO_SERVER.test(stderr)) return '';
        throw new PanewrightError('TMUX_ERROR', `tmux said: ${stderr}.`);
    }
  }
}

/** On its command line tmux takes a `;` at the end of any argument as a separator, unless it is escaped. */
function escapeSemicolon(argument: string): string {
  return argument.endsWith(';') ? argument.slice(0, -1) + '\\;' : argument;
}
