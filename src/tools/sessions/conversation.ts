/** session_send, session_wait, session_answer, session_interrupt: one session, one turn. */
import * as z from 'zod';
import { PanewrightError } from '../../errors.js';
import type { WritePane } from '../../panes/pane.js';
import type { Subject } from '../../profile/session/driver.js';
import { turnOf } from '../../profile/session/record.js';
import { plainTool, seconds, type ToolContext } from '../tool.js';
import { infoShape, name, resultShape, sessionInfo, turnResult } from './shape.js';

export const sessionSend = plainTool({
  name: 'session_send',
  title: 'Send a prompt',
  toolset: 'sessions',
  access: 'write',
  description:
    'Send a prompt to a session and wait for the answer: response is the final answer alone, exactly as written. A known session that is not running is started again with its history. timed_out: the turn goes on, collect it with session_wait (turn_id). state waiting: a dialog, answer it with session_answer. on_busy: steer (default) hands the prompt to the running turn, refuse, or interrupt.',
  input: z.strictObject({
    name,
    prompt: z.string().min(1).max(2_000_000),
    timeout: z.number().default(120).describe('Seconds, max 300'),
    raw: z.boolean().default(false).describe('Return the screen too'),
    claude_session_id: z.string().optional().describe('Conversation to resume when it is started'),
    working_dir: z.string().optional().describe('When it is started'),
    profile: z.string().optional().describe('When it is started'),
    on_busy: z.enum(['steer', 'refuse', 'interrupt']).default('steer'),
  }),
  output: resultShape,
  text: ({ prompt }) => prompt,
  queues: true,
  async run(args, context) {
    const started = performance.now();
    const { sessions } = context;
    const subject = await runningSubject(args, context);
    const result = await sessions.driver(subject.profile).send(subject, {
      prompt: args.prompt,
      onBusy: args.on_busy,
      deadline: started + args.timeout * 1000,
      signal: context.signal,
      progress: context.progress,
    });
    return turnResult(result, {
      name: args.name,
      raw: args.raw ? await screenOf(context, args.name) : null,
      conversation: sessions.record(args.name)?.conversation_id ?? null,
      elapsed: seconds(started),
      unsaved: sessions.unsaved(args.name),
    });
  },
});

const ELSEWHERE = 'Nothing was sent. Use that name, or give the session its own name back.';

async function screenOf(context: ToolContext, session: string): Promise<string> {
  const pane = await context.door.find(session);
  return pane ? (await pane.look(1_000)).lines.join('\n') : '';
}

/** The session, started or started again if it is not running. */
async function runningSubject(
  args: {
    readonly name: string;
    readonly profile?: string | undefined;
    readonly working_dir?: string | undefined;
    readonly claude_session_id?: string | undefined;
  },
  { attempt, door, notElsewhere, sessions }: ToolContext,
): Promise<Subject<WritePane>> {
  const pane = await door.find(args.name);
  const record = sessions.record(args.name);
  if (pane && !pane.row.dead) {
    const subject = await sessions.subject(pane, args.name);
    const { state } = await sessions.driver(subject.profile).status(subject, false);
    if (state !== 'exited') return subject;
    // Only a pane of ours may be started anew: in another a person's shell may be what is left.
    if (!record || !sessions.owns(record, pane))
      throw new PanewrightError(
        'AGENT_NOT_READY',
        `the program of session ${JSON.stringify(args.name)} has ended, and the session was not started here.`,
        'Start it again there, or start a session of your own with session_start.',
      );
  }
  if (record) {
    // A second program would go on with the same conversation.
    if (!pane) await notElsewhere(record, ELSEWHERE);
    if (args.claude_session_id !== undefined) {
      await attempt(args.name);
      await sessions.nameConversation(args.name, args.claude_session_id);
    }
    return sessions.revive(args.name, door);
  }
  if (pane || (args.profile ?? args.working_dir ?? args.claude_session_id) === undefined)
    throw new PanewrightError(
      'AGENT_NOT_FOUND',
      `no session ${JSON.stringify(args.name)} is known${pane ? ', and what ran in it has ended' : ''}.`,
      'Start it with session_start, or give working_dir here to have it started.',
    );
  return sessions.start(
    args.name,
    {
      profile: args.profile,
      workingDir: args.working_dir,
      conversation: args.claude_session_id,
      trust: 'ask',
    },
    door,
  );
}

