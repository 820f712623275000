import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Bed, SHELLS, type Seat } from './bed.js';

let bed: Bed;
beforeAll(async () => (bed = await Bed.start()));
afterAll(() => bed.close());

const UNFINISHED: readonly (readonly [title: string, command: string])[] = [
  ['an open double quote', 'echo "hi'],
  ['an open single quote', "echo it's"],
  ['an open pipe', 'echo a |'],
  ['an open quote behind a whole command', 'echo ran; echo "x'],
  ['an open quote in the second line', 'echo one\necho "two'],
];

const POSIX_UNFINISHED: readonly (readonly [title: string, command: string])[] = [
  ['an open parenthesis', '(echo a'],
  ['an open brace', '{ echo a'],
  ['an open substitution', 'echo $(date'],
  ['a loop without its end', 'for i in 1 2; do echo $i'],
  ['an if without its end', 'if true; then'],
  ['a here document without its end', 'cat <<EOF\none\ntwo'],
  ['a backslash at the end', 'echo a \\'],
  ['an open and', 'true &&'],
];

const FISH_UNFINISHED: readonly (readonly [title: string, command: string])[] = [
  ['a loop without its end', 'for i in 1 2; echo $i'],
  ['an if without its end', 'if true'],
  ['an open substitution', 'echo (date'],
  ['a backslash at the end', 'echo a \\'],
];

describe.each(SHELLS)(
  'an unfinished command in %s is reported, and the prompt is clean afterwards',
  (shell) => {
    let seat: Seat;
    beforeAll(async () => (seat = await bed.seat(shell)));

    test.each([...UNFINISHED, ...(shell === 'fish' ? FISH_UNFINISHED : POSIX_UNFINISHED)])(
      '%s',
      async (_title, command) => {
        const done = await seat.execute(command);
        expect(done).toMatchObject({
          state: 'incomplete_input',
          completed: false,
          timeout_occurred: false,
          exit_code: null,
        });
        expect(done.elapsed_seconds).toBeLessThan(20);
        // Nothing is left behind: neither a secondary prompt nor a draft.
        expect(await seat.execute('echo clean')).toMatchObject({
          state: 'completed',
          exit_code: 0,
          output_lines: ['clean'],
        });
      },
    );

    test('a person who looks finds an empty prompt', async () => {
      await seat.execute('echo "never closed');
      const seen = await seat.read();
      const last = seen.lines.at(-1) ?? '';
      expect(last).not.toMatch(/^(>|dquote>|quote>)/);
      expect(last).not.toContain('never closed');
    });

    test('one after the other, ten times', async () => {
      for (let i = 0; i < 10; i += 1) {
        expect((await seat.execute(`echo 'open ${i}`)).state).toBe('incomplete_input');
        expect(await seat.lines(`echo ${i}`)).toEqual([String(i)]);
      }
    });
  },
);
