/** What the session tools return, in one place. */
import * as z from 'zod';
import type { Dialog, Status, Subject, TurnResult } from '../../profile/session/driver.js';
import { newRecord, type SessionRecord, type Turn } from '../../profile/session/record.js';
import { GAP_NOTE, noteOf } from '../results.js';

export const name = z.string().min(1).describe('Session name');

export const states = z.enum(['missing', 'starting', 'idle', 'busy', 'waiting', 'exited', 'unknown']);
export const outcomes = z.enum(['completed', 'interrupted', 'failed', 'waiting', 'running']);
export const sources = z.enum(['hook', 'transcript', 'screen', 'integration']);

export const dialogShape = z.strictObject({
  dialog_id: z.string(),
  kind: z.string().describe('permission, question, plan, trust, menu or unknown'),
  title: z.string().optional(),
  question: z.string(),
  detail: z.string().optional(),
  tool_name: z.string().optional(),
  tool_input: z.unknown().optional(),
  options: z.array(
    z.strictObject({
      number: z.int(),
      label: z.string(),
      description: z.string().optional(),
      highlighted: z.boolean().optional(),
      checked: z.boolean().optional().describe('Where several can be chosen'),
      takes_text: z.boolean().optional(),
    }),
  ),
});

const usageShape = z.looseObject({ input_tokens: z.int(), output_tokens: z.int() });

export const turnShape = z.strictObject({
  turn_id: z.string(),
  prompt: z.string(),
  started: z.string(),
  ended: z.string().nullable(),
  outcome: outcomes,
  response: z.string().nullable(),
  source: sources.nullable(),
  failure: z.string().nullable(),
  usage: usageShape.nullable(),
  delivery: z.string().optional(),
  steering: z.string().optional(),
  notes: z.array(z.string()).optional(),
});

export const infoShape = z.strictObject({
  host: z.string().optional().describe('Absent: this machine'),
  name: z.string(),
  profile: z.string().nullable(),
  tmux_alive: z.boolean(),
  claude_alive: z.boolean().describe('Whether the program of the session runs'),
  state: states,
  claude_session_id: z.string().nullable(),
  working_dir: z.string().nullable(),
  dialog: dialogShape.nullable(),
  turn: turnShape.omit({ prompt: true, response: true }).nullable().describe('The newest turn'),
  background: z.array(z.string()),
  model: z.string().nullable(),
  usage: usageShape.nullable().describe('Of all turns on record'),
  managed: z.boolean().describe('Whether Panewright started it'),
  target: z.string().nullable(),
  pane_id: z.string().nullable(),
  degraded: z.array(z.string()).optional(),
  evidence: z
    .array(
      z.strictObject({
        signal: z.string(),
        says: z.string(),
        decided: z.boolean().optional(),
        why: z.string().optional(),
      }),
    )
    .optional(),
});
export type SessionInfo = z.input<typeof infoShape>;

/** A turn without what did not happen yet: null says so. */
export function turnInfo(turn: Turn): z.input<typeof turnShape> {
  return {
    turn_id: turn.turn_id,
    prompt: turn.prompt,
    started: turn.started,
    ended: turn.ended ?? null,
    outcome: turn.outcome,
    response: turn.response ?? null,
    source: turn.source ?? null,
    failure: turn.failure ?? null,
    usage: turn.usage ? { ...turn.usage } : null,
    ...(turn.delivery !== undefined && { delivery: turn.delivery }),
    ...(turn.steering !== undefined && { steering: turn.steering }),
    ...((turn.notes || turn.gap) && { notes: [...(turn.notes ?? []), ...(turn.gap ? [GAP_NOTE] : [])] }),
  };
}

export function sessionInfo(
  { record, profile, pane }: Pick<Subject, 'record' | 'pane'> & { profile: { name: string } | undefined },
  status: Status,
  managed: boolean,
): SessionInfo {
  return {
    ...common(record),
    profile: profile?.name ?? null,
    tmux_alive: true,
    claude_alive: status.alive,
    state: status.state,
    claude_session_id: status.conversation_id ?? record.conversation_id,
    working_dir: status.working_dir ?? record.working_dir,
    dialog: status.dialog ? dialogInfo(status.dialog) : null,
    background: [...(status.background ?? [])],
    model: status.model ?? null,
    managed,
    target: pane.target,
    pane_id: pane.id,
    ...(status.degraded && status.degraded.length > 0 && { degraded: [...status.degraded] }),
    ...(status.evidence && { evidence: status.evidence.map((e) => ({ ...e })) }),
  };
}

