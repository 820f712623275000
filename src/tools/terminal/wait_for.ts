/** wait_for: the event, not the clock. */
import * as z from 'zod';
import { Pattern } from '../../profile/pattern.js';
import { waitForEnd, waitForPattern } from '../../profile/wait.js';
import { noteOf, outputFields, outputOf, states } from '../results.js';
import { now, paneTool, place, seconds, target, timestamp } from '../tool.js';

export const waitFor = paneTool({
  name: 'wait_for',
  title: 'Wait for output or the end',
  toolset: 'terminal',
  access: 'read',
  description:
    'Wait, without polling, until pattern (regex) shows in new output of the pane, or, without pattern, until the running command ends; then its output_lines and exit_code are returned, also for what an execute left running. New output is what no result has carried yet; the echo of typed text does not count. Types nothing. matched false: timeout, or the command ended first.',
  input: z.strictObject({
    ...target,
    pattern: z.string().min(1).max(1_000).optional().describe('Regex over new output'),
    timeout: z.number().default(30).describe('Seconds, max 300'),
  }),
  output: z.strictObject({
    ...place,
    matched: z.boolean(),
    match: z.string().optional().describe('The text that matched'),
    state: states,
    exit_code: z.int().nullable(),
    timeout_occurred: z.boolean(),
    elapsed_seconds: z.number(),
    ...outputFields,
    question: z.string().optional(),
    echo: z.boolean().optional(),
    note: z.string().optional(),
    timestamp,
  }),
  async run({ pattern, timeout }, pane, { terminals, config, signal, progress }) {
    const started = performance.now();
    const options = { deadline: started + timeout * 1000, signal, progress };
    const { engine } = terminals;
    const regex = pattern === undefined ? undefined : new Pattern(pattern);
    const activity = engine.activityOf(pane);
    const release = pane.connection.hold();
    try {
      const { outcome, matched, match } = regex
        ? await waitForPattern(pane, activity, engine, regex, options)
        : { match: undefined, ...(await waitForEnd(pane, activity, engine, options)) };
      const { part, links } = outputOf(outcome, engine.shelf, config);
      const { run, question, timedOut } = outcome;
      return {
        links,
        result: {
          target: pane.target,
          pane_id: pane.id,
          matched,
          ...(match !== undefined && { match: match.slice(0, 1_000) }),
          state: run.state,
          exit_code: run.exitCode,
          timeout_occurred: timedOut,
          elapsed_seconds: seconds(started),
          ...part,
          ...(question && { question: question.question }),
          ...(question?.echo !== undefined && { echo: question.echo }),
          ...noteOf(run, question),
          timestamp: now(),
        },
      };
    } finally {
      activity.markSeen();
      release();
    }
  },
});
