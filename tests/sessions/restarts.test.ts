/** What ends in the middle: servers, tmux, the program, the directory. */
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import { Stage } from './stage.js';

describeClaude('restarts around the real Claude Code', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.start('r');
  }, 60_000);
  afterAll(() => stage?.close());
  const send = (prompt: string, name = 'r'): ReturnType<Stage['call']> =>
    stage.call('session_send', { name, prompt, timeout: 60 });

  test('a server that is killed in the middle of a turn loses nothing, whenever the answer comes', async () => {
    for (const early of [true, false]) {
      let release!: () => void;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const prompt = `survive ${early ? 'early' : 'late'}`;
      stage.bed.api.when(prompt, [gate, `answer to ${prompt}`]);
      const doomed = await stage.another();
      const lost = doomed.call('session_send', { name: 'r', prompt }).catch(() => 'lost');
      await stage.bed.api.request(prompt);
      process.kill(doomed.pid, 'SIGKILL');
      expect(await lost).toBe('lost');
      await doomed.closed;
      const events = join(stage.spool('r'), 'events');
      if (early) {
        // The answer comes while no server runs that knows of it.
        release();
        stage.bed.watch(events);
        await stage.bed.until(async () => (await stage.screen('r')).includes(`answer to ${prompt}`), {
          every: 20,
        });
      }
      const other = await stage.another();
      const waiting = other.call('session_wait', { name: 'r', timeout: 30 });
      release();
      expect(await waiting).toMatchObject({ response: `answer to ${prompt}`, outcome: 'completed' });
      await other.close();
    }
    expect(await send('and on')).toMatchObject({ response: 'ok' });
  }, 60_000);

  test('ten servers at once on one state directory and one session lose and mix nothing', async () => {
    stage.bed.api.when(/^server \d+$/, ({ prompt }) => `for ${prompt}`);
    const servers = await Promise.all(Array.from({ length: 10 }, () => stage.another()));
    const results = await Promise.all(
      servers.map(async (server, i) => {
        const prompt = `server ${i}`;
        // Only one at a time may type; who has to wait too long is told, and nothing was typed.
        for (;;) {
          const sent = await server.raw('session_send', { name: 'r', prompt, timeout: 60 });
          if (sent.isError !== true) return sent.structuredContent as Record<string, unknown>;
          expect(JSON.stringify(sent.content)).toMatch(/PANE_IN_USE/);
        }
      }),
    );
    // Prompts that waited together became one message, which has one answer.
    const answers = results.map((_, i) => {
      const own = new RegExp(`\\bserver ${i}$`, 'm');
      const request = stage.bed.api.requests.find(({ texts }) => texts.some((text) => own.test(text)));
      return `server ${i}: completed, for ${request?.prompt}`;
    });
    const told = results.map(({ outcome, response, ...more }, i) => {
      const line = `server ${i}: ${String(outcome)}, ${String(response)}`;
      return line === answers[i] ? line : `${line} ${JSON.stringify(more)}`;
    });
    expect(told).toEqual(answers);
    expect(new Set(results.map((result) => result['turn_id'])).size).toBe(10);
    await Promise.all(servers.map((server) => server.close()));
    const file = join(stage.bed.dir, 'state/panewright/sessions/r.json');
    expect(() => JSON.parse(readFileSync(file, 'utf8')) as unknown).not.toThrow();
  }, 120_000);

  test('after a reboot in the middle of a turn the turn has failed, and a send goes on with the history', async () => {
    const before = await send('remember 42');
    stage.bed.api.when('cut short', ['half of it\n\n', new Promise(() => {})]);
    const sent = await stage.call('session_send', { name: 'r', prompt: 'cut short', timeout: 2 });
    expect(sent).toMatchObject({ outcome: 'running' });
    await stage.bed.reboot();
    expect(await stage.call('session_status', { name: 'r' })).toMatchObject({
      state: 'missing',
      tmux_alive: false,
      turn: { outcome: 'failed', failure: 'other' },
    });
    expect(await stage.call('session_wait', { name: 'r', turn_id: sent['turn_id'] })).toMatchObject({
      outcome: 'failed',
      state: 'missing',
    });
    // Several at once: one of them starts it.
    const both = await Promise.all([send('what was it?'), send('and what else?')]);
    for (const after of both)
      expect(after).toMatchObject({
        response: 'ok',
        outcome: 'completed',
        claude_session_id: before['claude_session_id'],
      });
    expect(JSON.stringify(stage.bed.api.requests.at(-1))).toContain('remember 42');
    expect(await stage.call('session_wait', { name: 'r', turn_id: sent['turn_id'] })).toMatchObject({
      outcome: 'failed',
    });
    expect(await stage.call('session_destroy', { name: 'r' })).toMatchObject({ destroyed: true });
    await stage.start('r');
  }, 90_000);

  test('an answer that came before the reboot, while nobody waited, is still to be had', async () => {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    stage.bed.api.when('just in time', [gate, 'the answer']);
    const sent = await stage.call('session_send', { name: 'r', prompt: 'just in time', timeout: 1 });
    expect(sent).toMatchObject({ outcome: 'running' });
    release();
    await stage.bed.until(async () => (await stage.screen('r')).includes('done '), { every: 20 });
    await stage.bed.reboot();
    expect(await stage.call('session_wait', { name: 'r' })).toMatchObject({
      outcome: 'completed',
      response: 'the answer',
      state: 'missing',
    });
  }, 60_000);

  test('a directory behind a link, or with a very long name, is where the conversation is found again', async () => {
    const real = stage.bed.folder('real');
    symlinkSync(real, join(stage.bed.dir, 'link'));
    const long = stage.bed.folder(`${'x'.repeat(60)}/`.repeat(5) + 'end é');
    for (const [i, working_dir] of [join(stage.bed.dir, 'link'), long].entries()) {
      const name = `d${i}`;
      // A program that is ending may write its settings over those that trust the folder.
      await stage.start(name, { working_dir, trust: 'accept' });
      const before = await send('first', name);
      await stage.bed.tmux('kill-session', '-t', `=${name}`);
      expect(await send('second', name)).toMatchObject({
        response: 'ok',
        claude_session_id: before['claude_session_id'],
      });
      expect(JSON.stringify(stage.bed.api.requests.at(-1)?.messages)).toContain('first');
      await stage.call('session_destroy', { name });
    }
  }, 90_000);

  test('a directory that is gone and a conversation that is missing are errors that say which, and leave no trace', async () => {
    const folder = stage.bed.folder('gone');
    await stage.start('g', { working_dir: folder, trust: 'accept' });
    await send('hi', 'g');
    await stage.bed.tmux('kill-session', '-t', '=g');
    rmSync(folder, { recursive: true });
    await expect(stage.client.refusal('session_send', { name: 'g', prompt: 'x' })).resolves.toMatch(
      /^DIRECTORY_NOT_FOUND:.*gone/,
    );
    const start = { working_dir: join(stage.bed.dir, 'work') };
    const claude_session_id = '11111111-2222-4333-8444-555555555555';
    await expect(
      stage.client.refusal('session_start', { ...start, name: 'h', claude_session_id }),
    ).resolves.toMatch(/^CONVERSATION_NOT_FOUND:.*11111111/);
    await expect(stage.client.refusal('session_status', { name: 'h' })).resolves.toMatch(/^AGENT_NOT_FOUND/);
    await stage.start('i');
    await send('hello', 'i');
    await stage.bed.tmux('kill-session', '-t', '=i');
    expect(await stage.call('session_set_claude_id', { name: 'i', claude_session_id })).toEqual({
      name: 'i',
      claude_session_id,
    });
    await expect(stage.client.refusal('session_send', { name: 'i', prompt: 'x' })).resolves.toMatch(
      /^CONVERSATION_NOT_FOUND:.*11111111/,
    );
  }, 60_000);

  test('a prompt that a killed server left in the composer is ours: the next one takes its place', async () => {
    await stage.start('k');
    await send('hello', 'k');
    const pane = String((await stage.call('session_status', { name: 'k' }))['pane_id']);
    const file = join(stage.bed.dir, 'state/panewright/sessions/k.json');
    // As it is left behind: on record, inserted, Enter not pressed.
    const record = JSON.parse(readFileSync(file, 'utf8')) as { turns: object[]; next_turn: number };
    record.turns.push({
      turn_id: `t${record.next_turn++}`,
      prompt: 'left behind',
      started: new Date().toISOString(),
      outcome: 'running',
    });
    writeFileSync(file, JSON.stringify(record));
    await stage.bed.tmux('send-keys', '-t', pane, '-l', 'left behind');
    await stage.bed.until(async () => (await stage.screen('k')).includes('left behind'), { every: 20 });
    expect(await send('the next one', 'k')).toMatchObject({ response: 'ok', outcome: 'completed' });
    expect(stage.bed.api.prompts.at(-1)).toBe('the next one');
    expect(stage.bed.api.prompts).not.toContain('left behind');
  }, 60_000);
});
