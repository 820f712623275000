/** Claude Code as those have it who have used it for long: it draws in the pane itself, not on the alternate screen. */
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import type { Json } from '../support/client.js';
import { Stage } from './stage.js';

describeClaude('the real Claude Code, drawing inline', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(undefined, 'inline');
    await stage.start('s', { args: ['--permission-mode', 'default'] });
    await stage.bed.tmux('resize-window', '-t', '=s:', '-x', '60', '-y', '15');
  }, 60_000);
  afterAll(() => stage?.close());
  const send = (prompt: string, more: Json = {}): Promise<Json> =>
    stage.call('session_send', { name: 's', prompt, timeout: 60, ...more });

  test('it does not draw on the alternate screen', async () => {
    expect(await stage.bed.tmux('display-message', '-p', '-t', '=s:', '#{alternate_on}')).toBe('0');
  });

  test('a prompt longer than the pane, whose beginning is out of sight, arrives byte for byte', async () => {
    for (const prompt of [`lines\n\n${'x '.repeat(400)}end`, `row ${'é ö '.repeat(300)}end`]) {
      expect(await send(prompt)).toMatchObject({ outcome: 'completed', response: 'ok' });
      expect(stage.bed.api.prompts.at(-1)).toBe(prompt);
    }
  });

  test("a person's draft that is longer than the pane is neither submitted nor lost", async () => {
    const words = Array.from({ length: 10 }, (_, i) => `${'more and '.repeat(10)}part${i} `);
    for (const [i, word] of words.entries()) {
      await stage.bed.tmux('send-keys', '-t', '=s:', '-l', word);
      await stage.bed.until(async () => (await stage.screen('s')).includes(`part${i}`), { every: 20 });
    }
    const refusal = stage.client.refusal('session_send', { name: 's', prompt: 'not now' });
    await expect(refusal).resolves.toMatch(/^DRAFT_PRESENT:/);
    await stage.bed.tmux('send-keys', '-t', '=s:', 'Enter');
    await stage.bed.api.request(words.join('').trimEnd());
    expect(await send('now')).toMatchObject({ outcome: 'completed', response: 'ok' });
    expect(stage.bed.api.prompts).not.toContain('not now');
  }, 60_000);

  test('a long answer, a dialog and an interruption', async () => {
    const answer = Array.from({ length: 200 }, (_, i) => `line ${i}`).join('\n');
    stage.bed.api.when('long', answer);
    expect(await send('long')).toMatchObject({ outcome: 'completed', response: answer });
    const file = join(stage.bed.dir, 'work', 'made');
    stage.bed.api.when('make it', [{ tool: 'Bash', input: { command: `touch ${file}` } }] as never);
    const asked = await send('make it');
    expect(asked).toMatchObject({ state: 'waiting', dialog: { kind: 'permission', tool_name: 'Bash' } });
    const { dialog_id } = asked['dialog'] as { dialog_id: string };
    await stage.call('session_answer', { name: 's', dialog_id, choice: 'allow' });
    expect(await stage.call('session_wait', { name: 's' })).toMatchObject({ outcome: 'completed' });
    expect(existsSync(file)).toBe(true);
    stage.bed.api.when('for ever', ['begun\n\n', new Promise(() => {})]);
    const running = await send('for ever', { timeout: 2 });
    expect(running).toMatchObject({ outcome: 'running', timed_out: true });
    expect(await stage.call('session_interrupt', { name: 's' })).toMatchObject({ interrupted: true });
    expect(await stage.call('session_wait', { name: 's' })).toMatchObject({ outcome: 'interrupted' });
    expect(await send('and on')).toMatchObject({ response: 'ok' });
  }, 60_000);

  test('started by a script that stays, it is up before its status file is there', async () => {
    const bin = join(stage.bed.dir, 'bin/claude');
    rmSync(bin);
    writeFileSync(bin, `#!/bin/sh\n'${stage.bed.binary}' "$@"\n`);
    chmodSync(bin, 0o755);
    expect(await stage.start('wrapped')).toMatchObject({ state: 'idle', claude_alive: true });
    expect(await stage.call('session_send', { name: 'wrapped', prompt: 'at once' })).toMatchObject({
      outcome: 'completed',
      response: 'ok',
    });
  }, 60_000);
});
