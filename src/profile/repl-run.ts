/**
 * A command given to a program that is known by its prompt alone. It is done when the cursor's line is the
 * prompt again and the screen is silent; its output is what came between the echo and that prompt.
 */
import { OutputText } from '../panes/output.js';
import type { WritePane } from '../panes/pane.js';
import type { PaneStream } from '../panes/stream.js';
import { nextOutput, silence } from '../panes/watch.js';
import type { PaneRow } from '../tmux/formats.js';
import type { ReplFacts } from './repl-facts.js';
import { dropStatement } from './repl-drop.js';
import type { Run } from './run.js';

/** Silence after which the cursor's line is looked at, in milliseconds. */
const QUIET_MS = 15;

export class ReplRun {
  readonly #run: Run;
  readonly #pane: WritePane;
  readonly #stream: PaneStream;
  readonly #facts: ReplFacts;
  /** True when the row shows that the program has ended and its shell is back. */
  readonly #left: (row: PaneRow, before: string) => Promise<boolean>;

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
  }

  /** Types line after line, each when the prompt for it shows; ends the run. Rejects only when typing fails. */
  async drive(): Promise<void> {
    const lines = this.#run.command.split('\n');
    for (const [i, line] of lines.entries()) {
      const prompt = await this.#enter(line, i > 0 ? this.#facts.unindent : undefined);
      if (prompt === 'ended') return;
      if (i < lines.length - 1 || prompt === 'prompt') continue;
      // The last line left a block open: close it the program's way, else say that it is incomplete.
      const finish = this.#facts.finish?.replace(/\n$/, '');
      if (finish !== undefined && (await this.#enter(finish)) !== 'continuation') continue;
      if (this.#run.finished) return;
      await dropStatement(this.#pane, this.#stream, this.#facts);
      await this.#settled();
      this.#run.finish('incomplete_input');
      return;
    }
    this.#run.finish('completed');
  }

  /** Submits one line and collects what it prints. `first`: typed before it, to empty the line. */
  async #enter(line: string, first?: string): Promise<'prompt' | 'continuation' | 'ended'> {
    const { before } = await this.#pane.cursorLine();
    const { position } = this.#stream;
    const { width, height } = this.#pane.row;
    const text = new OutputText(width, height);
    text.feed(Buffer.from(before));
    const off = this.#stream.listen({
      text: (data) => {
        text.feed(data);
      },
    });
    const pieces = line === '' ? [] : [{ text: line, framed: line.includes('\t') }];
    const empty = first === undefined ? [] : [{ text: first }];
    await this.#pane.type([...empty, ...pieces, { text: '\r' }]);
    this.#run.preview = () => withoutEcho(text, false);
    const prompt = await this.#prompt(position);
    this.#run.preview = undefined;
    off();
    text.finish();
    this.#take(text);
    return prompt;
  }

  #take(text: OutputText): void {
    const lines = withoutEcho(text, true);
    const last = text.lines(1, 100_000).lines[0] ?? '';
    const pushed = this.#facts.promptEnd ? last.replace(this.#facts.promptEnd, '') : '';
    if (pushed !== '' && pushed !== last && text.totalLines > 1) lines.push(pushed);
    if (lines.length > 0) this.#run.output.feed(Buffer.from(lines.join('\n') + '\n'));
  }

  /**
   * Resolves when a prompt shows again, or the run has ended by other means.
   * @param position of the stream before the line was typed: the program answers with at least a newline
   */
  async #prompt(position: number): Promise<'prompt' | 'continuation' | 'ended'> {
    while (!this.#run.finished && !this.#stream.since(position).includes('\n')) {
      const before = this.#stream.position;
      await nextOutput(this.#stream, 1_000);
      if (this.#stream.position === before) break;
    }
    this.#run.starting = false;
    return this.#settled();
  }

  /** Resolves when the cursor is behind a prompt, or the run has ended by other means. */
  async #settled(): Promise<'prompt' | 'continuation' | 'ended'> {
    for (;;) {
      // The marked prompt of the shell from which the program was started: it has ended.
      if (this.#stream.phase === 'prompt') this.#run.finish('completed');
      if (this.#run.finished) return 'ended';
      await silence(this.#stream, QUIET_MS, performance.now() + 10_000);
      if (this.#run.finished) return 'ended';
      const seen = this.#stream.lastOutput;
      const now = await this.#pane.cursorLine().catch(() => undefined);
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
}

/** Lines between the echo of the submitted line and, at the end, the next prompt. */
function withoutEcho(text: OutputText, ended: boolean): string[] {
  const { lines } = text.lines(100_000, 10_000_000);
  return lines.slice(1, ended ? -1 : undefined);
}
