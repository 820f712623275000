/** The program's own commands, sent like prompts. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import { processGone } from '../support/processes.js';
import { Stage } from './stage.js';
import type { Json } from '../support/client.js';

describeClaude('commands of the real Claude Code', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    const folder = join(stage.bed.dir, 'work/.claude/commands');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'greet.md'), 'Greet $ARGUMENTS warmly.\n');
    await stage.start('c');
    await stage.call('session_send', { name: 'c', prompt: 'hello' });
  }, 60_000);
  afterAll(() => stage?.close());
  const send = (prompt: string): Promise<Json> => stage.call('session_send', { name: 'c', prompt });

  test("a command of the user's own is a prompt, and its answer comes back", async () => {
    stage.bed.api.when(/^Greet Bob warmly\./, '# Hello\n\n**Bob**\n');
    for (let round = 0; round < 2; round++)
      expect(await send('/greet Bob')).toMatchObject({
        outcome: 'completed',
        response: '# Hello\n\n**Bob**\n',
        usage: { output_tokens: 5 },
      });
  }, 60_000);

  test('what a command of the program prints is the response', async () => {
    const { response, outcome } = await send('/context');
    expect(outcome).toBe('completed');
    expect(response).toMatch(/^Context usage/);
    expect(response).not.toContain('\x1b');
  }, 60_000);

  test('a command that does not exist has failed, and says so', async () => {
    expect(await send('/nosuch thing')).toMatchObject({
      outcome: 'failed',
      failure: 'other',
      response: 'Unknown command: /nosuch',
    });
  }, 60_000);

  test('a slash and a word with more lines behind is refused: it would be a command', async () => {
    await expect(
      stage.client.refusal('session_send', { name: 'c', prompt: '/compact\nthe box' }),
    ).resolves.toMatch(/^PROMPT_NOT_ACCEPTED:.*command/);
  });

  test('compaction is waited for, and the conversation goes on', async () => {
    const before = (await stage.call('session_status', { name: 'c' }))['claude_session_id'];
    expect(await send('/compact')).toMatchObject({
      outcome: 'completed',
      response: expect.stringContaining('Compacted') as string,
    });
    expect(await send('still there?')).toMatchObject({ response: 'ok', claude_session_id: before });
  }, 60_000);

  test('a screen without rows to choose comes back as a dialog, and cancel closes it', async () => {
    const sent = await send('/cost');
    expect(sent).toMatchObject({
      state: 'waiting',
      outcome: 'waiting',
      dialog: { kind: 'unknown', options: [], detail: expect.stringContaining('cost') as string },
    });
    await expect(stage.client.refusal('session_answer', { name: 'c', choice: 'allow' })).resolves.toMatch(
      /^INVALID_ARGUMENT:.*none that could be read/,
    );
    const { dialog_id } = sent['dialog'] as { dialog_id: string };
    expect(await stage.call('session_answer', { name: 'c', dialog_id, choice: 'cancel' })).toMatchObject({
      state: 'idle',
      dialog: null,
    });
    expect(await stage.call('session_wait', { name: 'c' })).toMatchObject({ outcome: 'completed' });
    expect(await send('and on')).toMatchObject({ response: 'ok' });
  }, 60_000);

  test("one of the program's pickers comes back as a menu, and what was chosen as the response", async () => {
    const sent = await send('/model');
    expect(sent).toMatchObject({ state: 'waiting', dialog: { kind: 'menu', title: 'Select model' } });
    await expect(stage.client.refusal('session_send', { name: 'c', prompt: 'a prompt' })).resolves.toMatch(
      /^DIALOG_OPEN:/,
    );
    const { dialog_id } = sent['dialog'] as { dialog_id: string };
    const next = await stage.call('session_answer', { name: 'c', dialog_id, choice: 4 });
    // One dialog may lead to another: each is told, and answered by its own id.
    const { dialog_id: second, options } = next['dialog'] as { dialog_id: string; options: object[] };
    expect(second).not.toBe(dialog_id);
    expect(options[0]).toMatchObject({ label: expect.stringMatching(/^Yes/) as string });
    await stage.call('session_answer', { name: 'c', dialog_id: second, choice: 'allow' });
    expect(await stage.call('session_wait', { name: 'c' })).toMatchObject({
      outcome: 'completed',
      response: expect.stringMatching(/^Set model to .*Sonnet/) as string,
    });
  }, 60_000);

  test('the conversation id is followed through /clear, at once and after a restart', async () => {
    const before = (await stage.call('session_status', { name: 'c' }))['claude_session_id'];
    expect(await send('/clear')).toMatchObject({ outcome: 'completed' });
    // Nothing has been said in the new conversation yet: there is nothing to resume, and nothing is lost.
    await stage.bed.reboot();
    const result = await send('after clear');
    expect(result).toMatchObject({ response: 'ok' });
    expect(result['claude_session_id']).not.toBe(before);
    expect(JSON.stringify(stage.bed.api.requests.at(-1)?.messages)).not.toContain('still there?');
    expect((await stage.call('session_status', { name: 'c' }))['claude_session_id']).toBe(
      result['claude_session_id'],
    );
  }, 60_000);

  test('a conversation of which only notes were written down is begun anew', async () => {
    expect(await send('/clear')).toMatchObject({ outcome: 'completed' });
    const { claude_session_id: cleared } = await stage.call('session_status', { name: 'c' });
    const pid = Number(await stage.bed.tmux('display-message', '-p', '-t', '=c:', '#{pane_pid}'));
    await stage.bed.reboot();
    await processGone(pid); // it writes to the last
    const projects = join(stage.bed.home, '.claude/projects');
    const [folder = ''] = readdirSync(projects);
    const file = join(projects, folder, `${String(cleared)}.jsonl`);
    // The program writes such a line now and then before the first prompt; it resumes no such conversation.
    writeFileSync(file, `${JSON.stringify({ type: 'mode', mode: 'normal', sessionId: cleared })}\n`);
    const result = await send('after the notes');
    expect(result).toMatchObject({ response: 'ok', outcome: 'completed' });
    expect(result['claude_session_id']).not.toBe(cleared);
  }, 60_000);
});
