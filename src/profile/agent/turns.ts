/** Finds a turn of ours in what the program wrote down and reported, and tells how it ended. */
import type { AgentRecord, AgentTurn } from '../contract.js';
import { digestOf, type Turn } from '../session/record.js';
import type { StampedEvent } from './files.js';
import type { Snapshot } from './snapshot.js';

type Prompt = AgentTurn['prompts'][number];

export interface Found {
  readonly turn: AgentTurn;
  readonly prompt: Prompt;
}

/** Prompts are many, and looked at often. */
const digests = new WeakMap<Prompt, string>();

function digest(prompt: Prompt): string {
  const known = digests.get(prompt) ?? digestOf(prompt.text);
  digests.set(prompt, known);
  return known;
}

export const digestOfTurn = (turn: Turn): string => turn.digest ?? digestOf(turn.prompt);

/** Whether the turn is not known to be over. */
export const isOpen = (turn: Turn): boolean => turn.outcome === 'running' || turn.outcome === 'waiting';

/**
 * The program's turn that our prompt became part of; prompts sent before ours cannot be it, nor can those that
 * other turns of ours are known to be.
 * @param turns all of the session's, in the order in which they were sent
 */
export function findTurn(record: AgentRecord, turn: Turn, turns: readonly Turn[] = []): Found | undefined {
  const from = turn.after_turns ?? 0;
  // A prompt handed to the turn that ran already became part of that one, which began before ours.
  const running = turn.sent_busy === true ? record.turns.slice(0, from).at(-1) : undefined;
  const wanted = digestOfTurn(turn);
  const taken = new Set(turns.flatMap((other) => (other === turn ? [] : (other.prompt_id ?? []))));
  const isNamed = ({ id, how }: Prompt): boolean =>
    id !== undefined && id === turn.prompt_id && how !== 'queued';
  const isSaid = (prompt: Prompt): boolean => {
    if (turn.command === true && prompt.how === 'command')
      return prompt.text.split(' ')[0] === turn.prompt.split(' ')[0];
    const { id } = prompt;
    return digest(prompt) === wanted && (id === undefined || id === turn.prompt_id || !taken.has(id));
  };
  const pick = (candidates: readonly AgentTurn[], fits: (prompt: Prompt) => boolean): Found[] =>
    candidates.flatMap((candidate) =>
      candidate.prompts.filter(fits).map((prompt) => ({ turn: candidate, prompt })),
    );
  const since = record.turns.slice(from);
  const named = pick(since, isNamed);
  const said = pick(since, isSaid);
  const both = named.find((found) => said.some(({ prompt }) => prompt === found.prompt));
  if (both) return both;
  // The id alone could be that of a turn which began by itself in the moment of sending.
  if (said.length === 0) return named[0] ?? pick(running ? [running] : [], isSaid)[0];
  // The same text sent several times: the first of them was the first to be taken.
  const before = turns.slice(0, Math.max(0, turns.indexOf(turn)));
  const rivals = before.filter(
    (other) => isOpen(other) && other.prompt_id === undefined && digestOfTurn(other) === wanted,
  );
  return said[rivals.length] ?? said.at(-1);
}

/** Whether the prompt still waits for its turn. */
export function isQueued(record: AgentRecord, turn: Turn): boolean {
  const wanted = digestOfTurn(turn);
  return record.queued.some((text) => digestOf(text) === wanted);
}

/** What was reported since the turn was sent, and is not about another one. */
function reports(turn: Turn, { events }: Snapshot): readonly StampedEvent[] {
  return events.filter(
    (event) =>
      event.at > (turn.after_event ?? '') &&
      (turn.prompt_id === undefined || !('turn' in event) || event.turn === turn.prompt_id),
  );
}

/**
 * What is known of a turn's end; undefined while it goes on.
 * @param patient wait for what may not be written down yet
 */
