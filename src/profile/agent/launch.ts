/** Starts an agent for a record: its files in place, its conversation new or resumed. */
import { randomUUID } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { PanewrightError } from '../../errors.js';
import type { AgentFacts, Profile } from '../contract.js';
import type { SessionRecord } from '../session/record.js';
import type { Launch } from '../session/sessions.js';
import type { SessionStore } from '../session/store.js';
import { AgentFiles } from './files.js';

/** Changes the record: the spool, and the id of a new conversation. */
export function launchAgent(
  record: SessionRecord,
  profile: Profile & { readonly agent: AgentFacts },
  store: SessionStore,
  env: Readonly<Record<string, string | undefined>>,
): Launch {
  const facts = profile.agent;
  const files = new AgentFiles(facts);
  const home = facts.home({ ...env, ...record.env });
  const spool = store.folder(record.name, 'spool');
  follow(record, files);
  const wanted = record.conversation_id;
  const resume = wanted !== null && isKept(record, wanted, files, home);
  const begun = record.turns.some(
    (turn) => (turn.conversation ?? wanted) === wanted && turn.command !== true,
  );
  if (wanted !== null && !resume && (begun || record.named?.id === wanted))
    throw new PanewrightError(
      'CONVERSATION_NOT_FOUND',
      `conversation ${wanted} does not exist in ${record.working_dir}.`,
      'Conversations belong to the directory in which they began: give that as working_dir, or start without claude_session_id.',
    );
  // What was reported by the program that ran before says nothing about the one that is started now.
  files.forget(spool);
  const id = wanted ?? randomUUID();
  record.conversation_id = id;
  record.events_dir = spool;
  const [program] = profile.launch ?? [];
  const plan = facts.launch({
    ...(program !== undefined && { program }),
    spool,
    conversation: { id, resume },
    args: record.args,
  });
  files.prepare(plan);
  return { argv: plan.argv, env: {} };
}

/** The conversation may have been changed by `/clear` while nobody looked. */
function follow(record: SessionRecord, files: AgentFiles): void {
  if (record.events_dir === null) return;
  const newest = files.events(record.events_dir).at(-1);
  if (newest === undefined || newest.conversation === record.conversation_id) return;
  // A caller who named another conversation since then means it.
  if (record.named !== undefined && Number(newest.at) / 1e6 < Date.parse(record.named.at)) return;
  record.conversation_id = newest.conversation;
  if (newest.transcript !== '') record.transcript = newest.transcript;
}

/** Whether the program has written the conversation down: nothing is, before its first prompt. */
function isKept(record: SessionRecord, conversation: string, files: AgentFiles, home: string): boolean {
  const { transcript = '', working_dir: directory } = record;
  if (basename(transcript).startsWith(conversation) && existsSync(transcript)) return true;
  // The program knows its directory by the name that has no symbolic links in it.
  return existsSync(files.transcriptPath(home, realpathSync(directory), conversation));
}
