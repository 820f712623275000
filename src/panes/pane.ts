/**
 * Handles on one pane, by what may be done with it: read, write, destroy. Made only by the permission room. A
 * handle acts on the pane as it was judged: each act is conditional, inside tmux, on the pane still being in the
 * same sessions of the same server.
 */
import { PanewrightError } from '../errors.js';
import type { Connection } from '../tmux/connection.js';
import { AttachFailed, AttachUnsafe, connectionEnded } from '../tmux/lost.js';
import {
  lockedBy,
  lockFormat,
  lockVariable,
  NO_MODE,
  samePlace,
  sameProgram,
  sameSessions,
  sameSize,
  type Condition,
} from '../tmux/conditions.js';
import { PANE, SHELL_OPTION, type PaneRow } from '../tmux/formats.js';
import type { Command } from '../tmux/quote.js';
import type { TmuxServer } from '../tmux/server.js';
import { pasteNeedsRaw } from '../tmux/version.js';
import { sliceCells } from './cells.js';
import type { Key } from './keys.js';
import type { Machine } from './machine.js';
import { openCommand, type OpenOptions } from './open.js';
import { pasteCommands, type Piece } from './paste.js';
import { respawnCommand, type SessionOptions } from './session.js';
import { ansiLines, screenLines } from './screen.js';
import type { PaneStream } from './stream.js';
import type { PaneStreams } from './streams.js';
import { targetName } from './targets.js';
import { LostBefore, PaneMoved } from './untouched.js';

export interface Terminal {
  readonly tmux: TmuxServer;
  readonly streams: PaneStreams;
  /** On which the panes are. */
  readonly machine: Machine;
}

/** Whether a handle may be used for writing, asked again whenever time has gone by. */
export interface Leave {
  /** Rejects when it may not be written as things are now. */
  judge(): Promise<void>;
  /** The same where the last judgement is old; before the first act of a call the attempt is logged, too. */
  ask(pane: ReadPane): Promise<void>;
}

export class ReadPane {
  /** The pane as it was when it was last looked up: a moment ago, unless `renewed`. */
  readonly row: PaneRow;
  protected readonly terminal: Terminal;
  /** Whether it may only be looked at over a connection that is open anyway: see `aside`. */
  protected isAside = false;
  /** Whether the program in it was replaced through this very handle. */
  protected respawned = false;
  protected readonly leave: Leave | undefined;
  /** Checked by tmux at every act. */
  readonly #condition: Condition;

  /** @param condition under which the pane still is the one that was judged */
  constructor(row: PaneRow, terminal: Terminal, condition = samePlace(row), leave?: Leave) {
    this.row = row;
    this.terminal = terminal;
    this.#condition = condition;
    this.leave = leave;
  }

  /** The same handle for what is known of the pane now. */
  protected on(row: PaneRow, condition = samePlace(row)): this {
    const Handle = this.constructor as new (...args: ConstructorParameters<typeof ReadPane>) => this;
    return new Handle(row, this.terminal, condition, this.leave);
  }

  get id(): string {
    return this.row.paneId;
  }

  /** `work:0.0` */
  get target(): string {
    return targetName(this.row);
  }

  /** The machine on which the pane's programs run. */
  get machine(): Machine {
    return this.terminal.machine;
  }

  /** The connection of the pane's session, opened if need be. */
  get connection(): Connection {
    return this.terminal.tmux.connect(this.row.sessionId);
  }

  /** The pane's output from now on, or from when somebody first asked. */
  get stream(): PaneStream {
    return this.terminal.streams.of(this.row);
  }

  /** What has been heard of the pane's output so far, where somebody listens. */
  get heard(): PaneStream | undefined {
    return this.isAside ? this.terminal.streams.known(this.row) : this.stream;
  }