export function verdict(
  turn: Turn,
  turns: readonly Turn[],
  snapshot: Snapshot,
  record: AgentRecord,
  patient: boolean,
): Partial<Turn> | undefined {
  const { state } = snapshot.status;
  const gone = state === 'exited' || state === 'missing';
  if (!gone && (state !== 'idle' || isQueued(record, turn))) return undefined;
  const found = findTurn(record, turn, turns);
  const written = found?.turn;
  const about = found ? aboutTurn(turn, found) : {};
  const since = reports(turn, snapshot);
  const failed = since.findLast((event) => event.type === 'failed');
  const completed = since.findLast((event) => event.type === 'completed');
  // A prompt that was queued is not told from the running one by its reports.
  const ownFailure = turn.sent_busy === true && turn.prompt_id === undefined ? undefined : failed;
  const over = written !== undefined && written.outcome !== 'running';
  if (
    written?.outcome === 'failed' ||
    (ownFailure && !over && (!completed || ownFailure.at > completed.at))
  ) {
    const { class: failure = 'other', message: response = '' } =
      written?.failure ??
      (ownFailure?.type === 'failed' ? { class: ownFailure.failure, message: ownFailure.message } : {});
    return { ...about, outcome: 'failed', failure, response, source: failed ? 'hook' : 'transcript' };
  }
  if (written?.outcome === 'interrupted')
    return { ...about, outcome: 'interrupted', response: written.answer, source: 'transcript' };
  if (found && written?.outcome === 'completed') {
    const own = since.filter((event) => event.type === 'completed' && isAbout(event, found.prompt));
    const said = own.at(-1);
    const hooked = said !== undefined && isAnswer(said, written);
    // The transcript comes later than the hook: the rest of the answer is missing, or a stop hook of the user's has
    // sent this one back and the next is not there yet.
    const behind =
      said !== undefined && !hooked && (patient || own.some((event) => isAnswer(event, written)));
    if (behind && !gone) return undefined;
    // The hook has lost white space at the ends of the answer; the transcript has all of it.
    return {
      ...about,
      outcome: 'completed',
      response: written.answer,
      source: hooked ? 'hook' : 'transcript',
    };
  }
  if (gone)
    return {
      ...about,
      outcome: 'failed',
      failure: 'other',
      response: written?.answer ?? '',
      source: 'transcript',
    };
  return undefined;
}

function isAbout(event: StampedEvent, { id }: Prompt): boolean {
  return id === undefined || !('turn' in event) || event.turn === id;
}

function isAnswer(event: StampedEvent, { answer }: AgentTurn): boolean {
  return event.type === 'completed' && event.answer.trim() === answer.trim();
}

function aboutTurn(turn: Turn, { turn: written, prompt }: Found): Partial<Turn> {
  const merged = prompt.how === 'steered' || written.prompts.length > 1;
  const steered = turn.sent_busy === true && prompt.how !== 'typed' && prompt.how !== 'command';
  const { usage } = written;
  return {
    ...(steered && { steering: merged ? ('merged' as const) : ('queued' as const) }),
    ...(prompt.id !== undefined && { prompt_id: prompt.id }),
    ...(written.refused === true && { refused: true }),
    ...((prompt.how !== 'command' || usage.input_tokens > 0) && {
      usage: {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cache_read_tokens: usage.cache_read_input_tokens,
        cache_write_tokens: usage.cache_creation_input_tokens,
      },
    }),
  };
}

/**
 * The end of a turn for which the transcript stays behind: the hook's word alone. Only asked for when the program
 * has been idle for a while.
 */
export function lateVerdict(turn: Turn, snapshot: Snapshot): Partial<Turn> | undefined {
  if (turn.sent_busy === true && turn.prompt_id === undefined) return undefined;
  const last = reports(turn, snapshot).findLast(
    (event) => event.type === 'completed' || event.type === 'failed',
  );
  if (last?.type === 'completed') return { outcome: 'completed', response: last.answer, source: 'hook' };
  if (last?.type === 'failed')
    return { outcome: 'failed', failure: last.failure, response: last.message, source: 'hook' };
  return undefined;
}

/** Whether what stands in the composer is the prompt, put back there. */
export function isDraft(draft: string | undefined, turn: Turn): boolean {
  const bare = (text: string): string => text.replace(/\s+/g, '');
  if (draft === undefined || bare(draft) === '') return false;
  return bare(turn.prompt).startsWith(bare(draft).slice(0, 200));
}
