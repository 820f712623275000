/** execute: run a command where people can watch, and return exactly what it printed and how it ended. */
import * as z from 'zod';
import { PanewrightError } from '../../errors.js';
import { noteOf, outputFields, outputOf, states } from '../results.js';
import { now, paneTool, place, seconds, target, timestamp } from '../tool.js';

export const execute = paneTool({
  name: 'execute',
  title: 'Run a command',
  toolset: 'terminal',
  access: 'write',
  description:
    'Run a command in a shell or REPL pane and wait for it. Returns its exact output_lines and exit_code as soon as it ends. state: completed; running (timeout passed, it goes on: collect with wait_for); waiting_for_input (answer question with write_pane); incomplete_input (unbalanced quotes, nothing run); pane_closed. Refuses a busy pane (PANE_BUSY) or a half-typed line (DRAFT_PRESENT). cd and exports persist. Several lines are fine.',
  input: z.strictObject({
    ...target,
    command: z.string().min(1).describe('As typed at the prompt'),
    timeout: z.number().default(10).describe('Seconds, max 300'),
    force: z.boolean().default(false).describe('Discard a half-typed line'),
  }),
  output: z.strictObject({
    ...place,
    command: z.string(),
    completed: z.boolean(),
    timeout_occurred: z.boolean(),
    state: states,
    exit_code: z.int().nullable().describe('null where the program has none, as in a REPL'),
    elapsed_seconds: z.number(),
    ...outputFields,
    question: z.string().optional(),
    echo: z.boolean().optional().describe('false: what is typed now stays hidden (a password)'),
    note: z.string().optional(),
    detection: z.enum(['integration', 'screen']),
    timestamp,
  }),
  text: ({ command }) => command,
  trusting: true,
  queues: true,
  async run(args, pane, { terminals, config, signal, progress, note, hidden }) {
    const command = cleaned(args.command);
    const started = performance.now();
    const shown = command.split('\n')[0] ?? '';
    // Where the terminal hides what is typed, the command may be a password typed as an answer.
    if (!hidden) progress(`started: ${shown.length > 200 ? shown.slice(0, 200) + '…' : shown}`);
    const outcome = await terminals.engine.execute(pane, command, {
      deadline: started + args.timeout * 1000,
      force: args.force,
      signal,
      progress,
    });
    const { run, timedOut, question } = outcome;
    note(`${run.state} after ${seconds(started)} s`);
    const { part, links } = outputOf(outcome, terminals.engine.shelf, config);
    return {
      links,
      result: {
        target: pane.target,
        pane_id: pane.id,
        command: args.command,
        completed: run.state === 'completed',
        timeout_occurred: timedOut,
        state: run.state,
        exit_code: run.exitCode,
        elapsed_seconds: seconds(started, run.ended),
        ...part,
        ...(question && { question: question.question }),
        ...(question?.echo !== undefined && { echo: question.echo }),
        ...noteOf(run, question),
        detection: run.detection,
        timestamp: now(),
      },
    };
  },
});

/** Newlines at the end submit the command anyway; other control characters would be keys, not text. */
function cleaned(command: string): string {
  const text = command.replace(/\r\n?/g, '\n').replace(/\n+$/, '');

  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(text)) {
    throw new PanewrightError(
      'INVALID_ARGUMENT',
      'command contains a control character, which the terminal would take for a key.',
      "Press keys with send_keys; in a shell, write such characters as $'\\x1b'.",
    );
  }
  return text;
}
