import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, SHELLS } from './bed.js';

let bed: Bed;
let script: (name: string, text: string) => string;
beforeAll(async () => {
  bed = await Bed.start();
  script = (name, text) => {
    const file = join(bed.tmux.home, name);
    writeFileSync(file, text);
    return `sh ${file}`;
  };
});
afterAll(() => bed.close());

/** Far below the timeout of the call: the question was noticed, not the clock. */
const QUICKLY = 15;

describe.each(SHELLS)('a command that asks something in %s returns early', (shell) => {
  test('[y/N] is a question; the answer goes by write_pane and the end by wait_for', async () => {
    const seat = await bed.seat(shell);
    const ask = script('ask', 'echo about to; printf "Remove it? [y/N] "; read a; echo "got $a"; exit 3');
    const asked = await seat.execute(ask);
    expect(asked).toMatchObject({
      state: 'waiting_for_input',
      completed: false,
      timeout_occurred: false,
      exit_code: null,
      question: 'Remove it? [y/N]',
      echo: true,
    });
    expect(asked.elapsed_seconds).toBeLessThan(QUICKLY);
    expect(asked.output_lines).toEqual(['about to', 'Remove it? [y/N] ']);
    await seat.write('y\n');
    expect(await seat.waitFor()).toMatchObject({
      matched: true,
      state: 'completed',
      exit_code: 3,
      output_lines: ['about to', 'Remove it? [y/N] y', 'got y'],
    });
    expect(await seat.lines('echo next')).toEqual(['next']);
  });

  test('a command line that ends at the right edge is no part of the question behind it', async () => {
    const seat = await bed.seat(shell);
    const command = `sh -c 'printf "Remove it? [y/N] "; read a'`;
    // Whatever the prompt: one of these widths is that of the prompt and the command.
    for (let width = command.length; width < command.length + 24; width += 1) {
      await bed.tmux.run('resize-window', '-t', `=${seat.session}:`, '-x', String(width));
      expect(await seat.execute(command)).toMatchObject({ question: 'Remove it? [y/N]' });
      await seat.write('y\n');
      await seat.waitFor();
    }
  });

  test('a password that is not echoed is a question, and what is typed shows nowhere', async () => {
    const seat = await bed.seat(shell);
    const secret = `s3cret-of-${shell}`;
    const ask = script(
      'password',
      'stty -echo; printf "Password: "; read p; stty echo; echo; [ "$p" = "' + secret + '" ] && echo welcome',
    );
    const asked = await seat.execute(ask);
    expect(asked).toMatchObject({ state: 'waiting_for_input', question: 'Password:', echo: false });
    expect(asked.elapsed_seconds).toBeLessThan(QUICKLY);
    const typed = await seat.write(`${secret}\n`);
    expect(JSON.stringify(typed)).not.toContain(secret);
    const end = await seat.waitFor();
    expect(end).toMatchObject({ state: 'completed', exit_code: 0 });
    expect(end.output_lines.at(-1)).toBe('welcome');
    expect(JSON.stringify([asked, end, await seat.read()])).not.toContain(secret);
    expect(bed.server.client.stderr).not.toContain(secret);
    expect(bed.server.client.progress.join('\n')).not.toContain(secret);
  });

  test('python’s input() is a question', async () => {
    const seat = await bed.seat(shell);
    const asked = await seat.execute(`python3 -c 'print("hi"); n = input("Name: "); print("hello", n)'`);
    expect(asked).toMatchObject({ state: 'waiting_for_input', question: 'Name:' });
    expect(asked.elapsed_seconds).toBeLessThan(QUICKLY);
    await seat.write('Ada\n');
    expect(await seat.waitFor()).toMatchObject({
      state: 'completed',
      exit_code: 0,
      output_lines: ['hi', 'Name: Ada', 'hello Ada'],
    });
  });

  test('a program that waits for its input without a word', async () => {
    const seat = await bed.seat(shell);
    const asked = await seat.execute('cat');
    expect(asked).toMatchObject({ state: 'waiting_for_input' });
    expect(asked.elapsed_seconds).toBeLessThan(QUICKLY);
    await seat.write('one\n');
    await bed.tmux.until(seat.pane, /^one\none$/m);
    await seat.keys('C-d');
    expect(await seat.waitFor()).toMatchObject({
      state: 'completed',
      exit_code: 0,
      output_lines: ['one', 'one'],
    });
  });

  test('a REPL that a command starts is waiting for input at its prompt', async () => {
    const seat = await bed.seat(shell);
    const asked = await seat.execute('python3 -q');
    expect(asked).toMatchObject({ state: 'waiting_for_input', question: '>>>' });
    expect(await seat.execute('print(6*7)')).toMatchObject({ state: 'completed', output_lines: ['42'] });
    await seat.execute('exit()');
    expect(await seat.lines('echo back')).toEqual(['back']);
  });
});

