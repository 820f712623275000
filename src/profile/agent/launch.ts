/** Starts an agent for a record: its files in place, its conversation new or resumed. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
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
  const wanted = record.conversation_id;
  const resume = wanted !== null && existsSync(files.transcriptPath(home, record.working_dir, wanted));
  if (wanted !== null && !resume && (record.turns.length > 0 || record.created_with_id === true))
    throw new PanewrightError(
      'CONVERSATION_NOT_FOUND',
      `conversation ${wanted} does not exist in ${record.working_dir}.`,
      'Conversations belong to the directory in which they began: give that as working_dir, or start without claude_session_id.',
    );
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
