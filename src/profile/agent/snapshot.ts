/**
 * What an agent is doing, from all that speaks of it, in this order of trust: process and tmux, its hooks, its
 * status file, its transcript, the screen. The screen may veto and describe; it decides only where nothing else
 * speaks.
 */
import type { ReadPane } from '../../panes/pane.js';
import type { PaneRow } from '../../tmux/formats.js';
import type { AgentFacts, AgentStatus, ScreenReading } from '../contract.js';
import type { SessionState, Status } from '../session/driver.js';
import type { SessionRecord } from '../session/record.js';
import { describe } from './dialogs.js';
import { madeAt, type AgentFiles, type StampedEvent } from './files.js';

/** How long a program that took a prompt may stand still before it begins to work on it. */
export const UNBEGUN_MS = 60_000;

export interface Snapshot {
  /** Absent for a session whose pane is gone. */
  readonly row?: PaneRow;
  readonly screen: ScreenReading;
  readonly registry: AgentStatus | undefined;
  readonly events: readonly StampedEvent[];
  readonly home: string;
  readonly conversation: string | null;
  readonly transcript: string | undefined;
  readonly status: Status;
}

export async function takeSnapshot(
  pane: ReadPane,
  record: SessionRecord,
  facts: AgentFacts,
  files: AgentFiles,
  fallbackEnv: Readonly<Record<string, string | undefined>>,
): Promise<Snapshot> {
  const { ansi, row } = await pane.frame();
  const screen = facts.readScreen(ansi);
  const home = files.home(row, fallbackEnv);
  const registry = row.dead ? undefined : files.status(row, home);
  const events = record.events_dir === null ? [] : files.events(record.events_dir);
  const started = events.findLast((event) => event.type === 'started');
  const conversation = registry?.conversation ?? started?.conversation ?? record.conversation_id;
  const directory = registry?.directory || record.working_dir;
  const transcript =
    events.findLast((event) => event.conversation === conversation && event.transcript !== '')?.transcript ??
    (conversation === null ? undefined : files.transcriptPath(home, directory, conversation));
  const last = events.at(-1);
  // The program calls itself busy while an agent of its own works on behind a turn that is over.
  const left = last?.type === 'completed' && screen.phase === 'ready' ? last.background : 0;
  const { state, says, why } = judge(row, screen, registry, left, isUnbegun(last, registry));
  const dialog = screen.dialog && state === 'waiting' ? describe(screen.dialog, registry, events) : undefined;
  const status: Status = {
    state,
    alive: !row.dead && state !== 'exited',
    conversation_id: conversation,
    working_dir: directory,
    degraded: missing(record, state, screen, registry, started !== undefined),
    evidence: [
      {
        signal: 'tmux',
        says: row.dead ? 'the process has ended' : `process ${row.pid} runs ${row.command}`,
      },
      { signal: 'hook', says: last ? said(last) : 'no report' },
      {
        signal: 'registry',
        says: registry
          ? `${registry.state}${registry.waitingFor === undefined ? '' : ` (${registry.waitingFor})`}`
          : 'no file',
      },
      {
        signal: 'screen',
        says: `${screen.phase}${screen.draft === undefined ? '' : ', with a draft in the composer'}`,
      },
    ].map((one) => (one.signal === says ? { ...one, decided: true, why } : one)),
    ...(dialog && { dialog }),
    ...(started?.type === 'started' && started.model !== undefined && { model: started.model }),
    ...(left > 0
      ? { background: [`${left} ${left === 1 ? 'task' : 'tasks'} in the background`] }
      : registry?.background === true && { background: ['a command runs in the background'] }),
  };
  return { row, screen, registry, events, home, conversation, transcript, status };
}

/** What a better source of knowledge would say, and why it is not to be had. */
function missing(
  record: SessionRecord,
  state: SessionState,
  screen: ScreenReading,
  registry: AgentStatus | undefined,
  reports: boolean,
): string[] {
  const early = state === 'starting' || state === 'exited' || screen.phase === 'dialog';
  return [
    ...(record.events_dir === null ? ['it was not started here, so it has no hooks of ours'] : []),
    ...(record.events_dir !== null && !reports && !early
      ? [
          'its hooks do not report: settings or a managed policy may have switched them off (disableAllHooks, allowManagedHooksOnly); status file and transcript are used',
        ]
      : []),
    ...(registry || early || state === 'waiting' ? [] : ['its status file is missing; the screen decides']),
  ];
}

function said(event: StampedEvent): string {
  if (event.type === 'completed' && event.background > 0)
    return `completed, ${event.background} in the background`;
  if (event.type === 'failed') return `failed (${event.failure})`;
  return event.type === 'started' ? `started (${event.source})` : event.type;
}

/**
 * Whether the program has taken a prompt on which it has not begun to work: its hooks report one some 50 ms before
 * its status file says busy (2.1.329), and a machine may let it stand still in between. A prompt that a hook of the
 * user's refused looks the same; so does one on a machine whose clock is another, and is not waited for there.
 */
function isUnbegun(last: StampedEvent | undefined, registry: AgentStatus | undefined): boolean {
  if (last?.type !== 'accepted' || registry?.since === undefined) return false;
  return registry.since < madeAt(last) && Math.abs(Date.now() - madeAt(last)) < UNBEGUN_MS;
}

interface Judgement {
  readonly state: SessionState;
  /** The signal that decided. */
  readonly says: 'tmux' | 'registry' | 'screen' | 'hook';
  readonly why: string;
}

function judge(
  row: PaneRow,
  screen: ScreenReading,
  registry: AgentStatus | undefined,
  left: number,
  unbegun: boolean,
): Judgement {
  if (row.dead) return { state: 'exited', says: 'tmux', why: 'tmux knows best whether a process runs' };
  if (screen.phase === 'exited')
    return { state: 'exited', says: 'screen', why: 'the program has said goodbye' };
  if (registry) {
    if (screen.phase === 'dialog' && registry.state !== 'busy')
      return { state: 'waiting', says: 'screen', why: 'a veto: whatever is typed now would answer a dialog' };
    if (registry.state === 'starting')
      return {
        state: screen.phase === 'ready' ? 'idle' : 'starting',
        says: 'screen',
        why: 'the status file says nothing yet',
      };
    if (registry.state === 'busy' && left > 0)
      return { state: 'idle', says: 'hook', why: 'the turn is over, what goes on is in the background' };
    if (registry.state === 'idle' && unbegun)
      return { state: 'busy', says: 'hook', why: 'it has taken a prompt, and the status file is older' };
    return { state: registry.state, says: 'registry', why: "it is the program's own word" };
  }
  const byScreen: Record<ScreenReading['phase'], SessionState> = {
    ready: 'idle',
    busy: 'busy',
    dialog: 'waiting',
    starting: 'starting',
    exited: 'exited',
    unknown: 'unknown',
  };
  return { state: byScreen[screen.phase], says: 'screen', why: 'there is no status file' };
}
