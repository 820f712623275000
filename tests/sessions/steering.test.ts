/** Sending while it works, and stopping it. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import { Stage } from './stage.js';
import type { Json } from '../support/client.js';

/** A promise and what resolves it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describeClaude('steering the real Claude Code', () => {
  let stage: Stage;
  const never = new Promise(() => {});
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.start('s', { args: ['--permission-mode', 'default', '--allowed-tools', 'Bash(cat:*)'] });
  }, 60_000);
  afterAll(() => stage?.close());
  const send = (prompt: string, more: Json = {}): Promise<Json> =>
    stage.call('session_send', { name: 's', prompt, timeout: 60, ...more });
  const shows = (what: RegExp): Promise<boolean> =>
    stage.bed.until(async () => what.test(await stage.screen('s')), { every: 50 });

  test('a prompt sent while it is busy waits for its turn, and its own answer comes back', async () => {
    const { opened, open } = gate();
    stage.bed.api.when('first', [opened, 'first answer']).when('second', 'second answer');
    const first = send('first');
    await stage.bed.api.request('first');
    await expect(
      stage.client.refusal('session_send', { name: 's', prompt: 'no', on_busy: 'refuse' }),
    ).resolves.toMatch(/^AGENT_NOT_READY:.*busy/);
    const second = send('second');
    await shows(/Queued/);
    open();
    expect(await first).toMatchObject({ response: 'first answer', outcome: 'completed' });
    expect(await second).toMatchObject({
      response: 'second answer',
      outcome: 'completed',
      steering: 'queued',
    });
    expect(stage.bed.api.prompts).not.toContain('no');
  }, 60_000);

  test('a prompt that is merged into the running turn has that turn’s answer', async () => {
    const fifo = join(stage.bed.dir, 'work', 'go');
    execFileSync('mkfifo', [fifo]);
    stage.bed.api.when('long tool', [{ tool: 'Bash', input: { command: 'cat go' } }] as never);
    stage.bed.api.when((request) => request.followUp, 'answer to both');
    const running = send('long tool');
    await shows(/cat go/);
    const steer = send('steer it');
    await shows(/Queued/);
    await writeFile(fifo, 'x');
    expect(await running).toMatchObject({ response: 'answer to both', outcome: 'completed' });
    expect(await steer).toMatchObject({ response: 'answer to both', steering: 'merged' });
  }, 60_000);

  test('the same words sent three times over are three prompts, none with the answer of another', async () => {
    const { opened, open } = gate();
    let asked = 0;
    stage.bed.api.when('continue', () => (asked++ === 0 ? [opened, 'of the first'] : 'of the others'));
    const first = send('continue');
    await stage.bed.api.request('continue');
    const others = [send('continue'), send('continue')];
    await stage.bed.until(
      async () => {
        const { turns } = (await stage.call('session_history', { name: 's', limit: 3 })) as { turns: Json[] };
        return turns.every((turn) => turn['prompt'] === 'continue' && turn['delivery'] !== undefined);
      },
      { every: 50 },
    );
    open();
    expect(await first).toMatchObject({ turn_id: expect.any(String) as string, response: 'of the first' });
    expect(await Promise.all(others)).toMatchObject([
      { response: 'of the others' },
      { response: 'of the others' },
    ]);
    expect(await send('continue')).toMatchObject({ response: 'of the others' });
  }, 60_000);

  test('on_busy interrupt stops the running turn first', async () => {
    stage.bed.api.when('endless', ['Part\n\n', never]);
    const endless = send('endless');
    await shows(/Part/);
    expect(await send('instead', { on_busy: 'interrupt' })).toMatchObject({
      response: 'ok',
      outcome: 'completed',
    });
    expect(await endless).toMatchObject({ outcome: 'interrupted', response: 'Part\n\n' });
  }, 60_000);

  test('an interrupt keeps what there is of the answer, and is harmless at idle ten times over', async () => {
    stage.bed.api.when('never ends', ['Partial\n\n', never]);
    const sent = send('never ends');
    await shows(/Partial/);
    expect(await stage.call('session_interrupt', { name: 's' })).toMatchObject({
      interrupted: true,
      was: 'busy',
      state: 'idle',
      method: 'Escape',
    });
    expect(await sent).toMatchObject({ outcome: 'interrupted', response: 'Partial\n\n' });
    for (let i = 0; i < 10; i++)
      expect(await stage.call('session_interrupt', { name: 's' })).toEqual({
        name: 's',
        interrupted: false,
        was: 'idle',
        method: 'none',
        state: 'idle',
      });
    expect(await send('still there?')).toMatchObject({ response: 'ok' });
    expect(stage.bed.api.prompts.at(-1)).toBe('still there?');
  }, 60_000);

  test('an interrupt before the first word takes the prompt back, and the next prompt goes through', async () => {
    for (const prompt of ['too early', `too early\n\nand of several lines ${'x'.repeat(1000)}`]) {
      stage.bed.api.when(prompt, [never]);
      const sent = send(prompt);
      await stage.bed.api.request(prompt);
      expect(await stage.call('session_interrupt', { name: 's' })).toMatchObject({
        interrupted: true,
        state: 'idle',
      });
      expect(await sent).toMatchObject({ outcome: 'interrupted', response: '' });
      expect(await send('and now?')).toMatchObject({ response: 'ok' });
      expect(stage.bed.api.prompts.at(-1)).toBe('and now?');
    }
  }, 60_000);

  test('an interrupt in the middle of a tool ends the tool', async () => {
    stage.bed.api.when('block', [
      { tool: 'Bash', input: { command: 'tail -f /dev/null; touch ended' } },
    ] as never);
    const sent = send('block', { timeout: 30 });
    const dialog = await sent;
    // Only `cat` is allowed beforehand.
    expect(dialog).toMatchObject({ state: 'waiting', dialog: { kind: 'permission' } });
    await stage.call('session_answer', { name: 's', choice: 'allow' });
    await stage.bed.until(
      async () => (await stage.call('session_status', { name: 's' }))['state'] === 'busy',
      {
        every: 50,
      },
    );
    const waiting = stage.call('session_wait', { name: 's' });
    expect(await stage.call('session_interrupt', { name: 's' })).toMatchObject({
      interrupted: true,
      was: 'busy',
      state: 'idle',
    });
    expect(await waiting).toMatchObject({ outcome: 'interrupted' });
    expect(existsSync(join(stage.bed.dir, 'work', 'ended'))).toBe(false);
  }, 60_000);

  test('an interrupt at a permission dialog refuses it', async () => {
    stage.bed.api.when('ask', [{ tool: 'Bash', input: { command: 'touch allowed' } }] as never);
    expect(await send('ask')).toMatchObject({ state: 'waiting' });
    expect(await stage.call('session_interrupt', { name: 's' })).toMatchObject({
      interrupted: true,
      was: 'waiting',
      state: 'idle',
    });
    expect(await stage.call('session_wait', { name: 's' })).toMatchObject({ outcome: 'interrupted' });
    expect(existsSync(join(stage.bed.dir, 'work', 'allowed'))).toBe(false);
  }, 60_000);

  test('the stop hook of a user that goes on with the turn makes the later answer the answer', async () => {
    const folder = stage.bed.folder('hooked');
    const once = join(stage.bed.dir, 'once');
    const command = `[ -e ${once} ] || { touch ${once}; echo '{"decision":"block","reason":"go on"}'; }`;
    execFileSync('mkdir', [join(folder, '.claude')]);
    await writeFile(
      join(folder, '.claude/settings.json'),
      JSON.stringify({ hooks: { Stop: [{ hooks: [{ type: 'command', command }] }] } }),
    );
    await stage.call('session_start', { name: 'h', working_dir: folder });
    stage.bed.api.when('do it', 'provisional');
    stage.bed.api.when((request) => JSON.stringify(request.messages.at(-1)).includes('go on'), 'final');
    expect(await stage.call('session_send', { name: 'h', prompt: 'do it' })).toMatchObject({
      outcome: 'completed',
      response: 'final',
    });
  }, 60_000);

  test('an agent in the background is told, and keeps no answer back', async () => {
    const { opened, open } = gate();
    const call = {
      description: 'x',
      prompt: 'dig deep',
      subagent_type: 'general-purpose',
      run_in_background: true,
    };
    stage.bed.api.reset();
    stage.bed.api.when((request) => request.followUp, 'it digs');
    stage.bed.api.when('dig deep', [opened, 'gold']);
    stage.bed.api.when('send one', [{ tool: 'Agent', input: call }] as never);
    expect(await send('send one')).toMatchObject({
      outcome: 'completed',
      response: 'it digs',
      state: 'idle',
    });
    expect(await stage.call('session_status', { name: 's', explain: true })).toMatchObject({
      state: 'idle',
      background: ['1 task in the background'],
      evidence: expect.arrayContaining([
        expect.objectContaining({ signal: 'hook', decided: true, why: expect.any(String) as string }),
      ]) as unknown,
    });
    expect(await send('meanwhile')).toMatchObject({ response: 'ok', outcome: 'completed' });
    open();
    await stage.bed.until(
      async () =>
        ((await stage.call('session_status', { name: 's' }))['background'] as string[]).length === 0,
      { every: 50 },
    );
    expect(await send('afterwards')).toMatchObject({ response: 'ok' });
  }, 60_000);
});
