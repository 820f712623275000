/** Starts an agent for a record: its files in place, its conversation new or resumed. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PanewrightError } from '../../errors.js';
import type { Machine } from '../../panes/machine.js';
import type { AgentFacts, Profile } from '../contract.js';
import type { SessionRecord } from '../session/record.js';
import type { Launch } from '../session/driver.js';
import type { SessionStore } from '../session/store.js';
import { AgentFiles, madeAt } from './files.js';

/** What is known of the machine on which a program is to be launched. */
export interface LaunchSite {
  readonly files: AgentFiles;
  /** Directory of the session's own, on that machine. */
  readonly spool: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory by the name that has no symbolic links in it. */
  readonly directory: string;
  /** Resolves when the files of the launch are in place. */
  settled(): Promise<void>;
}

export async function launchSite(
  record: SessionRecord,
  profile: Profile & { readonly agent: AgentFacts },
  store: SessionStore,
  machine: Machine,
): Promise<LaunchSite> {
  const files = new AgentFiles(profile.agent, machine.mirror);
  const env = await machine.environment();
  const directory = await machine.realDirectory(record.working_dir);
  const settled = (): Promise<void> => files.settled();
  if (!machine.mirror) return { files, env, directory, settled, spool: store.folder(record.name, 'spool') };
  const spool = record.events_dir ?? spoolOn(env, record.name);
  const home = profile.agent.home({ ...env, ...record.env });
  const { conversation_id: id, transcript } = record;
  const known = id === null ? [] : [files.transcriptPath(home, directory, id)];
  await files.fetch(spool, [...known, ...(transcript === undefined ? [] : [transcript])]);
  return { files, env, directory, settled, spool };
}

/** A folder of the session's own on another machine; no other session, and no other server, has the same. */
function spoolOn(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const state = env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? '/tmp', '.local/state');
  const safe = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40);
  return join(state, 'panewright', 'spool', `${safe}-${randomUUID().slice(0, 8)}`);
}

/** Changes the record: the spool, and the id of a new conversation. */
export function launchAgent(
  record: SessionRecord,
  profile: Profile & { readonly agent: AgentFacts },
  site: LaunchSite,
): Launch {
  const facts = profile.agent;
  const { files, spool } = site;
  const home = facts.home({ ...site.env, ...record.env });
  follow(record, files);
  const wanted = record.conversation_id;
  const kept = wanted === null ? 'absent' : whatIsKept(record, wanted, site, home);
  const resume = kept === 'said';
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
  // A file without a word can neither be resumed nor begun once more: the program refuses both.
  const id = wanted === null || kept === 'empty' ? randomUUID() : wanted;
  if (id !== wanted) delete record.transcript;
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
  // The last word of a program that was ended comes late, and says nothing new.
  const newest = files.events(record.events_dir).findLast(({ type }) => type !== 'ended');
  if (newest === undefined || newest.conversation === record.conversation_id) return;
  // A caller who named another conversation since then means it.
  if (record.named !== undefined && madeAt(newest) < Date.parse(record.named.at)) return;
  record.conversation_id = newest.conversation;
  if (newest.transcript !== '') record.transcript = newest.transcript;
}

/** What the program has written down of the conversation: not even a file, before its first prompt, or only notes. */
function whatIsKept(
  record: SessionRecord,
  conversation: string,
  { files, directory }: LaunchSite,
  home: string,
): 'said' | 'empty' | 'absent' {
  const { transcript = '' } = record;
  const own = basename(transcript).startsWith(conversation) ? [transcript] : [];
  const path = [...own, files.transcriptPath(home, directory, conversation)].find((file) =>
    existsSync(files.at(file)),
  );
  if (path === undefined) return 'absent';
  return files.isSaid(path) ? 'said' : 'empty';
}
