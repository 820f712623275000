/**
 * A command given to a shell that marks its prompts. The marks decide everything: C starts the output, D carries
 * the status, B says that the prompt is back; see docs/completion.md.
 */
import type { Mark } from '../panes/marks.js';
import { WritePane, type ReadPane } from '../panes/pane.js';
import type { Piece } from '../panes/paste.js';
import type { PaneStream } from '../panes/stream.js';
import { LostAmid, PaneMoved } from '../panes/untouched.js';
import { silence } from '../panes/watch.js';
import { isRefusal } from '../permission/permit.js';
import type { ShellIntegration } from './contract.js';
import { Echo, endsLike } from './echo.js';
import { waitForMark } from './marks-wait.js';
import type { Run } from './run.js';

/** How long a command may take to start after a prompt that may not be its own, and after one that hardly is. */
const DOUBT_MS = 80;
const UNSURE_MS = 250;
/** How long a line editor may take to show that its line is empty. */
const CLEARED_MS = 40;
/** Silence after which a shell is looked at that was lost in the middle of a command, and the bound of it. */
const SETTLED_MS = 100;
const LOST_MS = 1_000;
/** How many such prompts are waited past. */
const DOUBTS = 6;

export class ShellRun {
  readonly #run: Run;
  readonly #shell: ShellIntegration;
  readonly #pane: WritePane;
  readonly #stream: PaneStream;
  readonly #echo: Echo;
  /** Whether it tells whose line was entered. */
  readonly #echoTells: boolean;
  /** Lines still to be typed, for shells that take one at a time. */
  readonly #lines: string[];
  /** Whether the whole command is entered at once. */
  readonly #isOneLine: boolean;
  /** Whether the line typed last is empty. */
  #isBlank = false;
  /** Whether what comes is still of lines that others entered: the shell tells when it takes ours. */
  #isOthers: boolean;
  /** `theirs`: somebody else's command runs; `between`: the output has ended, the prompt is to come. */
  #stage: 'echo' | 'output' | 'between' | 'theirs' = 'echo';
  /** Whether what ran does not look like ours: the line that was echoed was another. */
  #isUnsure = false;
  #status: number | undefined;
  #incomplete = false;
  #sawOutput = false;
  #doubts = 0;
  /** Withdraws the end that a doubtful prompt has set off. */
  #doubt: (() => void) | undefined;

  constructor(run: Run, pane: WritePane, stream: PaneStream, shell: ShellIntegration) {
    this.#run = run;
    this.#pane = pane;
    this.#shell = shell;
    const { framing } = stream;
    const { keys } = shell;
    this.#echo = new Echo(framing);
    this.#lines = shell.multiline === 'lines' || !framing ? run.command.split('\n') : [run.command];
    this.#stream = stream;
    this.#echoTells = framing && shell.echoesLine === true && !stream.echoMisleads;
    this.#isOneLine = this.#lines.length === 1;
    // Of several lines only the last is entered by that key.
    this.#isOthers = stream.tellsSubmit && keys?.submit !== undefined && this.#isOneLine;
    // Where the terminal itself echoes, no C mark tells that a command runs.
    if (shell.keys === undefined) stream.phase = 'running';
    run.onEnd(
      stream.listen({
        text: (data) => {
          this.#text(data);
        },
        mark: (mark) => {
          this.#mark(mark);
        },
      }),
    );
  }

