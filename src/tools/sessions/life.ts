/** session_start, session_destroy, session_set_claude_id, session_status, session_list, session_history. */
import * as z from 'zod';
import { PanewrightError, type ErrorCode } from '../../errors.js';
import type { Status } from '../../profile/session/driver.js';
import { newRecord } from '../../profile/session/record.js';
import { hostRows, hostRowsOf, rowsOf } from '../everywhere.js';
import { now, plainTool, timestamp, type ToolContext } from '../tool.js';
import { type liveSubject } from './conversation.js';
import {
  infoShape,
  missingInfo,
  name,
  sessionInfo,
  turnInfo,
  turnShape,
  unreadInfo,
  unsavedNote,
  type SessionInfo,
} from './shape.js';

/** Longest time that a program may take to show that it is up; it is never ended for being slow. */
const START_MS = 30_000;

export const sessionStart = plainTool({
  name: 'session_start',
  title: 'Start a session',
  toolset: 'sessions',
  access: 'write',
  description:
    'Start a program (by its profile; default claude) in a tmux session of its own and wait until it is ready. claude_session_id resumes a conversation, which must belong to working_dir. trust: ask (default) reports the trust dialog for session_answer; accept answers it with yes. A known name that is not running begins afresh here; session_send goes on with its conversation.',
  input: z.strictObject({
    name: z.string().min(1).optional().describe('Default <profile>-1, -2 …'),
    profile: z.string().min(1).optional(),
    claude_session_id: z.string().min(1).max(100).optional(),
    working_dir: z.string().min(1).optional().describe('Absolute; default home'),
    args: z.array(z.string().max(10_000)).max(100).optional().describe('More arguments of the program'),
    env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string().max(30_000)).optional(),
    trust: z.enum(['ask', 'accept']).default('ask'),
  }),
  output: infoShape,
  text: ({ args, env }) => JSON.stringify({ args, env: Object.keys(env ?? {}) }),
  async run(args, context) {
    const { sessions, door } = context;
    const profile = sessions.profileNamed(args.profile);
    const request = {
      profile: profile.name,
      conversation: args.claude_session_id,
      workingDir: args.working_dir,
      args: args.args,
      env: args.env,
      trust: args.trust,
    };
    if (args.name !== undefined) context.admit(args.name);
    const subject =
      args.name === undefined
        ? await sessions.startUnnamed(request, door, await context.sessionNames(), context.admit)
        : await sessions.start(args.name, request, door);
    const session = subject.record.name;
    const status = await settled(subject, context);
    const record = sessions.record(session) ?? subject.record;
    const unsaved = sessions.unsaved(session);
    const degraded = [...(status.degraded ?? []), ...(unsaved === undefined ? [] : [unsavedNote(unsaved)])];
    return sessionInfo({ ...subject, record }, { ...status, degraded }, true);
  },
});

/** The status once it is no longer `starting`, or when the time is over: a slow start is not a failed one. */
async function settled(
  subject: Awaited<ReturnType<typeof liveSubject>>,
  context: ToolContext,
): Promise<Status> {
  const driver = context.sessions.driver(subject.profile);
  const deadline = performance.now() + START_MS;
  return driver.ready
    ? driver.ready(subject, { deadline, signal: context.signal, progress: context.progress })
    : driver.status(subject, false);
}

export const sessionStatus = plainTool({
  name: 'session_status',
  title: 'Session status',
  toolset: 'sessions',
  access: 'read',
  idempotent: true,
  description:
    'What a session is doing: state, the open dialog with its options, the newest turn, background work, model, usage. explain adds the evidence: which signal said what and which decided.',
  input: z.strictObject({ name, explain: z.boolean().default(false) }),
  output: infoShape,
  async run({ name: session, explain }, context) {
    const info = await infoOf(context, session, explain);
    if (info) return info;
    throw new PanewrightError(
      'AGENT_NOT_FOUND',
      `no session ${JSON.stringify(session)} is known.`,
      'Call session_list for those that are.',
    );
  },
});

async function infoOf(
  context: ToolContext,
  session: string,
  explain: boolean,
): Promise<SessionInfo | undefined> {
  const { sessions } = context;
  const pane = (await context.door.find(session))?.aside();
  const record = pane ? sessions.record(session) : await sessions.caughtUp(session);
  if (!pane) return record && missingInfo(record);
  if (!record && !(await sessions.running(pane))) {
    // A session like any other: nothing that a profile knows runs in it.
    const empty = newRecord(session, '', pane.row.path);
    const status: Status = { state: pane.row.dead ? 'exited' : 'unknown', alive: !pane.row.dead };
    return sessionInfo({ record: empty, profile: undefined, pane }, status, false);
  }
  const subject = await sessions.subject(pane, session);
  const status = await sessions.driver(subject.profile).status(subject, explain);
  return sessionInfo(
    { ...subject, record: sessions.record(session) ?? subject.record },
    status,
    sessions.owns(record, pane),
  );
}

