/**
 * A command given to a program that is known by its prompt alone. It is done when the cursor's line is the
 * prompt again and the screen is silent; its output is what came between the echo and that prompt.
 */
import { OutputText } from '../panes/output.js';
import { WritePane, type ReadPane } from '../panes/pane.js';
import type { Piece } from '../panes/paste.js';
import type { PaneStream } from '../panes/stream.js';
import { LostAmid, LostBefore } from '../panes/untouched.js';
import { nextOutput, silence } from '../panes/watch.js';
import type { PaneRow } from '../tmux/formats.js';
import { connectionEnded, unseen } from '../tmux/lost.js';
import type { ReplFacts } from './repl-facts.js';
import { persistently, regainOutput } from './regain.js';
import { dropStatement } from './repl-drop.js';
import type { Run } from './run.js';

/** Silence after which the cursor's line is looked at, in milliseconds. */
const QUIET_MS = 15;

type Prompt = 'prompt' | 'continuation' | 'ended';
type Type = (pieces: readonly Piece[]) => Promise<void>;

export class ReplRun {
  readonly #run: Run;
  readonly #facts: ReplFacts;
  /** True when the row shows that the program has ended and its shell is back. */
  readonly #left: (row: PaneRow, before: string) => Promise<boolean>;
  /** Where it is heard and typed into; another one after a loss of the connection. */
  #pane: WritePane;
  #stream: PaneStream;
  /** Tells whoever waits for that of another one. */
  #wake: () => void = () => undefined;
  readonly #lines: readonly string[];
  /** The line that was entered last, behind its prompt. */
  #echo = '';
  /** What the line that was entered last has shown so far: its echo, what it printed, and the next prompt. */
  #text: OutputText;
  /** Whether more than an echo has come. */
  #isAnswered = false;
  #off: () => void = () => undefined;

  constructor(
    run: Run,
    pane: WritePane,
    stream: PaneStream,
    facts: ReplFacts,
    left: (row: PaneRow, before: string) => Promise<boolean>,
  ) {
    this.#run = run;
    this.#pane = pane;
    this.#stream = stream;
    this.#facts = facts;
    this.#left = left;
    this.#lines = run.command.split('\n');
    this.#text = this.#newText();
    run.resume = (fresh) => this.#resume(fresh);
    run.onEnd(() => {
      this.#off();
    });
  }

  /** Types the first line. Rejects when nothing was typed. */
  async begin(type: Type): Promise<void> {
    await this.#submit(this.#lines[0] ?? '', undefined, type);
  }

  /** Types line after line, each when the prompt for it shows; ends the run. Rejects only when typing fails. */
  async drive(): Promise<void> {
    for (const [i, line] of this.#lines.entries()) {
      const prompt = await (i === 0 ? this.#answer() : this.#enter(line, this.#facts.unindent));
      if (prompt === 'ended') return;
      if (i < this.#lines.length - 1 || prompt === 'prompt') continue;
      // The last line left a block open: close it the program's way, else say that it is incomplete.
      const finish = this.#facts.finish?.replace(/\n$/, '');
      if (finish !== undefined && (await this.#enter(finish)) !== 'continuation') continue;
      if (this.#run.finished) return;
      await this.#drop();
      await this.#settled();
      this.#run.finish('incomplete_input');
      return;
    }
    this.#run.finish('completed');
  }

  /** Submits one line and collects what it prints. `first`: typed before it, to empty the line. */
  async #enter(line: string, first?: string): Promise<Prompt> {
    for (;;) {
      await this.#heard();
      if (this.#run.finished) return 'ended';
      try {
        await this.#submit(line, first, (pieces) => this.#pane.type(pieces, this.#stream));
        return await this.#answer();
      } catch (error) {
        if (error instanceof LostBefore) continue;
        if (!connectionEnded(error)) throw error;
        // Nobody can tell whether it was typed.
        await this.#drop();
        this.#run.refuse(new LostAmid());
        return 'ended';
      }
    }
  }

  async #submit(line: string, first: string | undefined, type: Type): Promise<void> {
    const stream = this.#stream;
    const { before } = await this.#pane.cursorLine().catch((error: unknown) => {
      throw connectionEnded(error) ? new LostBefore() : error;
    });
    if (stream.ended) throw new LostBefore();
    this.#text = this.#newText();
    this.#text.feed(Buffer.from(before));
    this.#isAnswered = false;
    this.#off();
    this.#echo = before + line;
    this.#off = stream.listen({
      text: (data) => {
        this.#hear(data);
      },
    });
    const pieces = line === '' ? [] : [{ text: line, framed: line.includes('\t') }];
    const empty = first === undefined ? [] : [{ text: first }];
    await type([...empty, ...pieces, { text: '\r' }]);
  }