  /**
   * The same handle for a look in passing: no client attaches to the pane's session for it. One that does counts as
   * somebody who has seen its bells.
   */
  aside(): this {
    const handle = this.on(this.row, this.#condition);
    handle.isAside = true;
    return handle;
  }

  /** All panes that there are; what was kept of others is let go. */
  async sweep(): Promise<PaneRow[]> {
    const rows = await this.terminal.tmux.panes();
    this.terminal.streams.keep(rows);
    return rows;
  }

  /** The pane as it is now; undefined when it is gone. */
  async refresh(): Promise<PaneRow | undefined> {
    const here = await this.terminal.tmux.pane(this.row);
    return here ?? (await this.terminal.tmux.panes()).find((row) => row.paneId === this.id);
  }

  /**
   * The same handle on the pane as it is now, if it is still in the sessions for which it was judged, with the same
   * program in it.
   */
  async renewed(): Promise<this> {
    const row = await this.refresh();
    const { sessionId, sessionName, linkedSessions, serverPid, pid } = this.row;
    if (
      row?.serverPid !== serverPid ||
      (row.pid !== pid && !this.respawned) ||
      row.sessionId !== sessionId ||
      row.sessionName !== sessionName ||
      row.linkedSessions !== linkedSessions
    )
      throw this.moved();
    return this.on(row);
  }

  /**
   * The screen as lines, wrapped ones joined, blank ones at the end dropped; and the pane at that moment.
   * @param history lines of scrollback above the visible screen
   * @param ansi keep colours as SGR sequences
   */
  async look(history = 0, ansi = false): Promise<{ lines: string[]; row: PaneRow }> {
    const start = history > 0 ? ['-S', String(-history)] : [];
    const [facts = '', body = ''] = await this.ask([
      ['display-message', '-p', '-t', this.id, PANE.format],
      ['capture-pane', '-p', '-J', ...(ansi ? ['-e'] : []), ...start, '-t', this.id],
    ]);
    const [row = this.row] = this.terminal.tmux.rowsOf(facts);
    return { lines: ansi ? ansiLines(body) : screenLines(body), row };
  }

  /** What a program shows that has taken the place of this one: tmux clears the screen for it. */
  async shownInstead(row: PaneRow): Promise<string> {
    const { sessionId, sessionName, linkedSessions } = this.row;
    const isHere = row.sessionName === sessionName && row.linkedSessions === linkedSessions;
    if (!isHere || row.sessionId !== sessionId) return '';
    return (await new ReadPane(row, this.terminal).look()).lines.join('\n').trimEnd();
  }

  /**
   * The line that the cursor is on, wrapped rows joined, up to the cursor; and the pane's row at that moment.
   * What stands behind the cursor is a suggestion or a right-hand prompt, never a draft.
   */
  async cursorLine(): Promise<{ before: string; row: PaneRow }> {
    const [facts = ''] = await this.ask([['display-message', '-p', '-t', this.id, PANE.format]]);
    const [row = this.row] = this.terminal.tmux.rowsOf(facts);
    const y = String(row.cursorY);
    const [joined = '', last = ''] = await this.ask([
      ['capture-pane', '-p', '-J', '-S', '0', '-E', y, '-t', this.id],
      ['capture-pane', '-p', '-S', y, '-E', y, '-t', this.id],
    ]);
    const line = joined.split('\n').at(-1) ?? '';
    // Unjoined, tmux drops blanks at the end of the row; with -J it keeps them.
    const at = line.lastIndexOf(last);
    const above = at < 0 ? '' : line.slice(0, at);
    const own = sliceCells(at < 0 ? line : line.slice(at), row.cursorX);
    return { before: above + own.padEnd(at < 0 ? 0 : row.cursorX), row };
  }

  /** The visible screen as the terminal draws it: rows unjoined, attributes as SGR sequences. */
  async frame(): Promise<{ ansi: string; row: PaneRow }> {
    const [facts = '', ansi = ''] = await this.ask([
      ['display-message', '-p', '-t', this.id, PANE.format],
      ['capture-pane', '-p', '-e', '-t', this.id],
    ]);
    const [row = this.row] = this.terminal.tmux.rowsOf(facts);
    return { ansi, row };
  }

  /** Runs commands if the pane is still where it was judged to be. */
  protected async act(commands: readonly Command[], condition?: Condition): Promise<string[]> {
    const done = await this.attempt(commands, condition);
    if (done) return done;
    throw this.moved();
  }

  /** The same for commands that change nothing: over another connection if the one there was turns out to be lost. */
  protected async ask(commands: readonly Command[]): Promise<string[]> {
    const connection = this.#open;
    try {
      return await this.act(commands);
    } catch (error) {
      if (connection?.closed.aborted !== true || !connectionEnded(error)) throw error;
      return this.act(commands);
    }
  }

  /** The same, resolving with undefined when the pane has moved or the further condition does not hold. */
  protected async attempt(
    commands: readonly Command[],
    condition: Condition = [],
  ): Promise<string[] | undefined> {
    const place = [...this.#condition, ...condition];
    const connection = this.#open;
    if (!connection) return this.terminal.tmux.guardedApart(this.id, place, commands);
    try {
      return await connection.guarded(this.id, place, commands);
    } catch (error) {
      if (error instanceof AttachUnsafe) return this.terminal.tmux.guardedApart(this.id, place, commands);
      if (error instanceof AttachFailed) throw this.moved();
      // The connection ends with its session: then there is nothing left that could have been done.
      if (connectionEnded(error) && !(await this.terminal.tmux.pane(this.row))) throw this.moved();
      throw error;
    }
  }

  /** Over which the pane is asked; undefined: by a process of its own. */
  get #open(): Connection | undefined {
    return this.isAside ? this.terminal.tmux.openConnection(this.row.sessionId) : this.connection;
  }

  /** Whether the pane is no longer as it was when the handle was made. */
  async isMoved(): Promise<boolean> {
    const [same] = (await this.attempt([['display-message', '-p', 'same']], sameSize(this.row))) ?? [];
    return same !== 'same';
  }

  moved(): PaneMoved {
    return new PaneMoved(
      'PANE_NOT_FOUND',
      `pane ${this.id} is no longer at ${this.target}: it was closed, moved or renamed in the meantime.`,
      'Nothing was done. Call list_sessions and try again.',
    );
  }
}

export class WritePane extends ReadPane {
  /** The same handle, whose acts tmux refuses when another program is in the foreground; named by its process. */
  whileRunning(command: string): this {
    return this.on(this.row, [...samePlace(this.row), ...sameProgram(command)]);
  }