export const sessionList = plainTool({
  name: 'session_list',
  title: 'List managed sessions',
  toolset: 'sessions',
  access: 'read',
  idempotent: true,
  description:
    'All sessions that the session tools can work on: those started here, also when they are not running now, and every live tmux session, with what runs in it and its state.',
  input: z.strictObject({}),
  output: z.strictObject({ sessions: z.array(infoShape), count: z.int(), hosts: hostRows, timestamp }),
  gather(parts) {
    const sessions = rowsOf(parts, 'sessions') as never[];
    return { sessions, count: sessions.length, hosts: hostRowsOf(parts), timestamp: now() };
  },
  async run(_args, context) {
    const sessions = await allInfos(context);
    return { sessions, count: sessions.length, timestamp: now() };
  },
});

/** Errors after which a session may well be there: all others mean that it is gone, or not to be listed. */
const UNANSWERED: readonly ErrorCode[] = ['TMUX_LOST', 'HOST_UNREACHABLE'];

/** Every session that may be seen: those on record, and those alive. */
export async function allInfos(context: ToolContext): Promise<SessionInfo[]> {
  const known = context.sessions.records().filter((record) => context.maySee(record.name));
  const alive = await context.sessionNames();
  const names = [...new Set([...known.map((record) => record.name), ...alive])];
  const infos = await Promise.all(
    names.map((session) =>
      // What changed while it was looked at is looked at again.
      infoOf(context, session, false)
        .catch(() => infoOf(context, session, false))
        .catch((error: unknown) => {
          if (!(error instanceof PanewrightError) || !UNANSWERED.includes(error.code)) return undefined;
          const record = known.find((one) => one.name === session);
          return unreadInfo(session, record, alive.has(session), error.text);
        }),
    ),
  );
  return infos.flatMap((info) => info ?? []);
}

export const sessionHistory = plainTool({
  name: 'session_history',
  title: 'Session history',
  toolset: 'sessions',
  access: 'read',
  idempotent: true,
  description: 'The turns sent to a session, newest last: prompt, answer, outcome, times, usage.',
  input: z.strictObject({ name, limit: z.int().min(1).max(200).default(20) }),
  output: z.strictObject({ name: z.string(), turns: z.array(turnShape), count: z.int(), total: z.int() }),
  async run({ name: session, limit }, context) {
    const pane = await context.door.find(session);
    const record = await context.sessions.caughtUp(session, pane);
    if (!record) {
      if (pane) return { name: session, turns: [], count: 0, total: 0 };
      throw new PanewrightError(
        'AGENT_NOT_FOUND',
        `no session ${JSON.stringify(session)} is known.`,
        'Call session_list for those that are.',
      );
    }
    const turns = record.turns.slice(-limit).map(turnInfo);
    return { name: session, turns, count: turns.length, total: record.next_turn - 1 };
  },
});

export const sessionDestroy = plainTool({
  name: 'session_destroy',
  title: 'End a session',
  toolset: 'sessions',
  access: 'destroy',
  tellsNothing: true,
  description:
    'End a session that was started here: its program, its tmux session and its record. A session that somebody else made is refused (NOT_OWNED) unless force is true. The conversation itself stays with its program and can be resumed by its id.',
  input: z.strictObject({ name, force: z.boolean().default(false) }),
  output: z.strictObject({ destroyed: z.boolean(), name: z.string() }),
  async run({ name: session, force }, context) {
    const { sessions } = context;
    const record = sessions.record(session);
    const pane = await context.destroyable(session);
    if (!pane && !record)
      throw new PanewrightError(
        'AGENT_NOT_FOUND',
        `no session ${JSON.stringify(session)} is known.`,
        'Call session_list for those that are.',
      );
    // Renamed, or moved to another session: to forget it would not end it.
    const hint =
      'Nothing was ended. End that session by its own name, with force: true; then this one can be forgotten.';
    if (!pane && record) await context.notElsewhere(record, hint);
    if (pane && !force && !sessions.owns(record, pane))
      throw new PanewrightError(
        'NOT_OWNED',
        `session ${JSON.stringify(session)} was not started here.`,
        'Call again with force: true if it is to be ended all the same.',
      );
    await context.attempt(session);
    if (pane) await pane.closeSession();
    if (record) await sessions.forget(session);
    return { destroyed: true, name: session };
  },
});

export const sessionSetClaudeId = plainTool({
  name: 'session_set_claude_id',
  title: 'Set the conversation',
  toolset: 'sessions',
  access: 'write',
  idempotent: true,
  description:
    'Set the conversation id that a session resumes when it is started again. Normally unnecessary: the id is followed by itself.',
  input: z.strictObject({ name, claude_session_id: z.string().min(1).max(100) }),
  output: z.strictObject({ name: z.string(), claude_session_id: z.string() }),
  async run({ name: session, claude_session_id }, context) {
    if (!/^[\w-]+$/.test(claude_session_id))
      throw new PanewrightError(
        'INVALID_ARGUMENT',
        'claude_session_id is no conversation id.',
        'Give the id that session_status shows, a UUID.',
      );
    const pane = await context.door.find(session);
    const initial = pane && (await context.sessions.subject(pane, session)).record;
    await context.attempt(session);
    const record = await context.sessions.nameConversation(session, claude_session_id, initial);
    return { name: session, claude_session_id: record.conversation_id ?? claude_session_id };
  },
});
