/**
 * A turn that another process began, one that was killed most likely: nobody here saw its output from the start.
 * Its end is waited for as that of any command; what it printed is read off the scrollback, and the turn says so.
 */
import type { ReadPane } from '../../panes/pane.js';
import type { Engine } from '../engine.js';
import type { Outcome, WaitOptions } from '../outcome.js';
import { waitForEnd } from '../wait.js';
import type { Subject } from './driver.js';
import type { Turn } from './record.js';

/** Lines of scrollback in which the command is looked for. */
const FAR_BACK = 10_000;

/** Says which process of which pane it is, across servers of Panewright and of tmux. */
export function placeOf(row: { serverPid: number; paneId: string; pid: number }): string {
  return `${row.serverPid} ${row.paneId} ${row.pid}`;
}

export async function awaitUnseen(
  { record, pane }: Subject,
  turn: Turn,
  engine: Engine,
  options: WaitOptions,
): Promise<{ end: Partial<Turn>; outcome: Pick<Outcome, 'timedOut' | 'question'> }> {
  const ended = new Date().toISOString();
  if (turn.place !== undefined && turn.place !== placeOf(pane.row))
    return { end: { outcome: 'failed', failure: 'pane_closed', ended }, outcome: { timedOut: false } };
  // One command at a time: when another was given to it later, this one had ended.
  if (turn !== record.turns.at(-1)) {
    const response = await printed(pane, turn.prompt);
    const end: Partial<Turn> =
      response === undefined
        ? { outcome: 'failed', failure: 'output_gone', ended }
        : { outcome: 'completed', response, exit_code: null, source: 'screen', ended };
    return { end, outcome: { timedOut: false } };
  }
  const activity = engine.activityOf(pane);
  const { outcome } = await waitForEnd(pane, activity, engine, options);
  const { run, question } = outcome;
  const live = !run.finished;
  const response =
    (await printed(pane, turn.prompt).catch(() => undefined)) ?? run.output.searchable.trimEnd();
  const end: Partial<Turn> = { response, source: 'screen', exit_code: run.exitCode };
  if (live) return { end: { ...end, outcome: question ? 'waiting' : 'running' }, outcome };
  const how = run.state === 'completed' ? (run.exitCode === 130 ? 'interrupted' : 'completed') : 'failed';
  return {
    end: {
      ...end,
      outcome: how,
      ended: new Date().toISOString(),
      ...(how === 'failed' && { failure: run.state }),
    },
    outcome,
  };
}

/** What stands between a command's line and the next prompt; undefined when the command is not there any more. */
async function printed(pane: ReadPane, prompt: string): Promise<string | undefined> {
  const { lines } = await pane.look(FAR_BACK);
  const commands = prompt
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
  const first = commands[0] ?? '';
  const at = lines.findLastIndex((line) => line.endsWith(first) && line.length > first.length);
  if (at < 0) return undefined;
  const rest = lines.slice(at + 1);
  for (const command of commands.slice(1)) if (rest[0]?.endsWith(command)) rest.shift();
  // Every prompt of the shell begins as the one before the command did.
  const shown = (lines[at] ?? '').slice(0, -first.length).trimEnd();
  const next = rest.findIndex((line) => shown !== '' && line.startsWith(shown));
  return (next < 0 ? rest : rest.slice(0, next)).join('\n');
}
