/** Dialogs: told, answered by their id, never by accident. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import { Stage } from './stage.js';
import type { Json } from '../support/client.js';

const ask = (multiSelect: boolean): object => ({
  tool: 'AskUserQuestion',
  input: {
    questions: [
      {
        question: 'Which colour?',
        header: 'Colour',
        multiSelect,
        options: [
          { label: 'Red', description: 'warm' },
          { label: 'Blue', description: 'cold' },
        ],
      },
    ],
  },
});

type Dialog = { dialog_id: string; kind: string; options: { number: number; label: string }[] } & Json;

describeClaude('dialogs of the real Claude Code', () => {
  let stage: Stage;
  const dialogOf = (result: Json): Dialog => result['dialog'] as Dialog;
  beforeAll(async () => {
    stage = await Stage.open();
    stage.bed.api.when((request) => request.followUp, 'done with it');
    await stage.start('d', { args: ['--permission-mode', 'default'] });
  }, 60_000);
  afterAll(() => stage?.close());

  test('a permission request comes back as a dialog with the tool and its input, and allow lets it run', async () => {
    const file = join(stage.bed.dir, 'work', 'made');
    stage.bed.api.when('run it', [
      { tool: 'Bash', input: { command: `touch ${file}`, description: 'Make it' } },
    ] as never);
    const sent = await stage.call('session_send', { name: 'd', prompt: 'run it' });
    expect(sent).toMatchObject({ state: 'waiting', outcome: 'waiting', timed_out: false });
    const dialog = dialogOf(sent);
    expect(dialog).toMatchObject({
      kind: 'permission',
      tool_name: 'Bash',
      tool_input: { command: `touch ${file}` },
    });
    expect(dialog.options[0]).toMatchObject({ number: 1, label: expect.stringMatching(/^Yes/) as unknown });
    expect(existsSync(file)).toBe(false);
    // Nothing else answers it.
    await expect(stage.client.refusal('session_send', { name: 'd', prompt: 'a prompt' })).resolves.toMatch(
      /^DIALOG_OPEN:/,
    );
    await expect(
      stage.client.refusal('session_answer', { name: 'd', dialog_id: 'stale', choice: 'allow' }),
    ).resolves.toMatch(/^DIALOG_CHANGED:/);
    expect(await stage.call('session_status', { name: 'd' })).toMatchObject({
      state: 'waiting',
      dialog: { dialog_id: dialog.dialog_id },
    });
    await stage.call('session_answer', { name: 'd', dialog_id: dialog.dialog_id, choice: 'allow' });
    expect(await stage.call('session_wait', { name: 'd' })).toMatchObject({
      outcome: 'completed',
      response: 'done with it',
    });
    expect(existsSync(file)).toBe(true);
  }, 60_000);

  test('deny keeps the tool from running', async () => {
    const file = join(stage.bed.dir, 'work', 'denied');
    stage.bed.api.when('run that', [
      { tool: 'Bash', input: { command: `touch ${file}`, description: 'Make it' } },
    ] as never);
    const sent = await stage.call('session_send', { name: 'd', prompt: 'run that' });
    const info = await stage.call('session_answer', {
      name: 'd',
      dialog_id: dialogOf(sent).dialog_id,
      choice: 'deny',
    });
    expect(info).toMatchObject({ dialog: null });
    const end = await stage.call('session_wait', { name: 'd' });
    expect(['interrupted', 'completed']).toContain(end['outcome']);
    expect(existsSync(file)).toBe(false);
    await expect(stage.client.refusal('session_answer', { name: 'd', choice: 'allow' })).resolves.toMatch(
      /^NO_DIALOG:/,
    );
  }, 60_000);

  test('a question is answered by label, and with free text', async () => {
    stage.bed.api.when('ask me', [ask(false)] as never);
    const sent = await stage.call('session_send', { name: 'd', prompt: 'ask me' });
    expect(dialogOf(sent)).toMatchObject({ kind: 'question', question: 'Which colour?' });
    await stage.call('session_answer', { name: 'd', dialog_id: dialogOf(sent).dialog_id, choice: 'Blue' });
    expect(await stage.call('session_wait', { name: 'd' })).toMatchObject({ response: 'done with it' });
    expect(JSON.stringify(stage.bed.api.requests.at(-1)?.toolResults)).toContain('Blue');
    const again = await stage.call('session_send', { name: 'd', prompt: 'ask me' });
    await stage.call('session_answer', {
      name: 'd',
      dialog_id: dialogOf(again).dialog_id,
      choice: 3,
      text: 'Green; really',
    });
    expect(await stage.call('session_wait', { name: 'd' })).toMatchObject({ response: 'done with it' });
    expect(JSON.stringify(stage.bed.api.requests.at(-1)?.toolResults)).toContain('Green; really');
  }, 60_000);

  test('the trust dialog is asked, and answered when the caller said so at the start', async () => {
    const strange = stage.bed.folder('strange', false);
    const asked = await stage.call('session_start', { name: 't1', working_dir: strange });
    expect(asked).toMatchObject({ state: 'waiting', dialog: { kind: 'trust' } });
    await expect(stage.client.refusal('session_send', { name: 't1', prompt: 'x' })).resolves.toMatch(
      /^DIALOG_OPEN:/,
    );
    const info = await stage.call('session_answer', {
      name: 't1',
      dialog_id: dialogOf(asked).dialog_id,
      choice: 'allow',
    });
    expect(info['state']).not.toBe('exited');
    const stranger = stage.bed.folder('stranger', false);
    const trusted = await stage.call('session_start', { name: 't2', working_dir: stranger, trust: 'accept' });
    expect(trusted).toMatchObject({ state: 'idle', dialog: null });
    expect(await stage.call('session_send', { name: 't2', prompt: 'hi' })).toMatchObject({ response: 'ok' });
  }, 90_000);

  test("a person's draft is neither submitted nor lost", async () => {
    const pane = String((await stage.call('session_status', { name: 'd' }))['pane_id']);
    await stage.bed.tmux('send-keys', '-t', pane, '-l', 'half a thought');
    await stage.bed.until(
      async () => (await stage.bed.tmux('capture-pane', '-p', '-t', pane)).includes('half a thought'),
      { every: 50 },
    );
    await expect(stage.client.refusal('session_send', { name: 'd', prompt: 'mine' })).resolves.toMatch(
      /^DRAFT_PRESENT:/,
    );
    expect(await stage.bed.tmux('capture-pane', '-p', '-t', pane)).toContain('half a thought');
    expect(stage.bed.api.prompts).not.toContain('mine');
    await stage.bed.tmux('send-keys', '-t', pane, 'C-u');
  }, 60_000);
});
