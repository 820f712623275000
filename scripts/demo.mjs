/**
 * `npm run demo`: installs what is missing, builds, and drives a pane of a private tmux server as a real MCP
 * client would, showing every call, its result and its time. What each call must return is checked as well:
 * the demo fails when the thing does not do what it says.
 */
import { ensureNodePackages, ensurePrograms, fail, onPath, root, run } from './install.mjs';

ensureNodePackages();
ensurePrograms({ tmux: 'tmux', bash: 'bash' }, { sudo: true });
const isBuilt = process.env.PANEWRIGHT_BUILT !== undefined; // by `npm test`, whose suites use it right now
if (!isBuilt && !run([process.execPath, 'scripts/build.mjs'])) fail('The build failed.');

// Only now are the packages there that these need.
const { Stage } = await import('./stage.mjs');
const { narrator } = await import('./narrator.mjs');

const stage = new Stage();
const PYTHON = onPath('python3');
const session = 'demo';
let failed = 0;

try {
  await stage.newSession(session, { width: 80, height: 12 });
  const server = await stage.connect();
  const say = narrator(root);
  const step = async (title, name, args, holds) => {
    const started = performance.now();
    const result = await server.call(name, args);
    const good = holds(result.structuredContent ?? {}, result.content[0]?.text ?? '');
    if (!good) failed += 1;
    say.step({ title, name, args, result, good, milliseconds: performance.now() - started });
    return result.structuredContent ?? {};
  };
  const execute = (title, command, holds, more = {}) =>
    step(title, 'execute', { session, command, ...more }, holds);
  const completed = (status, ...lines) => {
    return (r) =>
      r.state === 'completed' &&
      r.exit_code === status &&
      lines.every((line) => r.output_lines.includes(line));
  };

  say.opening();
  await step('What is there?', 'list_sessions', {}, (r) => r.sessions?.[0]?.name === session);
  await execute(
    'A command: its exact output and its exit code.',
    'echo "hi there"',
    completed(0, 'hi there'),
  );
  await execute(
    'A hundred thousand lines, far beyond the scrollback: every one counted.',
    'seq 1 100000',
    (r) => r.total_lines === 100_000 && r.output_lines.at(-1) === '100000',
  );
  await execute('A command that fails says how.', 'ls /no/such/place', (r) => r.exit_code === 2);
  await execute('What it changes stays changed ...', 'cd /usr && export WHO=panewright', completed(0));
  await execute('... as in any shell.', 'pwd; echo "$WHO"', completed(0, '/usr', 'panewright'));

  await execute(
    'A question on the terminal is reported as one, at once, not after a timeout.',
    'read -r -p "Deploy to production? [y/N] " answer; echo "answer: $answer"',
    (r) => r.state === 'waiting_for_input',
  );
  await step('It is answered ...', 'write_pane', { session, text: 'n\n' }, (r) => r.sent === 'n\n');
  await step('... and the rest is collected.', 'wait_for', { session }, (r) =>
    r.output_lines?.includes('answer: n'),
  );

  await execute(
    'A command longer than its timeout goes on ...',
    'for i in 1 2 3; do sleep 0.7; echo "step $i"; done; (exit 3)',
    (r) => r.state === 'running' && r.timeout_occurred,
    { timeout: 1 },
  );
  await step('... and nothing of it is lost.', 'wait_for', { session, timeout: 20 }, (r) => {
    return r.exit_code === 3 && r.output_lines.includes('step 3');
  });

  await execute('Something that would never end ...', 'sleep 1000', (r) => r.state === 'running', {
    timeout: 0.5,
  });
  await step(
    '... is interrupted by a key ...',
    'send_keys',
    { session, key: 'C-c' },
    (r) => r.key !== undefined,
  );
  await step('... and says so: 128 + SIGINT.', 'wait_for', { session }, (r) => r.exit_code === 130);
  await step(
    'A key that does not exist is an error, not text.',
    'send_keys',
    { session, key: 'Entre' },
    (r, text) => text.startsWith('INVALID_ARGUMENT'),
  );
  await step('The screen, as a person sees it.', 'read_pane', { session }, (r) =>
    r.lines?.some((line) => line.includes('^C')),
  );

  if (PYTHON) {
    await execute('Other programs have prompts too.', 'python3 -q', (r) => r.state === 'waiting_for_input');
    await execute('Python answers:', 'print(6 * 7)', (r) => r.completed && r.output_lines.join() === '42');
    await execute('And leaves.', 'exit()', (r) => r.state === 'completed' || r.completed);
  }

  await step(
    'A session that is not there is never guessed.',
    'execute',
    { session: 'dem', command: 'ls' },
    (r, text) => text.startsWith('SESSION_NOT_FOUND'),
  );
  stage.configure({ write_enabled: false });
  await execute(
    'The configuration now says read-only. It counts from the next call on.',
    'touch /tmp/never',
    (r, text) => text.startsWith('WRITE_DISABLED'),
  );
  say.closing(failed);
} finally {
  await stage.strike();
}
process.exitCode = failed === 0 ? 0 : 1;
