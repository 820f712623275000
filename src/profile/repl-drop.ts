/**
 * Brings the clean prompt of a program back where somebody, or a run of ours, left a statement or a draft: by a
 * key, or, in a program that no key makes drop a statement, by lines that make an error of it.
 */
import type { WritePane } from '../panes/pane.js';
import type { PaneStream } from '../panes/stream.js';
import { nextOutput, silence } from '../panes/watch.js';
import type { ReplFacts } from './repl-facts.js';

/** How long a program may take to answer with a prompt, and the silence after which it is looked at, in ms. */
const ANSWER_MS = 1_000;
const SETTLED_MS = 25;

export async function dropStatement(pane: WritePane, stream: PaneStream, facts: ReplFacts): Promise<void> {
  const unfinished = (before: string): boolean => facts.continuation?.test(before) === true;
  let { before } = await pane.cursorLine();

  /** Typed twice, a key could reach the next statement: so an answer is awaited, not only silence. */
  const type = async (text: string): Promise<void> => {
    const deadline = performance.now() + ANSWER_MS;
    let answered = nextOutput(stream, ANSWER_MS);
    await pane.type([{ text }]);
    do {
      await answered;
      await silence(stream, SETTLED_MS, deadline);
      ({ before } = await pane.cursorLine());
      answered = nextOutput(stream, Math.max(1, deadline - performance.now()));
    } while (!facts.prompt.test(before) && !unfinished(before) && performance.now() < deadline);
  };

  if (facts.abandon.length === 0 || !unfinished(before)) await type(facts.cancel);
  for (const line of facts.abandon) {
    if (!unfinished(before)) return;
    await type(`${line}\r`);
  }
}
