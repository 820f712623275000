/** REPLs that a person started, and REPLs whose hooks are switched off. */
import { join } from 'node:path';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describeClaude } from '../claude/harness.js';
import { PROMPTS } from './awkward.js';
import { Stage } from './stage.js';
import type { Json } from '../support/client.js';

describeClaude('a Claude Code that a person started', () => {
  let stage: Stage;
  const name = 'hers';
  const send = (prompt: string, more: Json = {}): Promise<Json> =>
    stage.call('session_send', { name, prompt, timeout: 60, ...more });
  /** She types `claude` at her prompt. */
  const started = async (): Promise<void> => {
    await stage.bed.tmux('send-keys', '-t', `=${name}:`, stage.bed.binary, 'Enter');
    await stage.bed.until(
      async () => {
        const { state, profile } = await stage.call('session_status', { name });
        return state === 'idle' && profile === 'claude';
      },
      { every: 200, timeout: 30_000 },
    );
  };
  beforeAll(async () => {
    stage = await Stage.open();
    const size = ['-x', '100', '-y', '30'];
    await stage.bed.tmux('new-session', '-d', '-s', name, ...size, '-c', join(stage.bed.dir, 'work'), 'bash');
    await started();
  }, 60_000);
  afterAll(() => stage?.close());

  test('is recognised, and served by its status file, its transcript and its screen', async () => {
    const status = await stage.call('session_status', { name, explain: true });
    expect(status).toMatchObject({
      profile: 'claude',
      managed: false,
      degraded: [expect.stringContaining('not started here')],
    });
    stage.bed.api.when('by adoption', '\n**adopted**\n\nanswer  \n');
    expect(await send('by adoption')).toMatchObject({
      response: '\n**adopted**\n\nanswer  \n',
      outcome: 'completed',
      source: 'transcript',
      delivery: 'typed',
    });
  }, 60_000);

  test('gets prompts as the words of the user, exact but for what cannot be typed, which is told', async () => {
    for (const prompt of PROMPTS.filter((text) => text.length < 20_000)) {
      const before = stage.bed.api.prompts.length;
      const result = await send(prompt);
      expect(result).toMatchObject({ outcome: 'completed', response: 'ok', delivery: 'typed' });
      const typed = prompt.replaceAll('\t', '    ').replaceAll('\r', '').normalize('NFC');
      expect(stage.bed.api.prompts.slice(before)).toEqual([typed]);
      expect(result['notes'] === undefined).toBe(typed === prompt);
      const content = JSON.stringify(stage.bed.api.requests.at(-1)?.messages.at(-1)?.content);
      expect(content).not.toContain('<pasted_content');
    }
  }, 180_000);

  test('keeps the draft of the person', async () => {
    await stage.bed.tmux('send-keys', '-t', `=${name}:`, '-l', 'half a thought');
    await stage.bed.until(async () => (await stage.screen(name)).includes('half a thought'), { every: 20 });
    await expect(stage.client.refusal('session_send', { name, prompt: 'mine' })).resolves.toMatch(
      /^DRAFT_PRESENT:.*half a thought/,
    );
    expect(await stage.screen(name)).toContain('half a thought');
    await stage.bed.tmux('send-keys', '-t', `=${name}:`, 'C-u');
    await stage.bed.until(async () => !(await stage.screen(name)).includes('half a thought'), { every: 20 });
    expect(await send('mine')).toMatchObject({ response: 'ok' });
  }, 60_000);

  test('goes on when the person makes the pane small, or large, again and again', async () => {
    let on = true;
    const storm = (async () => {
      for (let i = 0; on; i++)
        await stage.bed.tmux(
          'resize-window',
          '-t',
          `=${name}:`,
          '-x',
          `${60 + (i % 60)}`,
          '-y',
          `${15 + (i % 25)}`,
        );
    })();
    for (let i = 0; i < 6; i++) {
      expect(await send(`in the storm ${i}`)).toMatchObject({ response: 'ok', outcome: 'completed' });
      expect(stage.bed.api.prompts.at(-1)).toBe(`in the storm ${i}`);
    }
    on = false;
    await storm;
  }, 60_000);

  test('no prompt falls into the shell behind it when the program has just been killed', async () => {
    const probe = join(stage.bed.dir, 'work', 'in-the-shell');
    const prompt = `touch ${probe}\n`.repeat(40);
    // Its last screen, composer and all, still stands there when bash is back.
    const pid = pidOf(stage, name);
    process.kill(pid, 'SIGKILL');
    await stage.bed.until(() => hasEnded(pid), { every: 1 });
    const sent = await stage.client.raw('session_send', { name, prompt, timeout: 10 });
    expect(sent.isError).toBe(true);
    expect(JSON.stringify(sent.content)).toMatch(/AGENT_NOT_READY:.*ended/);
    await stage.bed.until(
      async () => {
        const { state, claude_alive } = await stage.call('session_status', { name });
        return state === 'exited' && claude_alive === false;
      },
      { every: 20 },
    );
    await expect(stage.client.refusal('session_send', { name, prompt: 'ls' })).resolves.toMatch(
      /^AGENT_NOT_READY:.*ended/,
    );
    // What had fallen into the shell would have been run before this.
    const after = join(stage.bed.dir, 'work', 'after');
    await stage.bed.tmux('send-keys', '-t', `=${name}:`, 'C-c', 'C-u');
    await stage.bed.tmux('send-keys', '-t', `=${name}:`, `tput rmcup; reset; touch ${after}`, 'Enter');
    await stage.bed.until(() => existsSync(after), { every: 20 });
    expect(existsSync(probe)).toBe(false);
    await started();
  }, 60_000);

  test('is not destroyed without force', async () => {
    await expect(stage.client.refusal('session_destroy', { name })).resolves.toMatch(/^NOT_OWNED:/);
    expect((await stage.call('session_status', { name }))['claude_alive']).toBe(true);
    expect(await stage.call('session_destroy', { name, force: true })).toMatchObject({ destroyed: true });
  }, 60_000);

  test.each([
    ['disableAllHooks', true],
    // Counts in the settings of a managed policy alone.
    ['allowManagedHooksOnly', false],
  ] as const)(
    'with %s in the settings a session is served, and says what is missing',
    async (key, quiet) => {
      const user = join(stage.bed.config, 'settings.json');
      writeFileSync(user, JSON.stringify({ [key]: true }));
      const session = `quiet-${key}`;
      await stage.start(session);
      stage.bed.api.when('quietly', '  *so*\n');
      const started = performance.now();
      for (const prompt of ['quietly', 'quietly\n\nsaid é'])
        expect(await stage.call('session_send', { name: session, prompt })).toMatchObject({
          outcome: 'completed',
          source: quiet ? 'transcript' : 'hook',
          response: prompt === 'quietly' ? '  *so*\n' : 'ok',
        });
      expect(performance.now() - started).toBeLessThan(10_000);
      const { degraded } = await stage.call('session_status', { name: session });
      if (quiet) expect(degraded).toEqual([expect.stringContaining('hooks do not report')]);
      else expect(degraded).toBeUndefined();
      writeFileSync(user, '{}');
    },
    60_000,
  );
});

/** Gone, or waiting for its parent to take note. */
function hasEnded(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

/** The program of a session, by its own status file. */
function pidOf(stage: Stage, session: string): number {
  const folder = join(stage.bed.config, 'sessions');
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const all = files.map((text) => JSON.parse(text) as { pid?: number; tmux?: string });
  const found = all.find(({ tmux }) => tmux?.startsWith(`${session}:`));
  if (found?.pid === undefined) throw new Error(`no status file of ${session}`);
  return found.pid;
}
