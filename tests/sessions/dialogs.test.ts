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

  test('a question is told with its explanations, and several answers are ticked and then submitted', async () => {
    stage.bed.api.when('ask for some', [ask(true)] as never);
    const sent = await stage.call('session_send', { name: 'd', prompt: 'ask for some' });
    expect(dialogOf(sent)).toMatchObject({
      kind: 'question',
      options: [
        { number: 1, label: 'Red', description: 'warm', checked: false },
        { number: 2, label: 'Blue', description: 'cold', checked: false },
        { takes_text: true },
        {},
        {},
      ],
    });
    const review = await stage.call('session_answer', {
      name: 'd',
      dialog_id: dialogOf(sent).dialog_id,
      choice: 'Red, Blue',
    });
    expect(dialogOf(review)).toMatchObject({ kind: 'question', options: [{ label: 'Submit answers' }, {}] });
    await stage.call('session_answer', { name: 'd', dialog_id: dialogOf(review).dialog_id, choice: 1 });
    expect(await stage.call('session_wait', { name: 'd' })).toMatchObject({
      outcome: 'completed',
      response: 'done with it',
    });
    expect(JSON.stringify(stage.bed.api.requests.at(-1)?.toolResults)).toMatch(/Red, ?Blue/);
  }, 60_000);

  test('several questions come one after the other, each with an id of its own', async () => {
    const { input } = ask(false) as { input: { questions: object[] } };
    const second = { ...input.questions[0], question: 'And which else?', header: 'Second' };
    stage.bed.api.when('ask twice', [
      { tool: 'AskUserQuestion', input: { questions: [...input.questions, second] } },
    ] as never);
    let dialog = dialogOf(await stage.call('session_send', { name: 'd', prompt: 'ask twice' }));
    const asked: unknown[] = [];
    const ids = new Set<string>();
    while (dialog as Dialog | null) {
      asked.push(dialog['question']);
      ids.add(dialog.dialog_id);
      const choice = asked.length === 2 ? 'Blue' : 1;
      dialog = dialogOf(
        await stage.call('session_answer', { name: 'd', dialog_id: dialog.dialog_id, choice }),
      );
    }
    expect(asked.slice(0, 2)).toEqual(['Which colour?', 'And which else?']);
    expect(ids.size).toBe(asked.length);
    expect(await stage.call('session_wait', { name: 'd' })).toMatchObject({ response: 'done with it' });
    const results = JSON.stringify(stage.bed.api.requests.at(-1)?.toolResults);
    expect(results).toContain('Red');
    expect(results).toContain('Blue');
  }, 60_000);

  test('two tools asked for at once have two dialogs, each with its own input', async () => {
    const files = ['first', 'second'].map((file) => join(stage.bed.dir, 'work', `parallel-${file}`));
    stage.bed.api.when(
      'both at once',
      files.map((file) => ({ tool: 'Bash', input: { command: `touch ${file}` } })),
    );
    let dialog = dialogOf(await stage.call('session_send', { name: 'd', prompt: 'both at once' }));
    for (const file of files) {
      expect(dialog).toMatchObject({ tool_name: 'Bash', tool_input: { command: `touch ${file}` } });
      await stage.call('session_answer', { name: 'd', dialog_id: dialog.dialog_id, choice: 'allow' });
      if (file === files[0]) dialog = dialogOf(await stage.call('session_wait', { name: 'd' }));
    }
    expect(await stage.call('session_wait', { name: 'd' })).toMatchObject({ outcome: 'completed' });
    for (const file of files) expect(existsSync(file)).toBe(true);
  }, 60_000);

  test('a refusal can say what to do instead, in as many words as it takes', async () => {
    const file = join(stage.bed.dir, 'work', 'not-so');
    stage.bed.api.when('try it', [{ tool: 'Bash', input: { command: `touch ${file}` } }] as never);
    const text = `Use another way; ${'a longer explanation '.repeat(8)}please`;
    const sent = await stage.call('session_send', { name: 'd', prompt: 'try it' });
    const { dialog_id } = dialogOf(sent);
    await stage.call('session_answer', { name: 'd', dialog_id, choice: 'deny', text });
    await stage.call('session_wait', { name: 'd' });
    expect(JSON.stringify(stage.bed.api.requests.at(-1)?.messages)).toContain(text);
    expect(existsSync(file)).toBe(false);
  }, 60_000);

  test('a plan is told as a plan, and can be approved', async () => {
    await stage.start('p', { args: ['--permission-mode', 'plan'] });
    const plan = '# Plan\n\n1. do\n2. check';
    stage.bed.api.when('plan it', ['My plan.', { tool: 'ExitPlanMode', input: { plan } }] as never);
    const sent = await stage.call('session_send', { name: 'p', prompt: 'plan it' });
    expect(dialogOf(sent)).toMatchObject({ kind: 'plan', tool_name: 'ExitPlanMode' });
    await stage.call('session_answer', { name: 'p', dialog_id: dialogOf(sent).dialog_id, choice: 'allow' });
    expect(await stage.call('session_wait', { name: 'p' })).toMatchObject({ outcome: 'completed' });
  }, 60_000);

  test.each([
    [80, 24],
    [60, 15],
  ])(
    'in a pane of %i by %i a dialog is told and answered just so',
    async (width, height) => {
      const name = `small-${width}`;
      const file = join(stage.bed.dir, 'work', name);
      await stage.start(name, { args: ['--permission-mode', 'default'] });
      await stage.bed.tmux('resize-window', '-t', `=${name}:`, '-x', `${width}`, '-y', `${height}`);
      const command = `touch ${file}\n${'# a comment line that is rather long and wraps in a narrow pane\n'.repeat(6)}`;
      stage.bed.api.when(`small ${width}`, [{ tool: 'Bash', input: { command } }] as never);
      const sent = await stage.call('session_send', { name, prompt: `small ${width}` });
      expect(sent).toMatchObject({
        state: 'waiting',
        dialog: { tool_name: 'Bash', tool_input: { command } },
      });
      const { dialog_id } = dialogOf(sent);
      await stage.call('session_answer', { name, dialog_id, choice: 'allow' });
      expect(await stage.call('session_wait', { name })).toMatchObject({ outcome: 'completed' });
      expect(existsSync(file)).toBe(true);
      expect(
        await stage.call('session_send', { name, prompt: `lines\n\n${'x '.repeat(400)}` }),
      ).toMatchObject({
        response: 'ok',
      });
    },
    60_000,
  );

  test('the trust dialog is asked, and answered when the caller said so at the start', async () => {
    const strange = stage.bed.folder('strange', false);
    const asked = await stage.call('session_start', { name: 't1', working_dir: strange });
    expect(asked).toMatchObject({ state: 'waiting', dialog: { kind: 'trust' } });
    await expect(stage.client.refusal('session_send', { name: 't1', prompt: 'x' })).resolves.toMatch(
      /^DIALOG_OPEN:/,
    );
    // There is nothing to interrupt, and Esc would end the program.
    expect(await stage.call('session_interrupt', { name: 't1' })).toMatchObject({
      interrupted: false,
      was: 'waiting',
      state: 'waiting',
    });
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
    expect(await stage.call('session_send', { name: 'd', prompt: 'before' })).toMatchObject({
      response: 'ok',
    });
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
