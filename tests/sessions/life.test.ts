/** Many at once, a long conversation, names, ending. */
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import { Stage } from './stage.js';

describeClaude('the life of a session on the real Claude Code', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    await stage.start('s');
  }, 60_000);
  afterAll(() => stage?.close());

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

  test('a conversation of twenty megabytes is read once, and no turn is slower for it', async () => {
    const first = await stage.call('session_send', { name: 's', prompt: 'before' });
    const { transcript } = JSON.parse(
      readFileSync(join(stage.bed.dir, 'state/panewright/sessions/s.json'), 'utf8'),
    ) as { transcript: string };
    const result = { type: 'tool_result', tool_use_id: 'x', content: 'y'.repeat(20_000) };
    const line = JSON.stringify({ type: 'user', message: { role: 'user', content: [result] } });
    appendFileSync(transcript, `${line}\n`.repeat(1_000));
    await stage.call('session_send', { name: 's', prompt: 'reads it' });
    const cpu = (): number => {
      const text = readFileSync(`/proc/${stage.client.pid}/stat`, 'latin1');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    };
    const before = cpu();
    for (let i = 0; i < 5; i++)
      expect(await stage.call('session_send', { name: 's', prompt: `after ${i}` })).toMatchObject({
        response: 'ok',
        claude_session_id: first['claude_session_id'],
      });
    // Parsing it takes some 150 ms of a core; a turn looks at it a dozen times.
    expect((cpu() - before) / 5).toBeLessThan(200);
  }, 60_000);

  test('a tmux that stands still while the program starts does not fail the start', async () => {
    const tmux = Number(await stage.bed.tmux('display-message', '-p', '#{pid}'));
    const starting = stage.start('slow');
    // The last thing that is done to it before it is waited for.
    const isMade = (): Promise<boolean> =>
      stage.bed.tmux('show-options', '-p', '-v', '-t', '=slow:', 'remain-on-exit').then(
        (value) => value.trim() === 'on',
        () => false,
      );
    await stage.bed.until(isMade, { every: 10 });
    process.kill(tmux, 'SIGSTOP');
    // Longer than a call is given that has nothing to wait for.
    await new Promise((wake) => setTimeout(wake, 4_000));
    process.kill(tmux, 'SIGCONT');
    expect(await starting).toMatchObject({ name: 'slow', state: 'idle' });
    await stage.call('session_destroy', { name: 'slow' });
  }, 60_000);

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