  /** Collects what the line prints that was submitted. */
  async #answer(): Promise<Prompt> {
    this.#run.preview = () => withoutEcho(this.#text, false);
    const prompt = await this.#prompt();
    this.#run.preview = undefined;
    this.#off();
    this.#text.finish();
    this.#take(this.#text);
    return prompt;
  }

  #take(text: OutputText): void {
    const lines = withoutEcho(text, true);
    const last = text.lines(1, 100_000).lines[0] ?? '';
    const pushed = this.#facts.promptEnd ? last.replace(this.#facts.promptEnd, '') : '';
    if (pushed !== '' && pushed !== last && text.totalLines > 1) lines.push(pushed);
    if (lines.length > 0) this.#run.output.feed(Buffer.from(lines.join('\n') + '\n'));
  }

  /** Resolves when a prompt shows again, or the run has ended by other means. */
  async #prompt(): Promise<Prompt> {
    // The program answers with at least a newline.
    while (!this.#run.finished && !this.#isAnswered) {
      const stream = this.#stream;
      const { position } = stream;
      await nextOutput(stream, 1_000);
      if (stream.ended) await this.#heard();
      else if (stream.position === position) break;
    }
    this.#run.starting = false;
    return this.#settled();
  }

  /** Resolves when the cursor is behind a prompt, or the run has ended by other means. */
  async #settled(): Promise<Prompt> {
    for (;;) {
      await this.#heard();
      // The marked prompt of the shell from which the program was started: it has ended.
      if (this.#stream.phase === 'prompt') this.#run.finish('completed');
      if (this.#run.finished) return 'ended';
      await silence(this.#stream, QUIET_MS, performance.now() + 10_000);
      if (this.#run.finished) return 'ended';
      const seen = this.#stream.lastOutput;
      const now = await this.#pane.cursorLine().catch(unseen);
      if (now === 'unseen' || this.#stream.ended) continue;
      if (!now) return 'ended';
      if (this.#facts.prompt.test(now.before)) return 'prompt';
      // Output without a newline at its end pushes the prompt along: `no newline>>> `.
      if (this.#facts.promptEnd?.test(now.before)) {
        if ((await this.#pane.machine.inputWait(now.row)) !== 'working') return 'prompt';
      }
      if (this.#facts.continuation?.test(now.before)) return 'continuation';
      if (await this.#left(now.row, now.before)) {
        this.#run.finish('completed');
        return 'ended';
      }
      // The foreground program can change without output; everything else announces itself, maybe by now.
      if (this.#stream.lastOutput === seen) await nextOutput(this.#stream, 1_000);
    }
  }

  #newText(): OutputText {
    const { width, height } = this.#pane.row;
    return new OutputText(width, height);
  }

  #hear(data: Buffer): void {
    this.#text.feed(data);
    this.#isAnswered ||= data.includes('\n');
  }

  /** Resolves while the pane is heard: if its connection is lost, once there is another, or the run has ended. */
  async #heard(): Promise<void> {
    while (this.#stream.ended && !this.#run.finished) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        void this.#run.done.then(resolve);
      });
    }
  }

  /** Goes on where the pane is heard again, with what it has shown meanwhile. */
  async #resume(pane: ReadPane): Promise<void> {
    if (!(pane instanceof WritePane)) return;
    const { stream } = pane;
    this.#off();
    if (!this.#isAnswered) {
      // Its echo may have come in part.
      this.#text = this.#newText();
      this.#text.feed(Buffer.from(this.#echo));
    }
    let regained = false;
    this.#off = stream.listen({
      text: (data) => {
        if (regained) this.#hear(data);
      },
    });
    await persistently(pane, this.#run, () => regainOutput(pane, { output: this.#text }));
    regained = true;
    this.#isAnswered ||= this.#text.totalLines > 1;
    if (stream.ended) return;
    this.#pane = pane;
    this.#stream = stream;
    this.#wake();
  }

  /** Brings the prompt back, dropping what had been typed of an unfinished statement. */
  async #drop(): Promise<void> {
    for (;;) {
      await this.#heard();
      if (this.#run.finished) return;
      try {
        await dropStatement(this.#pane, this.#stream, this.#facts);
        return;
      } catch (error) {
        if (!connectionEnded(error)) throw error;
      }
    }
  }
}

/** Lines between the echo of the submitted line and, at the end, the next prompt. */
function withoutEcho(text: OutputText, ended: boolean): string[] {
  const { lines } = text.lines(100_000, 10_000_000);
  return lines.slice(1, ended ? -1 : undefined);
}
