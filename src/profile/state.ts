/** What a pane is doing, judged without typing anything. */
import type { ReadPane } from '../panes/pane.js';
import type { ProfileCatalog } from './catalog.js';
import type { PaneRow } from '../tmux/formats.js';
import { promptLook } from './looks.js';
import { findQuestion } from './question.js';

/** Whether the cursor stands behind the prompt of a program that is known. */
export async function showsPrompt(
  catalog: ProfileCatalog,
  { machine }: Pick<ReadPane, 'machine'>,
  { before, row }: { readonly before: string; readonly row: PaneRow },
): Promise<boolean> {
  const profile = await catalog.ofPane(row, machine);
  if (profile?.repl) return new RegExp(profile.repl.prompt).test(before);
  return (profile?.shell !== undefined || profile?.carrier === true) && promptLook(before).kind === 'prompt';
}

export type PaneState = 'idle' | 'busy' | 'waiting' | 'exited' | 'unknown';

export async function paneState(pane: ReadPane, catalog: ProfileCatalog): Promise<PaneState> {
  const { row, heard } = pane;
  if (row.dead) return 'exited';
  if (heard?.phase === 'prompt' && !heard.touched) return 'idle';
  if (row.alternate) return 'busy';
  const profile = await catalog.ofPane(row, pane.machine);
  const { before } = await pane.cursorLine();
  const working = (await pane.machine.inputWait(row)) === 'working';
  if (profile?.repl && new RegExp(profile.repl.prompt).test(before)) return 'idle';
  if ((profile?.shell || profile?.carrier) && !working && promptLook(before).kind !== 'other') return 'idle';
  if (working) return 'busy';
  const quiet = heard ? performance.now() - heard.lastOutput : 0;
  if (await findQuestion(pane, catalog, Math.max(quiet, 1_000))) return 'waiting';
  return profile === undefined || heard?.phase === 'running' ? 'busy' : 'unknown';
}
