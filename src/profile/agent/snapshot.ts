/**
 * What an agent is doing, from all that speaks of it, in this order of trust: process and tmux, its hooks, its
 * status file, its transcript, the screen. The screen may veto and describe; it decides only where nothing else
 * speaks.
 */
import { createHash } from 'node:crypto';
import type { ReadPane } from '../../panes/pane.js';
import type { PaneRow } from '../../tmux/formats.js';
import type { AgentFacts, AgentStatus, Dialog as ScreenDialog, ScreenReading } from '../contract.js';
import type { Dialog, SessionState, Status } from '../session/driver.js';
import type { SessionRecord } from '../session/record.js';
import type { AgentFiles, StampedEvent } from './files.js';

export interface Snapshot {
  readonly row: PaneRow;
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
  const { state, says } = judge(row, screen, registry);
  const dialog = screen.dialog && state === 'waiting' ? describe(screen.dialog, registry, events) : undefined;
  const degraded = [
    ...(record.events_dir !== null &&
    !started &&
    state !== 'starting' &&
    state !== 'exited' &&
    screen.phase !== 'dialog'
      ? [
          'its hooks do not report: a managed policy may have switched them off; status file and transcript are used',
        ]
      : []),
    ...(record.events_dir === null ? ['it was not started here, so it has no hooks of ours'] : []),
    ...(registry || state === 'starting' || state === 'exited' || state === 'waiting'
      ? []
      : ['its status file is missing; the screen decides']),
  ];
  const status: Status = {
    state,
    alive: !row.dead && state !== 'exited',
    conversation_id: conversation,
    working_dir: directory,
    degraded,
    evidence: [
      {
        signal: 'tmux',
        says: row.dead ? 'the process has ended' : `process ${row.pid} runs ${row.command}`,
        ...decided(says, 'tmux'),
      },
      { signal: 'hook', says: events.at(-1)?.type ?? 'no report' },
      {
        signal: 'registry',
        says: registry
          ? `${registry.state}${registry.waitingFor === undefined ? '' : ` (${registry.waitingFor})`}`
          : 'no file',
        ...decided(says, 'registry'),
      },
      { signal: 'screen', says: screen.phase, ...decided(says, 'screen') },
    ],
    ...(dialog && { dialog }),
    ...(started?.type === 'started' && started.model !== undefined && { model: started.model }),
    ...(registry?.background === true && { background: ['a command runs in the background'] }),
  };
  return { row, screen, registry, events, home, conversation, transcript, status };
}

function decided(says: string, signal: string): { decided?: true } {
  return says === signal ? { decided: true } : {};
}

function judge(
  row: PaneRow,
  screen: ScreenReading,
  registry: AgentStatus | undefined,
): { state: SessionState; says: 'tmux' | 'registry' | 'screen' } {
  if (row.dead || screen.phase === 'exited') return { state: 'exited', says: row.dead ? 'tmux' : 'screen' };
  if (registry) {
    // A dialog on the screen is a veto: whatever is typed now would answer it.
    if (screen.phase === 'dialog' && registry.state !== 'busy') return { state: 'waiting', says: 'screen' };
    if (registry.state === 'starting')
      return { state: screen.phase === 'ready' ? 'idle' : 'starting', says: 'registry' };
    return { state: registry.state, says: 'registry' };
  }
  const byScreen: Record<ScreenReading['phase'], SessionState> = {
    ready: 'idle',
    busy: 'busy',
    dialog: 'waiting',
    starting: 'starting',
    exited: 'exited',
    unknown: 'unknown',
  };
  return { state: byScreen[screen.phase], says: 'screen' };
}

/** The dialog with an id that changes with the question, also when the same question is asked again. */
export function describe(
  dialog: ScreenDialog,
  registry: AgentStatus | undefined,
  events: readonly StampedEvent[],
): Dialog {
  const asked = dialog.kind === 'permission' ? events.findLast((event) => event.type === 'asked') : undefined;
  const labels = dialog.options.map((option) => option.label);
  const identity = [
    registry?.since,
    asked?.at,
    dialog.kind,
    dialog.title,
    dialog.question,
    dialog.detail,
    ...labels,
  ];
  return {
    dialog_id: createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 12),
    kind: dialog.kind,
    question: dialog.question || dialog.title,
    ...(dialog.detail !== '' && { detail: dialog.detail }),
    ...(asked?.type === 'asked' && { tool_name: asked.tool, tool_input: asked.input }),
    options: dialog.options.map((option, i) => ({
      number: option.number ?? i + 1,
      label: option.label,
      ...(option.highlighted && { highlighted: true }),
    })),
  };
}
