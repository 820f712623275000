/** Prompts and answers, through the product, on the real Claude Code. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import { ANSWERS, PROMPTS } from './awkward.js';
import { Stage } from './stage.js';

describeClaude('a session on the real Claude Code', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    const info = await stage.start('one');
    expect(info).toMatchObject({
      name: 'one',
      profile: 'claude',
      state: 'idle',
      claude_alive: true,
      managed: true,
    });
  }, 60_000);
  afterAll(() => stage?.close());

  test('a hundred answers in a row come back exactly as they were written, and nothing piles up', async () => {
    const ask = async (i: number): Promise<void> => {
      const answer = ANSWERS[i % ANSWERS.length];
      const prompt = `question ${i}`;
      const result = await stage.call('session_send', { name: 'one', prompt });
      expect(result).toMatchObject({ outcome: 'completed', state: 'idle', timed_out: false, source: 'hook' });
      expect(result['response']).toBe(answer);
    };
    stage.bed.api.when(
      /^question \d+$/,
      ({ prompt }) => ANSWERS[Number(prompt.slice(9)) % ANSWERS.length] ?? '',
    );
    expect(new Set(ANSWERS).size).toBeGreaterThanOrEqual(20);
    for (let i = 0; i < 20; i++) await ask(i);
    const before = descriptors(stage.client.pid);
    for (let i = 20; i < 100; i++) await ask(i);
    expect(descriptors(stage.client.pid)).toBeLessThanOrEqual(before);
    // Reports of turns that are over are removed: the last turn's stay, and the start's.
    expect(readdirSync(join(stage.spool('one'), 'events')).length).toBeLessThan(10);
  }, 240_000);

  test('prompts arrive byte for byte and as the words of the user', async () => {
    for (const prompt of PROMPTS) {
      const before = stage.bed.api.prompts.length;
      const result = await stage.call('session_send', { name: 'one', prompt });
      expect(result).toMatchObject({ outcome: 'completed', response: 'ok' });
      expect(['typed', 'file']).toContain(result['delivery']);
      expect(result['notes']).toBeUndefined();
      const got = stage.bed.api.prompts.slice(before);
      expect(got.map((text) => text.slice(0, 200))).toEqual([prompt.slice(0, 200)]);
      expect(got[0] === prompt).toBe(true);
      const content = JSON.stringify(stage.bed.api.requests.at(-1)?.messages.at(-1)?.content);
      expect(content).not.toContain('<pasted_content');
    }
  }, 180_000);

  test('white space at the end is dropped, a lone carriage return changed, and the result says so; white space alone is an error', async () => {
    const sent = await stage.call('session_send', { name: 'one', prompt: 'ends in blanks  \n\n' });
    expect(sent).toMatchObject({
      response: 'ok',
      notes: [expect.stringContaining('white space at the end')],
    });
    expect(stage.bed.api.prompts.at(-1)).toBe('ends in blanks');
    const lone = await stage.call('session_send', { name: 'one', prompt: 'a\rb' });
    expect(lone).toMatchObject({ response: 'ok', notes: [expect.stringContaining('carriage return')] });
    const tag = await stage.call('session_send', { name: 'one', prompt: '</pasted_content> x' });
    expect(tag).toMatchObject({ response: 'ok', notes: [expect.stringContaining('pasted_content')] });
    for (const prompt of [' ', '\n\t \n', '\r\n'])
      await expect(stage.client.refusal('session_send', { name: 'one', prompt })).resolves.toMatch(
        /^PROMPT_NOT_ACCEPTED:.*empty/,
      );
    await expect(stage.client.refusal('session_send', { name: 'one', prompt: 'exit' })).resolves.toMatch(
      /^PROMPT_NOT_ACCEPTED:.*ends/,
    );
  });

  test('the same prompt sent twice gets each its own answer', async () => {
    const answers = ['first', 'second'];
    stage.bed.api.when('again', () => answers.shift() ?? 'none');
    const one = await stage.call('session_send', { name: 'one', prompt: 'again' });
    const two = await stage.call('session_send', { name: 'one', prompt: 'again' });
    expect([one['response'], two['response']]).toEqual(['first', 'second']);
  });

  test('a timeout loses nothing: session_wait gets the answer later, from another server too', async () => {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    stage.bed.api.when('slow', [gate, 'slow answer']);
    const sent = await stage.call('session_send', { name: 'one', prompt: 'slow', timeout: 1 });
    expect(sent).toMatchObject({ timed_out: true, outcome: 'running', state: 'busy', response: '' });
    const other = await stage.another();
    release();
    const got = await other.call('session_wait', { name: 'one', turn_id: sent['turn_id'], timeout: 30 });
    expect(got).toMatchObject({ response: 'slow answer', outcome: 'completed', timed_out: false });
    await other.close();
    const again = await stage.call('session_wait', { name: 'one' });
    expect(again).toMatchObject({ response: 'slow answer', turn_id: sent['turn_id'] });
  }, 60_000);

  test.each([
    [429, 'rate_limit'],
    [529, 'overloaded'],
    [401, 'auth'],
    [400, 'other'],
  ])(
    'an API error %i is a failed turn of class %s, not an empty answer',
    async (status, failure) => {
      stage.bed.api.when(`fail ${status}`, { status, message: `scripted ${status}` });
      const result = await stage.call('session_send', { name: 'one', prompt: `fail ${status}`, timeout: 60 });
      expect(result).toMatchObject({ outcome: 'failed', failure, state: 'idle' });
      expect(result['response']).toContain(String(status));
      expect(await stage.call('session_send', { name: 'one', prompt: 'and now?' })).toMatchObject({
        outcome: 'completed',
        response: 'ok',
      });
      expect(stage.bed.api.prompts.at(-1)).toBe('and now?');
    },
    90_000,
  );

  test('a stream that is cut is no answer: the program asks again, and what it gets then is', async () => {
    let tries = 0;
    stage.bed.api.when('cut', () => (tries++ === 0 ? ['half of', { cut: true }] : 'the whole answer'));
    expect(await stage.call('session_send', { name: 'one', prompt: 'cut' })).toMatchObject({
      outcome: 'completed',
      response: 'the whole answer',
    });
    expect(tries).toBe(2);
  }, 90_000);

  test('a cancelled call stops waiting, leaves the program alone, and its answer can be had', async () => {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    stage.bed.api.when('cancel me', [gate, 'answered all the same']);
    const cancel = new AbortController();
    const sent = stage.call('session_send', { name: 'one', prompt: 'cancel me' }, { signal: cancel.signal });
    await stage.bed.api.request('cancel me');
    cancel.abort();
    await expect(sent).rejects.toThrow();
    const waited = new AbortController();
    const waiting = stage.call('session_wait', { name: 'one' }, { signal: waited.signal });
    expect(await stage.call('session_status', { name: 'one' })).toMatchObject({ state: 'busy' });
    waited.abort();
    await expect(waiting).rejects.toThrow();
    expect(await stage.call('session_status', { name: 'one' })).toMatchObject({ state: 'busy' });
    release();
    expect(await stage.call('session_wait', { name: 'one' })).toMatchObject({
      response: 'answered all the same',
      outcome: 'completed',
    });
  }, 60_000);

  test('who waits is told every five seconds, in words', async () => {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    stage.bed.api.when('takes long', [gate, 'done']);
    const messages: string[] = [];
    const sent = stage.call(
      'session_send',
      { name: 'one', prompt: 'takes long' },
      {
        onProgress: (message) => {
          messages.push(message);
          if (messages.length === 2) release();
        },
      },
    );
    expect(await sent).toMatchObject({ response: 'done' });
    expect(messages[0]).toMatch(/^one is working; waiting for its answer for 5 s$/);
    expect(messages[1]).toMatch(/for 10 s$/);
  }, 60_000);

  test('what ended while nobody waited is told by status and history, not only by session_wait', async () => {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    stage.bed.api.when('unattended', [gate, 'ended by itself']);
    const sent = await stage.call('session_send', { name: 'one', prompt: 'unattended', timeout: 1 });
    expect(sent).toMatchObject({ outcome: 'running' });
    release();
    await stage.bed.until(
      async () => {
        const { turn } = (await stage.call('session_status', { name: 'one' })) as {
          turn: { outcome: string };
        };
        return turn.outcome === 'completed';
      },
      { every: 50 },
    );
    const { turns } = (await stage.call('session_history', { name: 'one', limit: 1 })) as { turns: object[] };
    expect(turns).toEqual([expect.objectContaining({ response: 'ended by itself', outcome: 'completed' })]);
  }, 60_000);

  test('history and status tell the turns, and explain says which signal decided', async () => {
    const { turns } = (await stage.call('session_history', { name: 'one', limit: 3 })) as { turns: object[] };
    expect(turns).toHaveLength(3);
    const status = await stage.call('session_status', { name: 'one', explain: true });
    expect(status).toMatchObject({ state: 'idle', claude_alive: true, tmux_alive: true, dialog: null });
    expect(status['evidence']).toContainEqual(expect.objectContaining({ signal: 'registry', decided: true }));
    expect(status['degraded']).toBeUndefined();
  });
});

/** Files that a process has open. */
function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
