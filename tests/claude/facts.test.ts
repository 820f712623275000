/** The profile's pure parts that need no program: plans for submitting, the sink of the hooks, status files. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEvent, sink } from '../../profiles/claude/events.js';
import { readStatus } from '../../profiles/claude/registry.js';
import { readScreen } from '../../profiles/claude/screen.js';
import { isDrawn, planSubmit, pieces, typing } from '../../profiles/claude/submit.js';
import { readRecord } from '../../profiles/claude/transcript.js';

describe('a plan for submitting', () => {
  test.each(['/compact', '/clear now', ' /help', '/', '/a:b x', 'exit', ' quit\n', ':wq'])(
    'refuses %j as a message, since the program would act on it',
    (prompt) => {
      expect(planSubmit(prompt, false)).toMatchObject({ way: 'refuse', why: expect.any(String) as string });
      expect(planSubmit(prompt, true).way).toBe('text');
    },
  );
  test.each(['/usr/bin/env', '/a, b', '//x', 'exit now', '!ls', '#x', '@x', '-x', 'x /compact'])(
    'takes %j as a message',
    (prompt) => {
      expect(planSubmit(prompt, false)).toEqual({
        way: 'text',
        text: prompt,
        keysBeforeEnter: [],
        notes: [],
      });
    },
  );
  test('says what the program will drop', () => {
    expect(planSubmit('a\n\n', false)).toMatchObject({ text: 'a', notes: [expect.stringContaining('end')] });
    expect(planSubmit('a\u200bb', false).notes).toHaveLength(1);
    expect(planSubmit('👩‍👩‍👧', false).notes).toHaveLength(0);
  });
  test('steps back from a backslash at the end, which would swallow Enter', () => {
    expect(planSubmit('a\\', false).keysBeforeEnter).toEqual(['C-a']);
  });
});

describe('pieces for typing', () => {
  test('are at most 700 bytes, split no character, and are the text', () => {
    const text = 'é👩‍👩‍👧\n'.repeat(500);
    expect(pieces(text).join('')).toBe(text);
    for (const piece of pieces(text)) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(700);
  });
  test('hide a leading exclamation mark behind a space that is taken away again where its place is known', () => {
    expect(typing('!a')).toEqual({ pieces: [' !a'], keys: ['C-a', 'DC'], notes: [] });
    expect(typing('!a\nb')).toMatchObject({ keys: [], notes: [expect.stringContaining('space')] });
    expect(typing('a').keys).toEqual([]);
  });
  test('say what cannot be typed', () => {
    expect(typing('a\tb\r\nc')).toMatchObject({
      pieces: ['a    b\nc'],
      notes: [/tab/, /carriage/].map((m) => expect.stringMatching(m) as string),
    });
  });
});

test('a draft is a prompt as drawn: wrapped, or with its middle left out, but with nothing besides', () => {
  expect(isDrawn('one two three', 'one two\nthree')).toBe(true);
  expect(isDrawn('one two three', 'two\nthree')).toBe(true);
  expect(isDrawn('one two three four', 'one t[...Truncated text #1 +0 lines...]ee four')).toBe(true);
  expect(isDrawn('one two three', 'mine one two three')).toBe(false);
  expect(isDrawn('one two three', 'one two three mine')).toBe(false);
  // The rest of it has not been read yet.
  expect(isDrawn('one two three', 'one two')).toBe(false);
  expect(isDrawn('one two', 'two[...Truncated text #1 +0 lines...]one')).toBe(false);
});

describe('the sink of the hooks', () => {
  const spool = mkdtempSync(join(tmpdir(), "pw sink'"));
  afterAll(() => rmSync(spool, { recursive: true, force: true }));
  const run = (input: string): string =>
    execFileSync('/bin/sh', ['-c', sink(spool)], { input, encoding: 'utf8', cwd: '/' });

  test('succeeds and says nothing when its folder is gone', () => {
    expect(run('{}')).toBe('');
  });
  test('stores each report whole in a file of its own, readable to nobody else', () => {
    mkdirSync(join(spool, 'events'));
    const long = JSON.stringify({ text: 'x'.repeat(300_000) });
    for (let i = 0; i < 20; i += 1) expect(run(long)).toBe('');
    const files = readdirSync(join(spool, 'events'));
    expect(files).toHaveLength(20);
    for (const file of files) expect(readFileSync(join(spool, 'events', file), 'utf8')).toBe(long);
  });
});

describe('files that are not what they should be', () => {
  test.each(['', '{', '[]', 'null', '{"pid":1}', '"x"'])('%j is no status, no event, no record', (text) => {
    expect(readStatus(text)).toBeUndefined();
    expect(readEvent(text)).toBeUndefined();
    expect(readRecord(`${text}\n${text}`)).toEqual({ turns: [], queued: [] });
  });
  test('a status of which nothing is known is no status', () => {
    expect(readStatus('{"pid":1,"sessionId":"x","status":"dreaming"}')).toBeUndefined();
    expect(readStatus('{"pid":1,"sessionId":"x"}')).toMatchObject({ state: 'starting' });
    expect(readStatus('{"pid":1,"sessionId":"x","status":"shell"}')).toMatchObject({
      state: 'idle',
      background: true,
    });
  });
});

test('a composer whose beginning has scrolled away holds a draft, and is not called ready', () => {
  const rule = '─'.repeat(40);
  const screen = [`─── ↑ 86 more ${rule}`, '  x', '  END', rule, '  ⏵⏵ auto mode on'].join('\n');
  expect(readScreen(screen)).toMatchObject({ phase: 'unknown', draft: 'x\nEND' });
});
