/**
 * A turn that another process began, one that was killed most likely: nobody here saw its output from the start.
 * Its end is waited for as that of any command; what it printed is read off the scrollback, and the turn says so.
 */
import type { ReadPane } from '../../panes/pane.js';
import type { Engine } from '../engine.js';
import type { WaitOptions } from '../outcome.js';
import type { Question } from '../question.js';
import type { Run } from '../run.js';
import { waitForEnd } from '../wait.js';
import { within } from '../../tmux/within.js';
import type { Subject } from './driver.js';
import type { Turn } from './record.js';
import { hasEnded, standingOf } from './standing.js';

/** Lines of scrollback in which the command is looked for. */
const FAR_BACK = 10_000;
/** How long they may take when the caller's time is over. */
const LATE_MS = 250;

/** Says which process of which pane it is, across servers of Panewright and of tmux. */
export function placeOf(row: { serverPid: number; paneId: string; pid: number }): string {
  return `${row.serverPid} ${row.paneId} ${row.pid}`;
}

/** How a wait for a turn came out. */
export interface TurnOutcome {
  readonly timedOut: boolean;
  readonly question?: Question;
  /** Absent: nothing had to be waited for. */
  readonly run?: Run;
  readonly moved?: boolean;
}

export async function awaitUnseen(
  { record, pane }: Subject,
  turn: Turn,
  engine: Engine,
  options: WaitOptions,
): Promise<{ end: Partial<Turn>; outcome: TurnOutcome }> {
  const ended = new Date().toISOString();
  const { place } = turn;
  if (place !== undefined && place !== placeOf(pane.row)) {
    const moved = (await pane.sweep()).some((row) => !row.dead && placeOf(row) === place);
    if (moved) return { end: {}, outcome: { timedOut: false, moved } };
    return { end: { outcome: 'failed', failure: 'pane_closed', ended }, outcome: { timedOut: false } };
  }
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
  const shown = printed(pane, turn.prompt).catch(() => undefined);
  const response =
    (await (hasEnded(run) ? shown : within(shown, LATE_MS, undefined))) ?? run.output.searchable.trimEnd();
  return { end: { response, source: 'screen', ...standingOf(run, question) }, outcome };
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
