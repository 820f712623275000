/** What the profile reads from the real program's files: answers to the byte, and whose prompt they belong to. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claude } from '../../profiles/claude/index.js';
import { readRecord } from '../../profiles/claude/transcript.js';
import type { AgentRecord, AgentTurn } from '../../src/profile/contract.js';
import { Bed, describeClaude, Repl } from './harness.js';

const agent = claude.agent!;

describeClaude('the record of a conversation', () => {
  let bed: Bed;
  let repl: Repl;
  beforeAll(async () => {
    bed = await Bed.open();
    repl = await (
      await Repl.start(bed, { args: ['--permission-mode', 'default', '--allowed-tools', 'Bash'] })
    ).ready();
    bed.api.when((request) => request.followUp, ['after', ' the tool\n']);
  });
  afterAll(() => bed.close());

  const record = (): AgentRecord => {
    const { sessionId, cwd } = repl.registry() as unknown as { sessionId: string; cwd: string };
    return readRecord(readFileSync(agent.transcriptFile(bed.config, cwd, sessionId), 'utf8'));
  };
  const last = (): AgentTurn | undefined => record().turns.at(-1);
  const stops = (): number => repl.hooks('Stop').length;
  async function turn(prompt: string): Promise<AgentTurn> {
    const before = stops();
    await repl.submit(prompt);
    await repl.hook('Stop', before + 1);
    await repl.status('idle');
    return bed.until(() => last()?.outcome === 'completed' && last());
  }

  test('holds an answer byte for byte, where the hook has trimmed it', async () => {
    const answer = '\n\n   indented\n\n| a |\n|---|\n\n```\nx\n```\n\n\n';
    bed.api.when('odd', [answer, { usage: { input: 1234, output: 56 } }]);
    expect(await turn('odd')).toMatchObject({
      answer,
      prompts: [{ text: 'odd', how: 'typed' }],
      usage: { input_tokens: 1234, output_tokens: 56 },
    });
    expect(repl.hooks('Stop').at(-1)!['last_assistant_message']).toBe(answer.trim());
    expect(last()?.prompts[0]?.id).toBe(repl.hooks('Stop').at(-1)!['prompt_id']);
  });

  test('gives the last message as the answer of a turn with tools, and counts all of its tokens', async () => {
    bed.api.when('tools', ['before', { tool: 'Bash', input: { command: 'echo hi' } }]);
    expect(await turn('tools')).toMatchObject({ answer: 'after the tool\n', usage: { output_tokens: 10 } });
  });

  test('puts prompts that were queued together into one turn of their own', async () => {
    let go!: () => void;
    bed.api.when('hold', ['first\n\n', new Promise<void>((resolve) => (go = resolve)), 'last']);
    bed.api.when('two', 'for both');
    await repl.submit('hold');
    await repl.shows('first');
    await repl.submit('one');
    await repl.submit('two');
    await bed.until(() => record().queued.length === 2, { every: 20 });
    expect(record().queued).toEqual(['one', 'two']);
    const before = stops();
    go();
    await repl.hook('Stop', before + 2);
    await repl.status('idle');
    await bed.until(() => last()?.answer === 'for both', { every: 20 });
    const { turns, queued } = record();
    expect(queued).toEqual([]);
    expect(turns.at(-2)).toMatchObject({ answer: 'first\n\nlast', prompts: [{ text: 'hold' }] });
    expect(turns.at(-1)?.prompts).toMatchObject([
      { text: 'one', how: 'queued' },
      { text: 'two', how: 'queued' },
    ]);
    expect(turns.at(-1)?.prompts.at(-1)?.id).toBe(repl.hooks('Stop').at(-1)!['prompt_id']);
  });

  test('tells that a prompt was merged into the running turn', async () => {
    const fifo = join(bed.dir, 'work', 'go');
    execFileSync('mkfifo', [fifo]);
    bed.api.when('long tool', [{ tool: 'Bash', input: { command: 'cat go' } }]);
    const before = stops();
    const calls = repl.hooks('PreToolUse').length;
    await repl.submit('long tool');
    await repl.hook('PreToolUse', calls + 1);
    await repl.submit('steer');
    await writeFile(fifo, 'x');
    await repl.hook('Stop', before + 1);
    await repl.status('idle');
    await bed.until(() => last()?.outcome === 'completed', { every: 20 });
    expect(last()).toMatchObject({
      answer: 'after the tool\n',
      prompts: [
        { text: 'long tool', how: 'typed' },
        { text: 'steer', how: 'steered' },
      ],
    });
  });

  test('tells an interrupted turn, with what there was of its answer', async () => {
    bed.api.when('stop me', ['partial\n\n', new Promise(() => {})]);
    await repl.submit('stop me');
    await repl.shows('partial');
    await repl.keys('Escape');
    await repl.status('idle');
    await bed.until(() => last()?.outcome === 'interrupted', { every: 20 });
    expect(last()).toMatchObject({ answer: 'partial\n\n', prompts: [{ text: 'stop me' }] });
  });

  test.each([
    [400, 'other'],
    [401, 'auth'],
    [429, 'rate_limit'],
    [529, 'overloaded'],
  ] as const)('tells the class of a failure with status %i', async (status, failure) => {
    bed.api.when(`fail ${status}`, { status, message: 'as scripted' });
    const before = repl.hooks('StopFailure').length;
    await repl.submit(`fail ${status}`);
    const hook = await repl.hook('StopFailure', before + 1);
    await repl.status('idle');
    expect(agent.readEvent(JSON.stringify(hook))).toMatchObject({ type: 'failed', failure });
    // The hook outruns the record.
    const own = (): boolean => last()?.prompts[0]?.text === `fail ${status}`;
    await bed.until(() => own() && last()?.outcome === 'failed', { every: 20 });
    expect(last()).toMatchObject({ failure: { class: failure }, prompts: [{ text: `fail ${status}` }] });
  });
});
