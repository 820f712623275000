/** Reading recorded screens: no real program runs here. Phases were written by hand, in scenes.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readScreen } from '../../profiles/claude/screen.js';
import type { Golden } from './record.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'golden');
const goldens = readdirSync(folder).flatMap((version) =>
  readdirSync(join(folder, version)).map(
    (file) => JSON.parse(readFileSync(join(folder, version, file), 'utf8')) as Golden,
  ),
);
const reading = (state: string): ReturnType<typeof readScreen> => {
  const golden = goldens.find((candidate) => candidate.state === state);
  if (!golden) throw new Error(`no golden file for ${state}`);
  return readScreen(golden.ansi.join('\n'));
};

describe('recorded screens', () => {
  test.each(goldens.map((golden) => [golden.version, golden.state, golden] as const))(
    '%s: %s is read as what it is',
    (_version, _state, golden) => {
      expect(readScreen(golden.ansi.join('\n')).phase).toBe(golden.phase);
    },
  );

  test.each(
    goldens.filter((golden) => golden.phase !== 'ready').map((golden) => [golden.state, golden] as const),
  )('%s never reads as ready, however many rows at the top have scrolled away', (_state, golden) => {
    for (let top = 1; top < golden.ansi.length; top += 1) {
      expect(readScreen(golden.ansi.slice(top).join('\n')).phase).not.toBe('ready');
    }
  });
});

describe('the composer', () => {
  test('shows a draft, also one of several lines, and with the mark of the composer in it', () => {
    expect(reading('ready-draft').draft).toBe('half a thought');
    expect(reading('ready-draft-lines').draft).toBe('half a thought\nsecond line\n\nfourth ❯ line');
    expect(reading('busy-draft').draft).toBe('a draft while busy');
  });
  test('shows no draft when it is empty or holds a suggestion', () => {
    for (const state of ['ready-fresh', 'ready-failed', 'ready-interrupted', 'busy-queued', 'busy-streaming'])
      expect(reading(state)).not.toHaveProperty('draft');
  });
  test('takes no prompt in shell mode', () => {
    expect(reading('ready-shell-mode').takesPrompt).toBe(false);
    expect(reading('ready-fresh').takesPrompt).toBe(true);
  });
  test('tells that a dialog is held back while somebody types', () => {
    expect(reading('busy-dialog-held-back')).toMatchObject({ phase: 'busy', dialogHeldBack: true });
  });
});

describe('dialogs', () => {
  test('a command to be permitted comes with the command and the choices', () => {
    expect(reading('dialog-bash').dialog).toEqual({
      kind: 'permission',
      title: 'Bash command',
      question: 'Do you want to proceed?',
      detail: expect.stringContaining('mkdir -p made && echo "a; b" | cat\necho second') as string,
      options: [
        { number: 1, label: 'Yes', highlighted: true },
        { number: 2, label: expect.stringContaining('always allow') as string, highlighted: false },
        { number: 3, label: expect.stringContaining('auto mode') as string, highlighted: false },
        { number: 4, label: 'No', highlighted: false },
      ],
    });
    expect(reading('dialog-bash-moved').dialog?.options.map((option) => option.highlighted)).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });
  test('an amendable choice is a text field', () => {
    expect(reading('dialog-bash-amend').dialog?.options[0]).toMatchObject({ freeText: true, number: 1 });
  });
  test('a label that wraps is one label', () => {
    expect(reading('dialog-write').dialog).toMatchObject({
      kind: 'permission',
      title: 'Create file',
      question: 'Do you want to create new.txt?',
    });
    expect(reading('dialog-write').dialog?.options.map((option) => option.label)).toEqual([
      'Yes',
      'Yes, and switch to accept edits (auto-approve file edits and common file commands) for this session (shift+tab)',
      'No',
    ]);
  });
  test('a question has choices with explanations, and one that is typed', () => {
    expect(reading('dialog-question').dialog).toEqual({
      kind: 'question',
      title: '☐ Colour 1',
      question: 'Which colour number 1?',
      detail: '',
      options: [
        { number: 1, label: 'Red', description: 'the warm one', highlighted: true },
        { number: 2, label: 'Blue', description: 'the cold one', highlighted: false },
        { number: 3, label: 'Type something.', highlighted: false, freeText: true },
        { number: 4, label: 'Chat about this', highlighted: false },
      ],
    });
    expect(reading('dialog-question-typed').dialog?.options[2]).toEqual({
      number: 3,
      label: 'Green; really',
      highlighted: true,
      freeText: true,
    });
  });
  test('a question with several answers tells which are ticked, and has a row that submits', () => {
    expect(reading('dialog-question-multi').dialog?.options).toMatchObject([
      { number: 1, label: 'Red', checked: true, highlighted: true },
      { number: 2, label: 'Blue', checked: false },
      { number: 3, checked: false, freeText: true },
      { label: 'Submit', highlighted: false },
      { number: 4, label: 'Chat about this' },
    ]);
    expect(reading('dialog-question-review').dialog).toMatchObject({
      kind: 'question',
      options: [{ label: 'Submit answers', highlighted: true }, { label: 'Cancel' }],
    });
  });
  test('trust is asked with unnumbered rows, the first of which ends the program', () => {
    for (const state of ['dialog-trust', 'dialog-trust-narrow'])
      expect(reading(state).dialog).toMatchObject({
        kind: 'trust',
        options: [
          { label: 'No, exit', highlighted: true },
          { label: 'Yes, I trust this folder', highlighted: false },
        ],
      });
    expect(reading('dialog-trust-moved').dialog?.options[1]?.highlighted).toBe(true);
  });
  test('a plan is a dialog of its own kind', () => {
    expect(reading('dialog-plan').dialog).toMatchObject({ kind: 'plan', title: 'Exit plan mode?' });
  });
  test("the program's own pickers are dialogs, and none is taken for a permission", () => {
    for (const { state } of goldens.filter((golden) => golden.state.startsWith('dialog-command-')))
      expect(['menu', 'unknown', undefined]).toContain(reading(state).dialog?.kind);
    expect(reading('dialog-command-model').dialog?.options).toHaveLength(5);
  });
});
