/**
 * `npm run record` writes docs/session.svg, the recording at the top of the README: what an agent calls on the left,
 * the pane that it works in on the right. Everything in it happened: a real client, the built server, a real pane
 * of a private tmux server, whose screens were taken as they changed. Only the pace is that of a reader.
 * A path behind it writes the picture there.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureNodePackages, ensurePrograms, fail, root, run } from './install.mjs';

ensureNodePackages();
ensurePrograms({ tmux: 'tmux', bash: 'bash' }, { sudo: true });
const isBuilt = process.env.PANEWRIGHT_BUILT !== undefined; // by `npm test`, whose suites use it right now
if (!isBuilt && !run([process.execPath, 'scripts/build.mjs'])) fail('The build failed.');
const { Stage, structured } = await import('./stage.mjs');
const { animated } = await import('./svg.mjs');

const WIDTH = 46;
const HEIGHT = 21;
const session = 'work';
const file = resolve(process.argv[2] ?? join(root, 'docs/session.svg'));

/** What the agent does. `told` picks what of the result is shown. */
const STEPS = [
  { tool: 'execute', args: { command: 'seq 1 100000' }, told: ['total_lines', 'exit_code'] },
  { tool: 'execute', args: { command: './check.sh' }, told: ['exit_code', 'output_lines'] },
  {
    tool: 'execute',
    args: { command: 'read -rp "Deploy? [y/N] " a; echo "said $a"' },
    told: ['state', 'question'],
  },
  { tool: 'write_pane', args: { text: 'n\n' }, told: ['sent'] },
  { tool: 'wait_for', args: {}, told: ['exit_code', 'output_lines'] },
  { tool: 'send_keys', args: { key: 'Entre' }, told: [] },
];

const stage = new Stage();
try {
  await stage.newSession(session, { width: WIDTH, height: HEIGHT });
  const check =
    'printf "lint  \\033[32mok\\033[m\\n"; printf "types \\033[32mok\\033[m\\n"; printf "tests \\033[31m1 of 42 failed\\033[m\\n"; exit 3';
  writeFileSync(join(stage.home, 'check.sh'), `#!/bin/sh\n${check}\n`, { mode: 0o755 });
  const server = await stage.connect();
  // The first use of a shell is prepared before the curtain: nobody would see more of it than a blink.
  structured(await server.call('execute', { session, command: 'clear' }));
  const frames = [{ calls: [], screen: await screen() }];
  const calls = [];
  for (const { tool, args, told } of STEPS) {
    calls.push({ call: `${tool} ${shown(args)}` });
    frames.push({ calls: [...calls], screen: frames.at(-1).screen });
    const started = performance.now();
    const result = await server.call(tool, { session, ...args });
    const milliseconds = performance.now() - started;
    calls[calls.length - 1] = { ...calls.at(-1), ...answer(result, told), milliseconds };
    frames.push({ calls: [...calls], screen: await screen() });
  }
  writeFileSync(
    file,
    animated({
      frames,
      columns: WIDTH,
      rows: HEIGHT,
      title: 'An agent works in a tmux pane through Panewright',
    }),
  );
  console.error(`wrote ${file}`);
} finally {
  await stage.strike();
}

/** The pane as it is: its lines with their colours. */
async function screen() {
  return (await stage.tmux('capture-pane', '-e', '-p', '-t', `=${session}:`)).split('\n');
}

/** Values alone, quoted where a line end would show. */
function shown(args) {
  const one = (value) => (value.includes('\n') ? JSON.stringify(value) : value);
  return Object.values(args).map(one).join(' ');
}

function answer({ structuredContent = {}, content, isError = false }, told) {
  if (isError) return { answer: [content[0].text], isError };
  const facts = told.map(
    (name) => `${name}: ${JSON.stringify(structuredContent[name]).replaceAll(',"', ', "')}`,
  );
  return { answer: facts, isError };
}