  /** What to type first. The rest follows as the shell asks for it. */
  first(): Piece[] {
    const pieces = this.#next();
    if (this.#lines.length > 0) this.#run.resume = this.#breakOff;
    return pieces;
  }

  #next(): Piece[] {
    const line = this.#lines.shift() ?? '';
    this.#isBlank = line === '';
    const keys = this.#shell.keys;
    return [
      ...(line === '' ? [] : [{ text: line, framed: true }]),
      { text: keys?.submit !== undefined && this.#lines.length === 0 ? keys.submit : '\r' },
    ];
  }

  #type(pieces: Piece[]): void {
    const isLast = this.#lines.length === 0 && !this.#incomplete;
    this.#pane.type(pieces, this.#stream).then(
      () => {
        if (isLast) this.#run.resume = undefined;
      },
      (error: unknown) => {
        // A pane that is gone ends the run by its own event; into one that is elsewhere nothing more is typed.
        if (error instanceof PaneMoved) this.#run.depart({ how: 'moved', exitCode: null });
        else if (isRefusal(error)) this.#run.refuse(error);
      },
    );
  }

  /** The connection was lost before all was known to be typed: what the shell still reads of it is dropped. */
  #breakOff = async (pane: ReadPane): Promise<void> => {
    const { stream } = pane;
    await silence(stream, SETTLED_MS, performance.now() + LOST_MS);
    const row = await pane.refresh().catch(() => undefined);
    // A line before may run on, and is left alone.
    const isIdle =
      row?.command === this.#pane.row.command && (await pane.machine.inputWait(row)) !== 'working';
    if (isIdle && pane instanceof WritePane) {
      const drawn = waitForMark(stream, (mark) => mark.kind === 'B', LOST_MS);
      await pane.type([{ text: this.#cancelKey }], stream).catch(() => undefined);
      await drawn;
    }
    if (this.#incomplete) this.#run.finish('incomplete_input');
    else if (!stream.ended) this.#run.refuse(new LostAmid());
  };

  get #cancelKey(): string {
    const { keys } = this.#shell;
    return keys?.submit === undefined ? '\x03' : (keys.clear ?? '\x03');
  }

  #text(data: Buffer): void {
    if (this.#stage === 'output') this.#run.output.feed(data);
    else if (this.#stage === 'echo') {
      this.#echo.add(data);
      // Where the terminal itself echoes there is no C mark: the output starts behind the line.
      if (this.#shell.keys === undefined && this.#entered) {
        this.#outputOfEcho();
        this.#stage = 'output';
        this.#run.starting = false;
      }
    }
  }

  #mark(mark: Mark): void {
    if (this.#isOthers && mark.kind !== 'X') {
      if (mark.kind !== 'P' || mark.values[0] !== 'submitted') return;
      this.#isOthers = false;
      this.#echo.clear();
      return;
    }
    if (mark.kind === 'C' || this.#entered) this.#run.starting = false;
    switch (mark.kind) {
      case 'C':
        if (!this.#begins(mark)) break;
        this.#stage = 'output';
        this.#sawOutput = true;
        this.#doubt?.();
        this.#status = undefined;
        break;
      case 'Z':
        if (this.#stage === 'echo' && this.#entered) this.#outputOfEcho();
        if (this.#stage === 'output') this.#stage = 'between';
        break;
      case 'D':
        if (!this.#entered || !this.#begins(mark)) break;
        // A second D for the same command comes from the prompt itself: the first counts.
        this.#status ??= Number(mark.values[0] ?? '0');
        if (this.#stage === 'echo') this.#outputOfEcho();
        this.#stage = 'between';
        break;
      case 'X':
        this.#run.leaving = Number(mark.values[0] ?? '0');
        break;
      case 'P':
        if (mark.values[0] === 'incomplete') this.#cancel();
        break;
      case 'A':
        if (mark.named['k'] !== 's') break;
        if (this.#stage === 'echo') this.#outputOfEcho();
        if (this.#lines.length > 0) this.#continue();
        else this.#cancel();
        break;
      case 'B':
        if (mark.named['k'] === 's') break;
        if (this.#entered) this.#prompt();
        // The prompt of an Enter that somebody pressed before ours: the echo of the line is still to come.
        else if (this.#shell.keys === undefined) this.#echo.clear();
        break;
    }
  }

  /**
   * A command begins, or something ends that showed no beginning: false if it is somebody else's, after one that
   * may have been ours. One that is certainly ours takes the place of that.
   */
  #begins(mark: Mark): boolean {
    if (this.#stage === 'theirs') return false;
    if (this.#stage !== 'echo') return true;
    const isOurs = this.#isOurs(mark);
    if (this.#isUnsure) {
      this.#doubt?.();
      if (!isOurs) this.#stage = 'theirs';
      else {
        this.#run.startOver(this.#pane.row);
        this.#status = undefined;
      }
    }
    this.#isUnsure = !isOurs;
    return this.#stage === 'echo';
  }

  /** Whether the line that was entered is ours, as far as the mark behind it or its echo tells. */
  #isOurs(mark: Mark): boolean {
    const { command } = this.#run;
    const ends = mark.named['ends'] ?? '';
    if (!this.#isOneLine) return true;
    if (ends !== '') return endsLike(command, ends);
    return !this.#echoTells || this.#echo.shows(command);
  }

  #prompt(): void {
    if (this.#incomplete) {
      this.#run.finish('incomplete_input');
    } else if (this.#lines.length > 0) {
      this.#continue();
    } else if (this.#isDoubtful) {
      this.#doubts++;
      this.#doubt?.();
      this.#stage = 'echo';
      this.#echo.clear();
      // The prompt that shows is no question.
      this.#run.starting = true;
      const end = setTimeout(
        () => {
          // It was ours all the same: something else draws the line in this pane.
          if (this.#isUnsure && this.#echoTells) this.#stream.echoMisleads = true;
          this.#finish();
        },
        this.#isUnsure ? UNSURE_MS : DOUBT_MS,
      );
      this.#run.onEnd(() => {
        clearTimeout(end);
      });
      this.#doubt = () => {
        clearTimeout(end);
      };
    } else {
      this.#finish();
    }
  }

  #finish(): void {
    this.#run.finish('completed', this.#ranNothing ? 0 : (this.#status ?? null));
  }

  /**
   * A prompt that comes back without a command having started or anything having been printed may be that of a
   * person's own Enter, just before ours; one behind another line than ours, that of a person's command.
   */
  get #isDoubtful(): boolean {
    const silent = !this.#sawOutput && this.#run.output.totalLines === 0;
    if (this.#shell.keys === undefined || this.#doubts >= DOUBTS) return false;
    return this.#isUnsure || (silent && !this.#ranNothing);
  }

  #continue(): void {
    this.#stage = 'echo';
    this.#echo.clear();
    this.#status = undefined;
    this.#type(this.#next());
  }

  /** The shell wants more than it was given: bring the clean prompt back. */
  #cancel(): void {
    if (this.#incomplete) return;
    this.#incomplete = true;
    this.#stage = 'between';
    // The secondary prompt that still shows is no question.
    this.#run.starting = true;
    this.#run.resume = this.#breakOff;
    this.#type([{ text: this.#cancelKey }]);
    // A line editor that stays on the same prompt prints no new one; its buffer is empty all the same.
    if (this.#shell.keys?.submit === undefined) return;
    // The emptied line is drawn anew: the next look must not see the old one.
    const end = setTimeout(() => {
      this.#run.finish('incomplete_input');
    }, CLEARED_MS);
    this.#run.onEnd(() => {
      clearTimeout(end);
    });
  }

  /** Without a C mark (syntax errors, comments, shells that have none) the output is what follows the line's echo. */
  #outputOfEcho(): void {
    this.#stage = 'between';
    this.#run.output.feed(this.#echo.takeRest(this.#isBlank));
  }

  /** A comment or an empty line runs nothing; the status that the shell repeats is that of an earlier command. */
  get #ranNothing(): boolean {
    return this.#run.output.totalLines === 0 && /^(?:\s*(?:#.*)?\n)*\s*(?:#.*)?$/.test(this.#run.command);
  }

  /** Whether the shell has taken the line. Before that, marks come from a prompt that was merely redrawn. */
  get #entered(): boolean {
    return this.#stage !== 'echo' || this.#echo.hasEnded(this.#isBlank);
  }
}
