/** Finds a turn of ours in what the program wrote down and reported, and tells how it ended. */
import type { AgentRecord, AgentTurn } from '../contract.js';
import type { Turn } from '../session/record.js';
import type { Snapshot } from './snapshot.js';

/** White space is what programs and terminals change; everything else must agree. */
const normal = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** The program's turn that our prompt became part of; prompts sent before ours cannot be it. */
export function findTurn(record: AgentRecord, turn: Turn): AgentTurn | undefined {
  const wanted = normal(turn.prompt);
  const from = turn.after_turns ?? 0;
  const later = record.turns.slice(from);
  const fits = (candidate: AgentTurn): boolean =>
    candidate.prompts.some(
      (prompt) =>
        (turn.prompt_id !== undefined && prompt.id === turn.prompt_id) || normal(prompt.text) === wanted,
    );
  // A prompt handed to the turn that ran already became part of that one, which began before ours.
  const running = record.turns[from - 1];
  return later.find(fits) ?? (turn.sent_busy === true && running && fits(running) ? running : undefined);
}

/** Whether the prompt still waits for its turn. */
export function isQueued(record: AgentRecord, turn: Turn): boolean {
  const wanted = normal(turn.prompt);
  return record.queued.some((text) => normal(text) === wanted);
}

/** What is known of a turn's end; undefined while it goes on. */
export function verdict(turn: Turn, snapshot: Snapshot, record: AgentRecord): Partial<Turn> | undefined {
  const { status, events } = snapshot;
  const since = events.filter((event) => event.at > (turn.after_event ?? ''));
  const written = findTurn(record, turn);
  const how = written?.prompts.find((prompt) => normal(prompt.text) === normal(turn.prompt))?.how;
  const steering: Partial<Turn> =
    turn.sent_busy === true && how !== undefined && how !== 'typed'
      ? { steering: how === 'steered' || (written?.prompts.length ?? 0) > 1 ? 'merged' : 'queued' }
      : {};
  if (status.state === 'exited')
    return {
      ...steering,
      outcome: 'failed',
      failure: 'other',
      response: written?.answer ?? '',
      source: 'screen',
    };
  if (status.state !== 'idle' || isQueued(record, turn)) return undefined;
  const usage = written && {
    input_tokens: written.usage.input_tokens,
    output_tokens: written.usage.output_tokens,
    cache_read_tokens: written.usage.cache_read_input_tokens,
    cache_write_tokens: written.usage.cache_creation_input_tokens,
  };
  const about = { ...steering, ...(usage && { usage }) };
  const failed = since.findLast((event) => event.type === 'failed');
  const completed = since.findLast((event) => event.type === 'completed');
  if (
    written?.outcome === 'failed' ||
    (failed && (!completed || failed.at > completed.at) && !isOver(written))
  ) {
    const message = written?.failure?.message ?? (failed?.type === 'failed' ? failed.message : '');
    const failure = written?.failure?.class ?? (failed?.type === 'failed' ? failed.failure : 'other');
    return {
      ...about,
      outcome: 'failed',
      failure,
      response: message,
      source: failed ? 'hook' : 'transcript',
    };
  }
  if (written?.outcome === 'interrupted')
    return { ...about, outcome: 'interrupted', response: written.answer, source: 'transcript' };
  if (written?.outcome === 'completed') {
    // The hook has lost white space at the ends of the answer; the transcript has all of it.
    const hooked = completed?.type === 'completed' && completed.answer.trim() === written.answer.trim();
    return {
      ...about,
      outcome: 'completed',
      response: written.answer,
      source: hooked ? 'hook' : 'transcript',
    };
  }
  return undefined;
}

function isOver(written: AgentTurn | undefined): boolean {
  return written !== undefined && written.outcome !== 'running';
}

/**
 * The end of a turn for which the transcript stays behind: the hook's word alone. Only asked for when the program
 * has been idle for a while.
 */
export function lateVerdict(turn: Turn, { events }: Snapshot): Partial<Turn> | undefined {
  const since = events.filter((event) => event.at > (turn.after_event ?? ''));
  const last = since.findLast((event) => event.type === 'completed' || event.type === 'failed');
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
