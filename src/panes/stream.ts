/**
 * Follows one pane's output from the moment of its making: text and marks in their order, a short memory of
 * recent text with absolute positions, and what the marks say about the shell.
 */
import type { Condition } from '../tmux/conditions.js';
import type { Connection } from '../tmux/connection.js';
import { Flood } from './flood.js';
import { Framing } from './framing.js';
import { MarkScanner, type Mark } from './marks.js';
import { Memory } from './memory.js';

/** Recent text kept for patterns that look a little back, in bytes. */
const MEMORY = 256 * 1024;

/** How soon after the prompt a terminal's answer shows, in milliseconds. */
const ANSWER_MS = 1_000;
/** What a line editor makes of one, as far as it has drawn it: `1;2c`, `11;rgb:0000/0000/0000`. */
const ANSWER = /^[\d;:?>$/\\[\]^+=|~rgbnRtycPa-f]*$/i;

/** What the marks say: nothing known, at the prompt, at a secondary prompt, or a command running. */
export type ShellPhase = 'unknown' | 'prompt' | 'secondary' | 'running';

export interface StreamListener {
  text?(data: Buffer): void;
  mark?(mark: Mark): void;
  /** The connection has ended; nothing more will come. */
  end?(reason: Error): void;
}

export class PaneStream {
  readonly paneId: string;
  /** Process id of the pane's own program when the stream began. */
  readonly pid: number;
  readonly connection: Connection;
  /**
   * The nonce of the shell integration; marks with another one are ignored. '' while there is none. A mark's own is
   * this with `-` and the name of the shell behind it, for shells may be nested.
   */
  aid = '';
  /** The shell that showed the newest prompt. */
  shell = '';
  phase: ShellPhase = 'unknown';
  /** Positions at which the newest prompt began and ended. */
  promptFrom = 0;
  promptAt = 0;
  /** Prompts seen since the stream began, redrawn ones among them. */
  prompts = 0;
  /** Whether the shell prints `P;submitted` when a line is entered by its own key for that. */
  tellsSubmit = false;
  /** Whether the echo of a line was once not that of the line that was entered. */
  echoMisleads = false;
  /** Whether text came since the prompt ended: somebody typed, or a background job printed. */
  touched = false;
  /** `performance.now()` when the newest prompt ended. */
  #promptTime = 0;
  #promptNumber: string | undefined;
  /** `performance.now()` of the last text since then. */
  #touchedTime = 0;
  /** Whether some output went by unseen before it ended. */
  hasGap = false;
  /** Status of the last command that ended, from its mark. */
  lastStatus: number | undefined;
  /** `performance.now()` of the last output. */
  lastOutput = performance.now();
  /** The same of what we typed last. */
  lastInput = -Infinity;
  #position = 0;
  #closed = false;
  /** Under which a flood may come by a quicker way; undefined while it may not. */
  #quicker: Condition | undefined;
  readonly #flood = new Flood();
  readonly #framing = new Framing();
  readonly #recent = new Memory(MEMORY);
  readonly #listeners = new Set<StreamListener>();
  readonly #stop: () => void;

  constructor(connection: Connection, paneId: string, pid: number) {
    this.pid = pid;
    this.connection = connection;
    this.paneId = paneId;
    const scanner = new MarkScanner({
      text: (data) => {
        this.#text(data);
      },
      mark: (mark) => {
        this.#mark(mark);
      },
    });
    const off = connection.onOutput(paneId, {
      output: (data) => {
        this.lastOutput = performance.now();
        this.#flood.add(data.length, this.lastOutput);
        scanner.feed(data);
        if (this.#quicker !== undefined && this.phase === 'running' && this.#flood.is)
          connection.pipes.open(paneId, this.#quicker);
      },
      lost: () => {
        this.hasGap = true;
        this.close();
      },
    });
    const ended = (): void => {
      for (const listener of [...this.#listeners]) listener.end?.(connection.closed.reason as Error);
    };
    connection.closed.addEventListener('abort', ended);
    this.#stop = () => {
      off();
      connection.closed.removeEventListener('abort', ended);
    };
  }

  get ended(): boolean {
    return this.#closed || this.connection.closed.aborted;
  }

  /** Bytes of text since the stream began. */
  get position(): number {
    return this.#position;
  }

  /** Text from an earlier position on; what is older than the memory is missing at its front. */
  since(position: number): Buffer {
    return this.#recent.last(this.#position - position);
  }

  /** Lets go of text before a position: somebody has had it. What came since the prompt stays. */
  forget(position: number): void {
    this.#recent.forget(this.#position - Math.min(position, this.promptAt));
  }

  /**
   * Whether all that came since the prompt is what a terminal answers to a program that asked and left before it
   * read: the shell then finds the answer in its line, at once. A person types later, and other things.
   */
  get holdsAnswer(): boolean {
    if (this.phase !== 'prompt' || this.#touchedTime - this.#promptTime > ANSWER_MS) return false;
    return ANSWER.test(visible(this.since(this.promptAt)));
  }

  listen(listener: StreamListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether the program asked for bracketed paste. */
  get framing(): boolean {
    return this.#framing.on;
  }

  /**
   * Lets a flood of a running command's output come by a quicker way, until the returned function is called.
   * @param condition under which the pane may be touched
   */
  quicken(condition: Condition): () => void {
    this.#quicker = condition;
    return () => {
      this.#quicker = undefined;
    };
  }

  /** Ends the stream for its listeners: the pane has another program, or is elsewhere. */
  close(): void {
    this.#stop();
    this.#closed = true;
    for (const listener of [...this.#listeners]) listener.end?.(new Error('the stream was closed'));
  }

  #text(data: Buffer): void {
    this.#position += data.length;
    this.#framing.feed(data);
    this.#recent.add(data);
    if (this.phase !== 'running') this.touched ||= visible(data) !== '';
    if (this.touched) this.#touchedTime = this.lastOutput;
    for (const listener of [...this.#listeners]) listener.text?.(data);
  }

  #mark(mark: Mark): void {
    const shell = shellOf(mark, this.aid);
    if (shell === undefined) return;
    switch (mark.kind) {
      case 'A':
        if (mark.named['k'] === 's') this.phase = 'secondary';
        else this.promptFrom = this.#position;
        break;
      case 'B':
        if (mark.named['k'] !== 's') this.phase = 'prompt';
        // A prompt that is only drawn again has the number of the one before.
        if (mark.named['n'] === undefined || mark.named['n'] !== this.#promptNumber)
          this.#promptTime = performance.now();
        this.#promptNumber = mark.named['n'];
        this.prompts++;
        this.tellsSubmit = mark.named['tells'] === 'submit';
        this.shell = shell;
        this.touched = false;
        this.promptAt = this.#position;
        break;
      case 'C':
        this.phase = 'running';
        break;
      case 'D':
        this.lastStatus = Number(mark.values[0] ?? '0');
        break;
    }
    for (const listener of [...this.#listeners]) listener.mark?.(mark);
  }
}

/** Name of the shell that made the mark, '' for one that none made yet; undefined for a foreign mark. */
export function shellOf(mark: Mark, aid: string): string | undefined {
  if (aid === '' || !mark.aid.startsWith(aid)) return undefined;
  const rest = mark.aid.slice(aid.length);
  return rest === '' ? '' : rest.startsWith('-') ? rest.slice(1) : undefined;
}

/** What a terminal would show of it: escape sequences alone do not count. */
export function visible(data: Buffer): string {
  return data
    .toString('latin1')
    .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P^_k][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g, '')
    .replace(/[\x00\x07\b\r\x0e\x0f]/g, '');
}
