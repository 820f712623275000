/** A user's own hooks, which may refuse a prompt. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import type { Json } from '../support/client.js';
import { Stage } from './stage.js';

/** A hook command that does something when the prompt has a word in it. */
const hook = (word: string, action: string): object => ({
  type: 'command',
  command: `if grep -q '${word}'; then ${action}; fi`,
});

describeClaude('prompts that a hook of the user refuses', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    const block = hook('nothing', 'echo "not with me" >&2; exit 2');
    const stop = hook('anything', `echo '{"continue":false,"stopReason":"no more"}'`);
    const hooks = { UserPromptSubmit: [{ hooks: [block, stop] }] };
    writeFileSync(join(stage.bed.config, 'settings.json'), JSON.stringify({ hooks }));
    await stage.start('s');
  }, 60_000);
  afterAll(() => stage?.close());
  const send = (prompt: string): Promise<Json> =>
    stage.call('session_send', { name: 's', prompt, timeout: 60 });

  test.each([
    ['blocked, and given back', 'nothing', 'not with me'],
    ['stopped', 'anything', 'no more'],
  ])(
    '%s: the turn has failed with the words of the hook, and the next one goes on',
    async (_, word, reason) => {
      for (const prompt of [`say ${word}`, `say ${word}`, `${word}\n\nOriginal prompt: in two lines`]) {
        expect(await send(prompt)).toMatchObject({
          outcome: 'failed',
          failure: 'other',
          response: `A hook refused the prompt: ${reason}`,
          state: 'idle',
        });
        expect(await send('go on')).toMatchObject({ outcome: 'completed', response: 'ok' });
      }
    },
    60_000,
  );

  test('what a person makes of a prompt that was given back is not touched', async () => {
    expect(await send('nothing at all')).toMatchObject({ outcome: 'failed' });
    await stage.bed.tmux('send-keys', '-t', '=s:', '-l', ' but more');
    await stage.bed.until(async () => (await stage.screen('s')).includes('nothing at all but more'), {
      every: 20,
    });
    await expect(stage.client.refusal('session_send', { name: 's', prompt: 'next' })).resolves.toMatch(
      /^DRAFT_PRESENT: .*but more/,
    );
    expect(await stage.screen('s')).toContain('nothing at all but more');
  });
});
