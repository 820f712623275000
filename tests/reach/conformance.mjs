/**
 * The official conformance suite against the built server over HTTP: `node tests/reach/conformance.mjs`, after
 * `npm run build`. Fetches the suite (and the Node that it needs) from npm, so it is no part of `npm test`. Fails
 * when a scenario that applies fails, and when one that is expected to fail passes. The suite sends no token,
 * so a small proxy adds it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SUITE = ['-y', '-p', 'node@22', '-p', '@modelcontextprotocol/conformance@0.1', 'conformance', 'server'];

/** Scenarios that ask for tools, resources and prompts of the suite's own example server, or for what we do not offer. */
const EXPECTED = {
  'needs a tool of the example server': /^tools-call-(image|audio|embedded|mixed|with-progress)/,
  'needs a resource of the example server': /^resources-(read|templates-read|subscribe|unsubscribe)/,
  'needs a prompt of the example server': /^prompts-get-/,
  'the server asks the client nothing': /^(tools-call-(sampling|elicitation)|elicitation-)/,
  'the server logs to stderr, not over the protocol': /^(logging-|tools-call-with-logging)/,
};

const token = 'token-for-the-conformance-suite';
const home = mkdtempSync(join(tmpdir(), 'panewright-conformance-'));
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const args = ['serve', '--http', '127.0.0.1:0', '--auth-token', token, '--tmux-socket-path', join(home, 's')];
const server = spawn(process.execPath, [cli, ...args], {
  env: { ...process.env, HOME: home },
  stdio: ['ignore', 'ignore', 'pipe'],
});
const [line] = await once(server.stderr, 'data');
const target = new URL(/listening on (\S+)/.exec(String(line))[1]);

const proxy = createServer((incoming, outgoing) => {
  const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
  const options = {
    host: target.hostname,
    port: target.port,
    path: incoming.url,
    method: incoming.method,
    headers,
  };
  const onward = request(options, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}).listen(0, '127.0.0.1');
await once(proxy, 'listening');

const suite = spawn('npx', [...SUITE, '--url', `http://localhost:${proxy.address().port}/mcp`], {
  cwd: home,
  stdio: ['ignore', 'pipe', 'inherit'],
});
let output = '';
suite.stdout.on('data', (chunk) => (output += chunk));
await once(suite, 'close');
proxy.close();
server.kill();
rmSync(home, { recursive: true, force: true });

const results = [...output.matchAll(/^([✓✗]) ([\w-]+): \d+ passed/gm)];
let wrong = results.length > 20 ? 0 : 1;
for (const [, mark, name] of results) {
  const reason = Object.keys(EXPECTED).find((key) => EXPECTED[key].test(name));
  const isRight = (mark === '✓') === (reason === undefined);
  if (!isRight) wrong += 1;
  console.log(`${isRight ? ' ' : '!'} ${mark} ${name}${reason === undefined ? '' : `  (${reason})`}`);
}
console.log(`${results.length} scenarios, ${wrong} not as expected`);
process.exit(wrong === 0 ? 0 : 1);
