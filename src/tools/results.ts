/** How outcomes of commands look in results. */
import * as z from 'zod';
import type { LoadedConfig } from '../config/schema.js';
import type { SpoolShelf } from '../panes/spool.js';
import type { Outcome } from '../profile/outcome.js';
import type { Question } from '../profile/question.js';
import type { Run } from '../profile/run.js';
import type { ToolResult } from './toolbox.js';

/** Characters of output that a result carries at most; the tail is kept. */
export const MAX_CHARS = 20_000;

export const outputFields = {
  output_lines: z.array(z.string()).describe('Output, one entry per line; the last ones when truncated'),
  total_lines: z.int().describe('Lines printed, including those not in output_lines'),
  truncated: z.boolean(),
  output_uri: z.string().optional().describe('Resource with the full output, when truncated'),
};

export const states = z.enum([
  'completed',
  'running',
  'waiting_for_input',
  'incomplete_input',
  'pane_closed',
]);

export const GAP_NOTE = 'the connection to tmux was lost on the way: some output may be missing';

/** What a person should know besides: nothing, most often. */
export function noteOf(
  { moved, gap }: Partial<Pick<Run, 'moved' | 'gap'>>,
  question?: Question,
): { note?: string } {
  if (moved)
    return { note: 'the pane was moved to another session; the command goes on there: see list_sessions' };
  if (gap) return { note: GAP_NOTE };
  if (question?.question === '') return { note: 'it reads input without asking; look at it with read_pane' };
  return {};
}

export interface OutputPart {
  readonly output_lines: string[];
  readonly total_lines: number;
  readonly truncated: boolean;
  readonly output_uri?: string;
}

/** The output of a run so far, and the link to all of it where the result cannot carry it. */
export function outputOf(
  { run }: Pick<Outcome, 'run'>,
  shelf: SpoolShelf,
  { config }: LoadedConfig,
): { part: OutputPart; links: NonNullable<ToolResult['links']> } {
  const { lines, truncated, total } = run.output.lines(config.buffer_size, MAX_CHARS);
  const preview = run.preview?.() ?? [];
  const all = [...lines, ...preview].slice(-config.buffer_size);
  const part = { output_lines: all, total_lines: total + preview.length, truncated };
  if (!truncated) return { part, links: [] };
  const rest = (): string => run.output.heldBack;
  run.spool.rest = rest;
  // Once it has ended, what is kept for readers is text, and not all that made it.
  run.onEnd(() => {
    const last = rest();
    run.spool.rest = () => last;
  });
  shelf.keep(run.spool);
  const uri = `panewright://output/${run.spool.id}`;
  return {
    part: { ...part, output_uri: uri },
    links: [{ uri, name: `full output, ${total} lines`, mimeType: 'text/plain' }],
  };
}
