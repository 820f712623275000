/** What is remembered of a session across restarts: one record a session, one file a record. */
import { createHash } from 'node:crypto';
import { PanewrightError } from '../../errors.js';

export type Outcome = 'completed' | 'interrupted' | 'failed' | 'waiting' | 'running';
export type Source = 'hook' | 'transcript' | 'screen' | 'integration';

/** Tokens, as the program counted them. */
export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens?: number;
  readonly cache_write_tokens?: number;
}

/** One prompt and what came of it. */
export interface Turn {
  readonly turn_id: string;
  /** Its beginning alone when it is very long. */
  readonly prompt: string;
  /** By which a prompt is known again, however it was wrapped: see `digestOf`. */
  readonly digest?: string;
  /** ISO 8601. */
  readonly started: string;
  /** When the program had taken it, ISO 8601; absent while it is being handed over. */
  sent?: string;
  ended?: string;
  outcome: Outcome;
  response?: string;
  source?: Source;
  /** Class of a failure: `rate_limit`, `auth`, `overloaded`, `other`. */
  failure?: string;
  usage?: Usage;
  exit_code?: number | null;
  /** Whether some of what it printed may have gone by unseen, and is not in the response. */
  gap?: boolean;
  /** How the prompt was handed over: `typed`, or `file` when it was too long to type. */
  delivery?: string;
  /** Whether it was sent while another turn ran: `queued` runs on its own, `merged` into the running one. */
  steering?: 'queued' | 'merged';
  /** What about the prompt was not handed over exactly. */
  notes?: string[];
  /** The conversation that it was sent to. */
  conversation?: string | null;
  /** What the program calls this prompt, by which its answer is found again. */
  prompt_id?: string;
  /** Stamp of the newest event before the prompt was sent: older events belong to older turns. */
  after_event?: string;
  /** Turns that the program had written down before the prompt was sent. */
  after_turns?: number;
  /** Whether another turn ran when it was sent. */
  sent_busy?: boolean;
  /** Whether it is a command of the program's own, which leaves no turn behind. */
  command?: boolean;
  /** Whether the program gave the prompt back: it stands in its composer again. */
  refused?: boolean;
  /** Which process of which pane it was given to: another one there does not answer it. */
  place?: string;
}

export interface SessionRecord {
  readonly version: 1;
  readonly name: string;
  /** The host of the configuration on which it runs; absent for this machine. */
  host?: string;
  profile: string;
  created: string;
  working_dir: string;
  /** Further arguments and variables with which the program was started. */
  args: string[];
  env: Record<string, string>;
  /** The conversation that the program keeps, by its own id. */
  conversation_id: string | null;
  /** The file in which the program keeps it, as far as that is known. */
  transcript?: string;
  /** The conversation that a caller named, and when (ISO 8601): it must exist. */
  named?: { readonly id: string; readonly at: string };
  /** The pane that was made for it; null for a session that somebody else made. */
  owned: { pane_id: string; server_pid: number } | null;
  /** Whether the trust question was to be answered with yes at the start. */
  trust: 'ask' | 'accept';
  /** Folder into which the program's hooks write. */
  events_dir: string | null;
  turns: Turn[];
  next_turn: number;
}

/** Turns that are kept, and characters of them; older ones are in the program's own transcript. */
export const KEPT_TURNS = 200;
const KEPT_CHARACTERS = 1_000_000;
/** These are kept however long they are. */
const KEPT_ANYWAY = 10;
/** Characters of a prompt that are kept. */
const KEPT_PROMPT = 20_000;

export function newRecord(name: string, profile: string, working_dir: string): SessionRecord {
  return {
    version: 1,
    name,
    profile,
    created: new Date().toISOString(),
    working_dir,
    args: [],
    env: {},
    conversation_id: null,
    owned: null,
    trust: 'ask',
    events_dir: null,
    turns: [],
    next_turn: 1,
  };
}

/** Sets the conversation that a caller wants to go on with. */
export function nameConversation(record: SessionRecord, id: string): void {
  record.conversation_id = id;
  record.named = { id, at: new Date().toISOString() };
  delete record.transcript;
}

/** Adds a turn to the record and returns it. */
export function addTurn(record: SessionRecord, prompt: string): Turn {
  const turn: Turn = {
    turn_id: `t${record.next_turn++}`,
    prompt: prompt.slice(0, KEPT_PROMPT),
    digest: digestOf(prompt),
    started: new Date().toISOString(),
    outcome: 'running',
  };
  record.turns.push(turn);
  let room = KEPT_CHARACTERS;
  const tooOld = record.turns.findLastIndex((kept, i) => {
    room -= kept.prompt.length + (kept.response?.length ?? 0);
    const nth = record.turns.length - i;
    return nth > KEPT_TURNS || (room < 0 && nth > KEPT_ANYWAY);
  });
  record.turns.splice(0, tooOld + 1);
  return turn;
}

/**
 * The same for texts that differ only in what programs and terminals change: white space, what is invisible, how
 * an accent is put on a letter, backslashes that escape something.
 */
export function digestOf(text: string): string {
  const essence = text.normalize('NFC').replace(/[\s\\\p{C}]+/gu, '');
  return createHash('sha256').update(essence).digest('base64url').slice(0, 22);
}

export function turnOf(turns: readonly Turn[], turnId: string | undefined, name: string): Turn {
  const turn = turnId === undefined ? turns.at(-1) : turns.find((known) => known.turn_id === turnId);
  if (turn) return turn;
  const known = turns.slice(-5).map((t) => t.turn_id);
  throw new PanewrightError(
    'TURN_NOT_FOUND',
    turnId === undefined
      ? `nothing was sent to session ${JSON.stringify(name)} yet.`
      : `session ${JSON.stringify(name)} has no turn ${JSON.stringify(turnId.slice(0, 40))}. Latest: ${known.join(', ') || 'none'}.`,
    'Use a turn_id that session_send or session_history returned.',
  );
}

export function isOver({ outcome }: Turn): boolean {
  return outcome !== 'running' && outcome !== 'waiting';
}

/** A record as it was written, brought up to one that could not be: no turn of either is lost. */
export function merged(written: SessionRecord | undefined, unsaved: SessionRecord): SessionRecord {
  // Started anew in between: what was there before is another session's.
  if (written?.created !== unsaved.created) return unsaved;
  const isSame = (a: Turn, b: Turn): boolean => a.turn_id === b.turn_id && a.started === b.started;
  const theirs = written.turns.filter((turn) => !unsaved.turns.some((ours) => isSame(ours, turn)));
  const turns = unsaved.turns.map((ours) => {
    const turn = written.turns.find((other) => isSame(other, ours));
    return turn && isOver(turn) && !isOver(ours) ? turn : ours;
  });
  return {
    ...unsaved,
    // By their numbers: the clock may have been set.
    turns: [...theirs, ...turns].sort((a, b) => numberOf(a) - numberOf(b)).slice(-KEPT_TURNS),
    next_turn: Math.max(written.next_turn, unsaved.next_turn),
  };
}

function numberOf({ turn_id }: Turn): number {
  return Number(turn_id.slice(1));
}
