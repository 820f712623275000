/** Whether what is typed into a pane stays invisible: a password, most likely. */
import type { ReadPane } from '../panes/pane.js';
import { asksSecret } from './looks.js';

/**
 * The terminal's word first. Where it leaves the echo to the program, as for line editors, the look of the line
 * decides, and who reads: a shell that runs a command reads keys by itself for `read -s` and the like.
 * @param seen the cursor's line, where it has been looked at
 * @returns undefined where the terminal cannot be asked
 */
export async function hidesInput(
  pane: ReadPane,
  seen?: Awaited<ReturnType<ReadPane['cursorLine']>>,
): Promise<boolean | undefined> {
  const { heard } = pane;
  const echo = await pane.machine.echoes(pane.row.tty);
  if (echo !== 'own') return echo === undefined ? undefined : !echo;
  if (heard?.phase === 'prompt') return false;
  const { before, row } = seen ?? (await pane.cursorLine());
  return asksSecret(before) || (heard?.phase === 'running' && row.command === heard.shell);
}
