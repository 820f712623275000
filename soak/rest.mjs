/** Brings a pane to rest after a move: whatever was done to it, the next call must work. */

/** How long a pane may need after what was done to it, in milliseconds. */
const PATIENCE_MS = 12_000;

let words = 0;

/** Uses the pane until a command gives exactly what it must. */
export async function rest(pane, calls, wrong, after, since = 0) {
  const deadline = performance.now() + PATIENCE_MS;
  const seen = [];
  for (let tries = 0; ; tries += 1) {
    const began = performance.now();
    const word = `rest-${(words += 1)}`;
    const answer = await calls.make('execute', { ...pane.target, command: `echo ${word}`, timeout: 10 });
    const { state, exit_code, output_lines } = answer.result ?? {};
    if (state === 'completed' && exit_code === 0 && output_lines.join() === word) return;
    seen.push(answer.isError ? answer.text : JSON.stringify({ state, exit_code, output_lines }));
    // With nothing done to it, the very first try must do.
    const deeds = pane.since(Math.min(began, since || began));
    if (deeds.size === 0 || performance.now() > deadline) {
      wrong.push(`${after}: the next call does not work [${[...deeds].join(' ')}]: ${seen.join(' | ')}`);
      await pane.field.tmux('respawn-pane', '-k', '-t', pane.id, '--', ...pane.argv).catch(() => undefined);
      return;
    }
    await pane.field.mend();
    // What a command that was cut off left behind: a question, half a line, a mode.
    if (tries > 0) {
      await pane.field.tmux('send-keys', '-t', pane.id, '-X', 'cancel').catch(() => undefined);
      await pane.field.tmux('send-keys', '-t', pane.id, 'C-c').catch(() => undefined);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
