/** Prompts and answers, through the product, on the real Claude Code. */
import { describeClaude } from '../claude/harness.js';
import { Stage } from './stage.js';

/** Answers that screens and parsers like to spoil. */
const AWKWARD = [
  '# Title\n\n- **bold** item\n- `code`\n\nend',
  '| a | b |\n|---|---|\n| 1 | 2 |\n| `x|y` | **z** |',
  '```sh\nls | wc -l\n```',
  '````md\n```js\nlet x = `${y}`;\n```\n````',
  'one\n\n\n\nfour blank lines above',
  '    four leading spaces\n  two\nnone',
  'x'.repeat(3000),
  `${'long words '.repeat(400)}end`,
  'emoji 🎉 👩‍👩‍👧 é ü 漢字 עברית',
  '❯ 1. Yes\n  2. No\n\nEsc to cancel',
  '✻ Cooked for 12s\n\n? for shortcuts',
  '> quoted\n>> twice\n\n1. one\n2. two\n   1. nested',
  '<b>html</b> &amp; <script>alert(1)</script>',
  '\\backslash \\n not a newline \\\\',
  '*',
  '$(echo no) `whoami` #{pane_id} %end 1 2 3',
  'a\tb\tc',
  '---\n\n***\n\n___',
  'line ends in spaces  \nnext',
  '[link](http://example.invalid/x?y=1&z=2) ![img](a.png)',
];

const PROMPTS = [
  'plain',
  'two\nlines',
  'three\n\n\nblank lines\n\n\n\nbetween',
  'ends in semicolon;',
  'ends in backslash\\',
  '-leading dash',
  '--help',
  '!leading bang',
  '#leading hash',
  '@leading at',
  '/usr/bin/env is a path, /not a command',
  'quotes \' " ` $HOME $(id) #{pane_id} %1 \\n',
  'emoji 🎉 漢字 é',
  '{"json": ["yes", 1]}',
  `long ${'0123456789 '.repeat(950)}end`,
  `many lines\n${Array.from({ length: 300 }, (_, i) => `line ${i}`).join('\n')}`,
];

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

  test('answers come back exactly as they were written', async () => {
    for (const [i, answer] of AWKWARD.entries()) {
      stage.bed.api.when(`question ${i}`, answer);
      const result = await stage.call('session_send', { name: 'one', prompt: `question ${i}` });
      expect(result).toMatchObject({ outcome: 'completed', state: 'idle', timed_out: false });
      expect(result['response']).toBe(answer);
    }
  }, 120_000);

  test('prompts arrive byte for byte and as the user wrote them', async () => {
    for (const prompt of PROMPTS) {
      const before = stage.bed.api.prompts.length;
      const result = await stage.call('session_send', { name: 'one', prompt });
      expect(result).toMatchObject({ outcome: 'completed', response: 'ok' });
      expect(stage.bed.api.prompts.slice(before)).toEqual([prompt]);
    }
  }, 120_000);

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
    },
    90_000,
  );

  test('an interrupt stops a turn, is harmless at idle, and keeps the partial answer', async () => {
    stage.bed.api.when('never ends', ['Partial', new Promise(() => {})]);
    const sent = await stage.call('session_send', { name: 'one', prompt: 'never ends', timeout: 2 });
    expect(sent).toMatchObject({ outcome: 'running', timed_out: true });
    const stopped = await stage.call('session_interrupt', { name: 'one' });
    expect(stopped).toMatchObject({ interrupted: true, was: 'busy', state: 'idle' });
    for (let i = 0; i < 5; i++)
      expect(await stage.call('session_interrupt', { name: 'one' })).toMatchObject({
        interrupted: false,
        was: 'idle',
      });
    expect(await stage.call('session_wait', { name: 'one' })).toMatchObject({ outcome: 'interrupted' });
    expect(await stage.call('session_send', { name: 'one', prompt: 'still there?' })).toMatchObject({
      response: 'ok',
    });
  }, 60_000);

  test('an interrupt before the first word takes the prompt back, and the next prompt goes through', async () => {
    stage.bed.api.when('too early', [new Promise(() => {})]);
    const sent = stage.call('session_send', { name: 'one', prompt: 'too early', timeout: 60 });
    await stage.bed.api.request('too early');
    expect(await stage.call('session_interrupt', { name: 'one' })).toMatchObject({
      interrupted: true,
      state: 'idle',
    });
    expect(await sent).toMatchObject({ outcome: 'interrupted', response: '' });
    expect(await stage.call('session_send', { name: 'one', prompt: 'and now?' })).toMatchObject({
      response: 'ok',
    });
    expect(stage.bed.api.prompts.at(-1)).toBe('and now?');
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
