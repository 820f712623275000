/** Starting, steering, following, restarting, adopting, ending. */
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { describeClaude } from '../claude/harness.js';
import { Stage } from './stage.js';

describeClaude('the life of a session on the real Claude Code', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.start('s');
  }, 60_000);
  afterAll(() => stage?.close());

  test('a prompt sent while it is busy is queued or merged, and its own answer comes back', async () => {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    stage.bed.api.when('first', [gate, 'first answer']).when('second', 'second answer');
    const first = stage.call('session_send', { name: 's', prompt: 'first' });
    await stage.bed.api.request('first');
    await expect(
      stage.client.refusal('session_send', { name: 's', prompt: 'no', on_busy: 'refuse' }),
    ).resolves.toMatch(/^AGENT_NOT_READY:/);
    const second = stage.call('session_send', { name: 's', prompt: 'second' });
    const pane = String((await stage.call('session_status', { name: 's' }))['pane_id']);
    await stage.bed.until(async () => /Queued/.test(await stage.bed.tmux('capture-pane', '-p', '-t', pane)), {
      every: 50,
    });
    release();
    expect(await first).toMatchObject({ response: 'first answer', outcome: 'completed' });
    const result = await second;
    expect(result).toMatchObject({ response: 'second answer', outcome: 'completed' });
    expect(['queued', 'merged']).toContain(result['steering']);
  }, 60_000);

  test('on_busy interrupt stops the running turn first', async () => {
    stage.bed.api.when('endless', ['Part', new Promise(() => {})]);
    const endless = stage.call('session_send', { name: 's', prompt: 'endless', timeout: 60 });
    await stage.bed.api.request('endless');
    const next = await stage.call('session_send', { name: 's', prompt: 'instead', on_busy: 'interrupt' });
    expect(next).toMatchObject({ response: 'ok', outcome: 'completed' });
    expect(await endless).toMatchObject({ outcome: 'interrupted' });
  }, 60_000);

  test('the conversation id is followed through /clear', async () => {
    const before = (await stage.call('session_status', { name: 's' }))['claude_session_id'];
    expect(await stage.call('session_send', { name: 's', prompt: '/clear' })).toMatchObject({
      outcome: 'completed',
    });
    const result = await stage.call('session_send', { name: 's', prompt: 'after clear' });
    expect(result).toMatchObject({ response: 'ok' });
    expect(result['claude_session_id']).not.toBe(before);
    expect((await stage.call('session_status', { name: 's' }))['claude_session_id']).toBe(
      result['claude_session_id'],
    );
  }, 60_000);

  test('after its session was killed, a send starts it again with its history', async () => {
    const before = await stage.call('session_send', { name: 's', prompt: 'remember 42' });
    await stage.bed.tmux('kill-session', '-t', '=s');
    expect(await stage.call('session_status', { name: 's' })).toMatchObject({
      state: 'missing',
      tmux_alive: false,
    });
    const after = await stage.call('session_send', { name: 's', prompt: 'what was it?' });
    expect(after).toMatchObject({
      response: 'ok',
      outcome: 'completed',
      claude_session_id: before['claude_session_id'],
    });
    expect(JSON.stringify(stage.bed.api.requests.at(-1))).toContain('remember 42');
  }, 60_000);

  test('a directory that is gone and a conversation that is missing are errors that say which', async () => {
    const folder = stage.bed.folder('gone');
    await stage.call('session_start', { name: 'g', working_dir: folder, trust: 'accept' });
    await stage.call('session_send', { name: 'g', prompt: 'hi' });
    await stage.bed.tmux('kill-session', '-t', '=g');
    rmSync(folder, { recursive: true });
    await expect(stage.client.refusal('session_send', { name: 'g', prompt: 'x' })).resolves.toMatch(
      /^DIRECTORY_NOT_FOUND:.*gone/,
    );
    await expect(
      stage.client.refusal('session_start', {
        name: 'h',
        working_dir: join(stage.bed.dir, 'work'),
        claude_session_id: '11111111-2222-4333-8444-555555555555',
      }),
    ).resolves.toMatch(/^CONVERSATION_NOT_FOUND:.*11111111/);
  }, 60_000);

  test('a session that a person started is adopted, served, and not destroyed without force', async () => {
    await stage.bed.tmux(
      'new-session',
      '-d',
      '-s',
      'hers',
      '-x',
      '100',
      '-y',
      '30',
      '-c',
      join(stage.bed.dir, 'work'),
      'sh',
    );
    await stage.bed.tmux('send-keys', '-t', '=hers:', stage.bed.binary, 'Enter');
    await stage.bed.until(
      async () => {
        const { state, profile } = await stage.call('session_status', { name: 'hers' });
        return state === 'idle' && profile === 'claude';
      },
      { every: 200, timeout: 30_000 },
    );
    expect(await stage.call('session_status', { name: 'hers' })).toMatchObject({
      profile: 'claude',
      managed: false,
    });
    stage.bed.api.when('by adoption', '**adopted**\n\nanswer');
    const result = await stage.call('session_send', { name: 'hers', prompt: 'by adoption' });
    expect(result).toMatchObject({
      response: '**adopted**\n\nanswer',
      outcome: 'completed',
      source: 'transcript',
      delivery: 'typed',
    });
    await expect(stage.client.refusal('session_destroy', { name: 'hers' })).resolves.toMatch(/^NOT_OWNED:/);
    expect(await stage.call('session_destroy', { name: 'hers', force: true })).toMatchObject({
      destroyed: true,
    });
  }, 90_000);

  test('ten sessions in parallel do not mix their answers', async () => {
    const attempt = Date.now().toString(36);
    const names = Array.from({ length: 10 }, (_, i) => `p${i}-${attempt}`);
    await Promise.all(names.map((name) => stage.start(name)));
    stage.bed.api.when(/^who are you, p\d+-\w+$/, (request) => `I am ${request.prompt.slice(13)}`);
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all(
        names.map((name) => stage.call('session_send', { name, prompt: `who are you, ${name}` })),
      );
      expect(
        results.map(({ response, outcome, timed_out, source }) => ({ response, outcome, timed_out, source })),
      ).toMatchObject(names.map((name) => ({ response: `I am ${name}`, outcome: 'completed' })));
    }
    const list = (await stage.call('session_list')) as unknown as {
      sessions: { name: string; managed: boolean }[];
    };
    expect(list.sessions.filter(({ managed }) => managed).map(({ name }) => name)).toEqual(
      expect.arrayContaining(names),
    );
    await Promise.all(names.map((name) => stage.call('session_destroy', { name })));
  }, 180_000);

  test('the end of the program is told, and health says what to do', async () => {
    const pane = String((await stage.call('session_status', { name: 's' }))['pane_id']);
    await stage.bed.tmux('send-keys', '-t', pane, 'C-d');
    await stage.bed.until(
      async () => /again to exit/.test(await stage.bed.tmux('capture-pane', '-p', '-t', pane)),
      { every: 50 },
    );
    await stage.bed.tmux('send-keys', '-t', pane, 'C-d');
    await stage.bed.until(
      async () => (await stage.call('session_status', { name: 's' }))['state'] === 'exited',
      { every: 100 },
    );
    const health = (await stage.call('health')) as unknown as {
      problems: { problem: string; advice: string }[];
    };
    expect(health).toMatchObject({ tmux_available: true, claude_available: true });
    expect(health.problems).toContainEqual(
      expect.objectContaining({ problem: expect.stringContaining('session s') as string }),
    );
    expect(await stage.call('session_send', { name: 's', prompt: 'back again' })).toMatchObject({
      response: 'ok',
    });
  }, 60_000);
});