/** The session as it lives now; rejects when it does not. */
export async function liveSubject(context: ToolContext, session: string): Promise<Subject<WritePane>> {
  const pane = await context.door.find(session);
  if (pane) return context.sessions.subject(pane, session);
  const known = context.sessions.record(session);
  if (known) await context.notElsewhere(known, ELSEWHERE);
  throw new PanewrightError(
    'AGENT_NOT_FOUND',
    known
      ? `session ${JSON.stringify(session)} is not running.`
      : `no session ${JSON.stringify(session)} is known.`,
    known ? 'session_send starts it again with its history.' : 'Call session_list for those that are.',
  );
}

export const sessionWait = plainTool({
  name: 'session_wait',
  title: 'Wait for an answer',
  toolset: 'sessions',
  access: 'read',
  description:
    'Wait for a turn to end (turn_id; default the newest) and return its answer as session_send does. Nothing is lost by a timeout or a restart of this server: ask again. Returns at once when the turn has ended already, or when a dialog waits for session_answer.',
  input: z.strictObject({
    name,
    turn_id: z.string().optional(),
    timeout: z.number().default(120).describe('Seconds, max 300'),
  }),
  output: resultShape,
  async run({ name: session, turn_id, timeout }, context) {
    const started = performance.now();
    const { sessions, door } = context;
    const pane = await door.find(session);
    const record = pane ? undefined : await sessions.caughtUp(session);
    const ended = record && turnOf(record.turns, turn_id, session);
    const about = (): Parameters<typeof turnResult>[1] => ({
      name: session,
      raw: null,
      conversation: sessions.record(session)?.conversation_id ?? null,
      elapsed: seconds(started),
      unsaved: sessions.unsaved(session),
    });
    if (ended && ended.outcome !== 'running' && ended.outcome !== 'waiting')
      return turnResult(
        { turn: ended, timedOut: false, status: { state: 'missing', alive: false } },
        about(),
      );
    const subject = await liveSubject(context, session);
    const result = await sessions.driver(subject.profile).wait(subject, turn_id, {
      deadline: started + timeout * 1000,
      signal: context.signal,
      progress: context.progress,
    });
    return turnResult(result, about());
  },
});

export const sessionAnswer = plainTool({
  name: 'session_answer',
  title: 'Answer a dialog',
  toolset: 'sessions',
  access: 'write',
  description:
    "Answer the dialog that a session waits in. choice: an option's number or label (several: 1,3), or allow, allow_always, deny for permission requests, or cancel (closes any dialog). dialog_id must be that of the question on the screen now: an older one is refused (DIALOG_CHANGED), nothing is pressed. text: for an option that takes text. The highlight is moved, verified, confirmed. A next dialog may follow: see dialog. The turn goes on: session_wait returns its answer.",
  input: z.strictObject({
    name,
    dialog_id: z.string().optional().describe('Of the dialog that is meant'),
    choice: z.union([z.int(), z.string()]).describe('Number, label, allow, allow_always, deny or cancel'),
    text: z.string().max(10_000).optional(),
  }),
  output: infoShape,
  text: ({ choice, text }) => `${choice}${text === undefined ? '' : ` ${text}`}`,
  async run({ name: session, dialog_id, choice, text }, context) {
    const subject = await liveSubject(context, session);
    const driver = context.sessions.driver(subject.profile);
    if (!driver.answer)
      throw new PanewrightError(
        'NO_DIALOG',
        `${subject.profile.name} has no dialogs.`,
        'Answer questions of programs with write_pane.',
      );
    const status = await driver.answer(
      subject,
      { choice, ...(dialog_id !== undefined && { dialog_id }), ...(text !== undefined && { text }) },
      { deadline: performance.now() + 15_000, signal: context.signal, progress: context.progress },
    );
    const record = context.sessions.record(session) ?? subject.record;
    return sessionInfo({ ...subject, record }, status, context.sessions.owns(record, subject.pane));
  },
});

export const sessionInterrupt = plainTool({
  name: 'session_interrupt',
  title: 'Interrupt a turn',
  toolset: 'sessions',
  access: 'write',
  idempotent: true,
  description:
    'Stop what a session is doing and verify that it stopped; harmless when it is idle, however often it is called. The conversation and the program stay. Returns what it was doing and how it was stopped.',
  input: z.strictObject({ name }),
  output: z.strictObject({
    name: z.string(),
    interrupted: z.boolean(),
    was: z.string(),
    method: z.string(),
    state: z.string(),
  }),
  async run({ name: session }, context) {
    const subject = await liveSubject(context, session);
    const done = await context.sessions.driver(subject.profile).interrupt(subject, {
      deadline: performance.now() + 15_000,
      signal: context.signal,
      progress: context.progress,
    });
    return { name: session, ...done };
  },
});
