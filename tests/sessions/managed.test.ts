import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeClaude } from '../claude/harness.js';
import { Stage } from './stage.js';

describeClaude('the real Claude Code under the managed policy allowManagedHooksOnly', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ allowManagedHooksOnly: true });
    await stage.start('ruled', { args: ['--permission-mode', 'default'] });
    stage.bed.api.when((request) => request.followUp, 'done');
  }, 60_000);
  afterAll(() => stage.close());

  test('a session whose hooks are silenced is served by status file and transcript, and says so', async () => {
    stage.bed.api.when('quietly', '  *so*\n');
    const started = performance.now();
    for (const prompt of ['quietly', 'quietly\n\nsaid é'])
      expect(await stage.call('session_send', { name: 'ruled', prompt })).toMatchObject({
        outcome: 'completed',
        source: 'transcript',
        response: prompt === 'quietly' ? '  *so*\n' : 'ok',
      });
    expect(performance.now() - started).toBeLessThan(10_000);
    expect((await stage.call('session_status', { name: 'ruled' }))['degraded']).toEqual([
      expect.stringMatching(/hooks do not report.*allowManagedHooksOnly/),
    ]);
  }, 60_000);

  test('a permission dialog is shown and answered all the same', async () => {
    stage.bed.api.when('ask', [{ tool: 'Bash', input: { command: 'touch allowed' } }] as never);
    const sent = await stage.call('session_send', { name: 'ruled', prompt: 'ask' });
    expect(sent).toMatchObject({ state: 'waiting', dialog: { kind: 'permission' } });
    const { dialog_id } = sent['dialog'] as { dialog_id: string };
    await stage.call('session_answer', { name: 'ruled', dialog_id, choice: 'allow' });
    expect(await stage.call('session_wait', { name: 'ruled' })).toMatchObject({
      outcome: 'completed',
      response: 'done',
    });
  }, 60_000);

  test('an interrupt stops a turn', async () => {
    stage.bed.api.when('long', [new Promise<void>(() => undefined), 'never'] as never);
    const sent = stage.call('session_send', { name: 'ruled', prompt: 'long' });
    await stage.bed.until(
      async () => (await stage.call('session_status', { name: 'ruled' }))['state'] === 'busy',
      { every: 20 },
    );
    expect(await stage.call('session_interrupt', { name: 'ruled' })).toMatchObject({ interrupted: true });
    expect(await sent).toMatchObject({ outcome: 'interrupted' });
  }, 60_000);
});
