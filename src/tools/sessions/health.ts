/** health: whether all is there that the session tools need, and what to do where not. */
import { basename, dirname } from 'node:path';
import * as z from 'zod';
import { hostRow, hostRows, type Part, rowsOf } from '../everywhere.js';
import { now, plainTool, timestamp, type ToolContext } from '../tool.js';
import { allInfos } from './life.js';
import { infoShape, unsavedNote, type SessionInfo } from './shape.js';

interface Problem {
  readonly problem: string;
  readonly advice: string;
}

export const health = plainTool({
  name: 'health',
  title: 'Health',
  toolset: 'sessions',
  access: 'read',
  idempotent: true,
  description:
    'Whether tmux and the default program are there, the state of every session, and for each problem what to do about it.',
  input: z.strictObject({}),
  output: z.strictObject({
    tmux_available: z.boolean(),
    claude_available: z.boolean(),
    session_count: z.int(),
    sessions: z.array(infoShape),
    problems: z.array(z.strictObject({ problem: z.string(), advice: z.string() })),
    hosts: hostRows,
    timestamp,
  }),
  gather: (parts) => ofAll(parts),
  async run(_args, context) {
    const problems: { problem: string; advice: string }[] = [];
    const tmux = await context.terminals.tmux.version().then(
      () => true,
      (error: unknown) => {
        const advice = 'Install tmux 3.2 or later.';
        problems.push({ problem: (error as Error).message.replace(` ${advice}`, ''), advice });
        return false;
      },
    );
    const program = context.sessions.defaultProgram();
    const available = program !== undefined && (await context.isInstalled(program));
    if (!available)
      problems.push({
        problem: `${program ?? 'the default program'} is not on PATH.`,
        advice: 'Install it, or start sessions with another profile.',
      });
    for (const file of context.sessions.damaged)
      problems.push({
        problem: `a damaged state file was set aside: ${shownFile(file, context)}.`,
        advice: 'Look into it or delete it; the session starts afresh.',
      });
    for (const { path, reason } of context.sessions.distrusted) {
      const shown = path.endsWith('.json') ? shownFile(path, context) : path;
      problems.push({
        problem: `records are not believed, for others may have written them: ${shown} ${reason}.`,
        advice:
          'Delete those that you do not know, and mend the rights; or set XDG_STATE_HOME to another place.',
      });
    }
    for (const session of context.sessions.unsavedNames.filter((name) => context.maySee(name)))
      problems.push({
        problem: `session ${session}: ${unsavedNote(context.sessions.unsaved(session) ?? '')}.`,
        advice: 'Make room in the state directory, or make it writable.',
      });
    const { invalid, hostsLeftOut, host } = context.config;
    if (hostsLeftOut.length > 0 && host === undefined)
      problems.push({
        problem: `the machine policy leaves out the hosts ${hostsLeftOut.join(', ')}.`,
        advice: 'Whoever administers this machine can name them under "hosts" in the policy.',
      });
    if (invalid !== undefined)
      problems.push({ problem: `the configuration cannot be used: ${invalid}.`, advice: 'Mend the file.' });
    const sessions = tmux ? await allInfos(context) : [];
    for (const info of sessions) problems.push(...adviceFor(info));
    return {
      tmux_available: tmux,
      claude_available: available,
      session_count: sessions.length,
      sessions,
      problems,
      timestamp: now(),
    };
  },
});

/** What is true of this machine stands in front, that of each host in its row. */
function ofAll(parts: readonly Part[]) {
  const [own] = parts;
  const sessions = rowsOf(parts, 'sessions') as SessionInfo[];
  const problems = parts.flatMap(({ host, result, problem }): Problem[] => {
    if (problem) return [{ problem: problem.message, advice: 'The other hosts are served all the same.' }];
    const found = result['problems'] as Problem[];
    return host === undefined
      ? found
      : found.map((one) => ({ ...one, problem: `host ${host}: ${one.problem}` }));
  });
  const hosts = parts
    .filter(({ host }) => host !== undefined)
    .map((part) => ({
      ...hostRow(part),
      ...(part.result && {
        tmux_available: part.result['tmux_available'] === true,
        claude_available: part.result['claude_available'] === true,
        session_count: Number(part.result['session_count']),
      }),
    }));
  return {
    tmux_available: own?.result?.['tmux_available'] === true,
    claude_available: own?.result?.['claude_available'] === true,
    session_count: sessions.length,
    sessions,
    problems,
    hosts,
    timestamp: now(),
  };
}

/** The name of a file is that of its session: shown only to who may see that. */
function shownFile(file: string, context: ToolContext): string {
  const session = basename(file).split('.json')[0] ?? '';
  return !session.includes('~') && context.maySee(session) ? file : `one in ${dirname(file)}`;
}

function adviceFor(info: SessionInfo): { problem: string; advice: string }[] {
  const about = `session ${info.name}`;
  if (info.state === 'missing')
    return [
      { problem: `${about} is not running.`, advice: 'session_send starts it again with its history.' },
    ];
  if (info.state === 'exited')
    return [{ problem: `the program of ${about} has ended.`, advice: 'session_send starts it again.' }];
  if (info.dialog)
    return [
      {
        problem: `${about} waits for an answer: ${info.dialog.question}`,
        advice: 'Answer with session_answer.',
      },
    ];
  return (info.degraded ?? []).map((problem) => ({
    problem: `${about}: ${problem}`,
    advice: 'See session_status with explain.',
  }));
}