describe('questions', () => {
  test('three in a row, each reported once it is asked', async () => {
    const seat = await bed.seat('bash');
    const ask = script('three', 'for i in 1 2 3; do printf "answer $i? "; read a; done; echo all');
    let result: { state: string; question?: string } = await seat.execute(ask);
    for (const i of [1, 2, 3]) {
      expect(result).toMatchObject({ state: 'waiting_for_input', question: `answer ${i}?` });
      await seat.write(`${i}\n`);
      result = await seat.waitFor();
    }
    expect(result).toMatchObject({
      state: 'completed',
      output_lines: ['answer 1? 1', 'answer 2? 2', 'answer 3? 3', 'all'],
    });
  });

  test('a single key is enough where a program asks for one', async () => {
    const seat = await bed.seat('bash');
    const asked = await seat.execute('read -n 1 -p "Press any key to continue" k; echo; echo "key $k"');
    expect(asked).toMatchObject({ state: 'waiting_for_input', question: 'Press any key to continue' });
    await seat.keys('x');
    expect((await seat.waitFor()).output_lines.at(-1)).toBe('key x');
  });

  test('a menu by select', async () => {
    const seat = await bed.seat('bash');
    const asked = await seat.execute('select x in red blue; do echo "chose $x"; break; done');
    expect(asked).toMatchObject({ state: 'waiting_for_input', question: '#?' });
    await seat.write('2\n');
    const end = await seat.waitFor();
    expect(end.state).toBe('completed');
    expect(end.output_lines.at(-1)).toBe('chose blue');
  });

  test('read -s of the shell itself hides what is typed', async () => {
    const seat = await bed.seat('bash');
    const asked = await seat.execute('read -s -p "PIN: " pin; echo; echo "${#pin} digits"');
    expect(asked).toMatchObject({ state: 'waiting_for_input', question: 'PIN:', echo: false });
    expect(JSON.stringify(await seat.write('90210\n'))).not.toContain('90210');
    const end = await seat.waitFor();
    expect(end.output_lines).toEqual(['PIN: ', '5 digits']);
    expect(bed.server.client.stderr).not.toContain('90210');
  });

  test('keys that are pressed while echo is off are not shown in results either', async () => {
    const seat = await bed.seat('bash');
    await seat.execute('read -s -p "PIN: " pin; echo "${#pin} digits"');
    expect(JSON.stringify(await seat.keys(['q', '7', 'z', 'Enter']))).not.toMatch(/"q"|"7"|"z"/);
    expect((await seat.waitFor()).state).toBe('completed');
  });

  test('a slow program that says what it does is not asking', async () => {
    const seat = await bed.seat('bash');
    const slow = script('slow', 'printf "Downloading: "; sleep 2; printf "50%%... "; sleep 2; echo done');
    expect(await seat.execute(slow)).toMatchObject({
      state: 'completed',
      exit_code: 0,
      output_lines: ['Downloading: 50%... done'],
    });
  });

  test('a silent program is running, not asking', async () => {
    const seat = await bed.seat('bash');
    expect(await seat.execute('sleep 4')).toMatchObject({ state: 'completed', exit_code: 0 });
    expect(await seat.execute('python3 -c "import time; time.sleep(4)"')).toMatchObject({
      state: 'completed',
    });
  });

  test('busy work without output is running, not asking', async () => {
    const seat = await bed.seat('bash');
    const work = 'for ((i = 0; i < 300000; i++)); do :; done; echo counted';
    expect(await seat.execute(work)).toMatchObject({ state: 'completed', output_lines: ['counted'] });
  });

  test('a pipeline that reads from a slow program is running, not asking', async () => {
    const seat = await bed.seat('bash');
    expect(await seat.execute('(sleep 3; echo late) | cat')).toMatchObject({
      state: 'completed',
      output_lines: ['late'],
    });
  });

  test('a full-screen program that a command starts is reported as running, not as a question', async () => {
    const seat = await bed.seat('bash');
    const done = await seat.execute('less /etc/passwd', { timeout: 4 });
    expect(['running', 'waiting_for_input']).toContain(done.state);
    await seat.keys('q');
    expect(await seat.waitFor()).toMatchObject({ state: 'completed', exit_code: 0 });
  });
});