  /** Rejects when it may not be written any more. To be called after a wait, before anything else is done. */
  async stillAllowed(): Promise<void> {
    await this.leave?.judge();
  }

  protected async mayAct(): Promise<void> {
    await this.leave?.ask(this);
  }

  /**
   * Lets a flood of output come through a pipe of tmux's, until the returned function is called. For those who need
   * nothing but the output itself: it comes in no order with what else tmux says.
   */
  quicken(): () => void {
    return this.stream.quicken(samePlace(this.row));
  }

  /** Types pieces one after the other, in one step that nothing can come between; LostBefore if the stream has ended. */
  async type(pieces: readonly Piece[], stream?: PaneStream): Promise<void> {
    await this.#mayType(stream);
    await this.act(pieces.flatMap((piece) => this.#paste(piece)));
    this.#noteInput();
  }

  /**
   * The same if this token holds the pane's lock ('': nobody does), which is handed to the next one in that very step.
   * False, nothing done, when it does not, or the pane has moved.
   */
  async typeLocked(
    holder: string,
    next: string,
    pieces: readonly Piece[],
    stream: PaneStream,
  ): Promise<boolean> {
    await this.#mayType(stream);
    const lock: Command = ['set-environment', '-gh', lockVariable(this.id), next];
    const commands = [lock, ...pieces.flatMap((piece) => this.#paste(piece))];
    const condition = [...sameSize(this.row), ...lockedBy(this.id, holder)];
    const done = (await this.attempt(commands, condition)) !== undefined;
    if (done && pieces.length > 0) this.#noteInput();
    return done;
  }

  /** The token that holds the pane's lock now, or ''. */
  async lockHolder(): Promise<string> {
    const [token = ''] = await this.ask([['display-message', '-p', '-t', this.id, lockFormat(this.id)]]);
    return token;
  }

  /** Gives the lock back, or breaks one that its holder left behind. */
  async unlock(token: string): Promise<void> {
    const release: Command = ['set-environment', '-gu', lockVariable(this.id)];
    await this.connection.guarded(this.id, lockedBy(this.id, token), [release], { late: true });
  }

  /** Presses keys. In copy mode tmux would take them for itself, so their bytes go straight to the program. */
  async press(keys: readonly Key[]): Promise<void> {
    await this.#mayType();
    const sent = keys.map((key): Command => [
      'send-keys',
      ...(key.literal ? ['-l'] : []),
      '-t',
      this.id,
      '--',
      key.tmux,
    ]);
    if (await this.attempt(sent, NO_MODE)) this.#noteInput();
    else await this.type([{ text: keys.map((key) => key.bytes(this.row.applicationCursor)).join('') }]);
  }

  /** Opens another pane beside this one, without taking anybody's focus; resolves with its row. */
  async open(options: OpenOptions): Promise<PaneRow> {
    const given = options.workingDir;
    const workingDir = given === undefined ? undefined : await this.machine.directory(given);
    await this.mayAct();
    const [created = ''] = await this.act([openCommand(this.row, { ...options, workingDir })]);
    const paneId = created.split('\t')[2];
    const rows = await this.terminal.tmux.panes(this.row.sessionId);
    const row = rows.find((r) => r.paneId === paneId);
    if (row) return row;
    throw new PanewrightError(
      'PANE_NOT_FOUND',
      'the new pane has already closed: its command ended at once.',
      'Open it without command to see what goes wrong.',
    );
  }

  /** Ends what runs in the pane and starts a program there. */
  async respawn(options: Omit<SessionOptions, 'name'>): Promise<void> {
    const workingDir = await this.machine.directory(options.workingDir);
    await this.mayAct();
    // It may be ending at this very moment, or have ended: either is fine.
    const done = await this.connection.guarded(this.id, sameSessions(this.row), [
      respawnCommand(this.id, { ...options, workingDir }),
    ]);
    if (!done) throw this.moved();
    this.respawned = true;
  }

  /** Whether the pane stays, with its last screen, when its program ends. */
  async remainOnExit(on: boolean): Promise<void> {
    await this.mayAct();
    await this.act([['set-option', '-p', '-t', this.id, 'remain-on-exit', on ? 'on' : 'off']]);
  }

  /** Notes the nonce of the shell integration on the pane, where other Panewright processes find it. */
  async noteIntegration(aid: string): Promise<void> {
    await this.mayAct();
    await this.act([['set-option', '-p', '-t', this.id, SHELL_OPTION, aid]]);
  }

  #noteInput(): void {
    this.stream.lastInput = performance.now();
  }

  /** Before anything is typed. */
  async #mayType(stream?: PaneStream): Promise<void> {
    // Nobody reads there any more, and tmux 3.3a crashes when something is pasted into such a pane.
    if (this.row.dead)
      throw new PanewrightError(
        'PANE_NOT_FOUND',
        `the program in pane ${this.target} has ended.`,
        'Close the pane, or open another with open_pane.',
      );
    await this.mayAct();
    if (stream?.ended) throw new LostBefore();
  }

  #paste(piece: Piece): Command[] {
    return pasteCommands(this.id, piece, pasteNeedsRaw(this.row.serverVersion));
  }
}

export class DestroyPane extends WritePane {
  /** Ends the pane's whole session. */
  async closeSession(): Promise<void> {
    await this.mayAct();
    await this.act([['kill-session', '-t', this.row.sessionId]]);
  }

  async close(): Promise<void> {
    await this.mayAct();
    await this.act([['kill-pane', '-t', this.id]]);
  }
}

/** Which handle an access level gives. */
export interface HandleFor {
  read: ReadPane;
  write: WritePane;
  destroy: DestroyPane;
}
