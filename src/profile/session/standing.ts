/** What the run of a command says of the turn that gave it. */
import type { Question } from '../question.js';
import type { Run } from '../run.js';
import type { Turn } from './record.js';

/** Whether its end is known: one that was moved out of sight is watched no more, and goes on. */
export function hasEnded({ state }: Run): boolean {
  return state !== 'running' && state !== 'waiting_for_input';
}

export function standingOf(
  run: Run,
  question: Question | undefined,
): Pick<Turn, 'outcome' | 'exit_code'> & Partial<Pick<Turn, 'ended' | 'failure' | 'gap'>> {
  const facts = { exit_code: run.exitCode, ...(run.gap && { gap: true }) };
  const ended = new Date().toISOString();
  // Part of it was typed, and the rest never will be.
  if (run.refused) return { ...facts, outcome: 'failed', failure: run.refused.code.toLowerCase(), ended };
  if (!hasEnded(run)) return { ...facts, outcome: question ? 'waiting' : 'running' };
  if (run.state !== 'completed') return { ...facts, outcome: 'failed', failure: run.state, ended };
  return { ...facts, outcome: run.exitCode === 130 ? 'interrupted' : 'completed', ended };
}