/** A session that is on record but not alive. */
export function missingInfo(record: SessionRecord): SessionInfo {
  return {
    ...common(record),
    profile: record.profile,
    tmux_alive: false,
    claude_alive: false,
    state: 'missing',
    claude_session_id: record.conversation_id,
    working_dir: record.working_dir,
    dialog: null,
    background: [],
    model: null,
    managed: true,
    target: null,
    pane_id: null,
  };
}

/** A session that could not be looked at: tmux, or its host, gave no answer. */
export function unreadInfo(
  session: string,
  record: SessionRecord | undefined,
  alive: boolean,
  problem: string,
): SessionInfo {
  const info = missingInfo(record ?? newRecord(session, '', ''));
  return {
    ...info,
    profile: record?.profile ?? null,
    working_dir: record?.working_dir ?? null,
    tmux_alive: alive,
    state: 'unknown',
    managed: record !== undefined,
    degraded: [problem],
  };
}

function common(record: SessionRecord): Pick<SessionInfo, 'name' | 'turn' | 'usage'> {
  const last = record.turns.at(-1);
  const { prompt: _p, response: _r, ...turn } = last ? turnInfo(last) : { prompt: '', response: '' };
  return { name: record.name, turn: last ? (turn as SessionInfo['turn']) : null, usage: usageOf(record) };
}

function usageOf({ turns }: SessionRecord): SessionInfo['usage'] {
  const counted = turns.flatMap((turn) => turn.usage ?? []);
  if (counted.length === 0) return null;
  const sum = (key: 'input_tokens' | 'output_tokens'): number => counted.reduce((s, u) => s + u[key], 0);
  return { input_tokens: sum('input_tokens'), output_tokens: sum('output_tokens') };
}

function dialogInfo(dialog: Dialog): NonNullable<SessionInfo['dialog']> {
  return { ...dialog, options: dialog.options.map((option) => ({ ...option })) };
}

export const resultShape = z.strictObject({
  name: z.string(),
  response: z.string().describe('The answer alone, exactly as written; "" while there is none'),
  timed_out: z.boolean(),
  raw: z.string().nullable().describe('The screen, when raw was asked for'),
  turn_id: z.string(),
  state: states,
  outcome: outcomes,
  source: sources.nullable(),
  dialog: dialogShape.nullable(),
  failure: z.string().nullable().describe('Class of a failed turn: rate_limit, auth, overloaded, other'),
  usage: usageShape.nullable(),
  exit_code: z.int().nullable().optional(),
  delivery: z
    .string()
    .optional()
    .describe('How the prompt was handed over: typed, or file for what cannot be typed exactly or quickly'),
  notes: z.array(z.string()).optional().describe('What of the prompt was not handed over exactly'),
  steering: z.string().optional().describe('queued or merged, when it was sent while another turn ran'),
  claude_session_id: z.string().nullable(),
  elapsed_seconds: z.number(),
  note: z.string().optional(),
});

/** What a caller should know of a session whose record could not be written. */
export function unsavedNote(reason: string): string {
  return `the record of this session could not be written (${reason}): it is kept in memory and written when that can be done, but a restart of Panewright before that forgets it`;
}

/** `unsaved`: why the turn is not on disk. */
export function turnResult(
  { turn, timedOut, status, moved = false }: TurnResult,
  about: {
    readonly name: string;
    readonly raw: string | null;
    readonly conversation: string | null;
    readonly elapsed: number;
    readonly unsaved: string | undefined;
  },
): z.input<typeof resultShape> {
  const { note } = noteOf({ moved, gap: turn.gap === true });
  const notes = [note, about.unsaved === undefined ? undefined : unsavedNote(about.unsaved)];
  const said = notes.filter((one) => one !== undefined).join('; ');
  return {
    name: about.name,
    response: turn.response ?? '',
    timed_out: timedOut,
    raw: about.raw,
    turn_id: turn.turn_id,
    state: status.state,
    outcome: turn.outcome,
    source: turn.source ?? null,
    dialog: status.dialog ? dialogInfo(status.dialog) : null,
    failure: turn.failure ?? null,
    usage: turn.usage ? { ...turn.usage } : null,
    ...(turn.exit_code !== undefined && { exit_code: turn.exit_code }),
    ...(turn.delivery !== undefined && { delivery: turn.delivery }),
    ...(turn.notes !== undefined && { notes: [...turn.notes] }),
    ...(turn.steering !== undefined && { steering: turn.steering }),
    claude_session_id: status.conversation_id ?? about.conversation,
    elapsed_seconds: about.elapsed,
    ...(said !== '' && { note: said }),
  };
}
