/**
 * The official conformance suite against the built server over HTTP. It comes from npm with the Node that it needs.
 * Every scenario that it has is listed here: those that apply pass, and the rest fail for the reason given, so that
 * one which begins to pass, or is new, is noticed. The suite sends no token, so a small proxy adds it.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpServer, TOKEN } from './http-server.js';

const SUITE = ['-y', '-p', 'node@22', '-p', '@modelcontextprotocol/conformance@0.1.16', 'conformance'];

const APPLICABLE = [
  'server-initialize',
  'ping',
  'completion-complete',
  'tools-list',
  'tools-call-simple-text',
  'tools-call-error',
  'server-sse-multiple-streams',
  'resources-list',
  'prompts-list',
  'dns-rebinding-protection',
];

/** Scenarios that ask for tools, resources and prompts of the suite's own example server, or for what we do not offer. */
const EXPECTED_TO_FAIL: Readonly<Record<string, readonly string[]>> = {
  'it calls a tool of the example server': [
    'tools-call-image',
    'tools-call-audio',
    'tools-call-embedded-resource',
    'tools-call-mixed-content',
    'tools-call-with-progress',
  ],
  'it reads a resource of the example server': [
    'resources-read-text',
    'resources-read-binary',
    'resources-templates-read',
    'resources-subscribe',
    'resources-unsubscribe',
  ],
  'it gets a prompt of the example server': [
    'prompts-get-simple',
    'prompts-get-with-args',
    'prompts-get-embedded-resource',
    'prompts-get-with-image',
  ],
  'the server asks the client nothing': [
    'tools-call-sampling',
    'tools-call-elicitation',
    'elicitation-sep1034-defaults',
    'elicitation-sep1330-enums',
  ],
  'the server logs to stderr, not over the protocol': ['logging-set-level', 'tools-call-with-logging'],
};

let server: HttpServer;
let proxy: Server;
let output = '';
const passed = new Map<string, boolean>();

beforeAll(async () => {
  server = await HttpServer.start();
  proxy = await withToken(server.url);
  const { port } = proxy.address() as AddressInfo;
  const args = [...SUITE, 'server', '--url', `http://localhost:${port}/mcp`];
  const suite = spawn('npx', args, { cwd: server.tmux.home, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [suite.stdout, suite.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(suite, 'close');
  for (const [, mark, name = ''] of output.matchAll(/^([✓✗]) ([\w-]+): \d+ passed/gm))
    passed.set(name, mark === '✓');
}, 180_000);
afterAll(async () => {
  proxy.close();
  await server.close();
});

/** A server on a free port that passes everything on with our token. */
async function withToken(url: string): Promise<Server> {
  const { hostname, port } = new URL(url);
  const through = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${TOKEN}` };
    const { url: path, method } = incoming;
    const onward = request({ hostname, port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(through, 'listening');
  return through;
}

/** What the suite said from the scenario's line on, for whoever has to find out. */
const about = (name: string): string => output.slice(Math.max(0, output.indexOf(name) - 200)).slice(0, 4000);

test('the suite has run, and has no scenario that is not listed here', () => {
  const listed = [...APPLICABLE, ...Object.values(EXPECTED_TO_FAIL).flat()].sort();
  expect(passed.size === 0 ? output : [...passed.keys()].sort()).toEqual(listed);
});

test.each(APPLICABLE)('%s passes', (name) => {
  expect(passed.get(name) ? 'passed' : about(name)).toBe('passed');
});

describe.each(Object.entries(EXPECTED_TO_FAIL))('not applicable, since %s', (_reason, names) => {
  test.each(names)('%s', (name) => expect(passed.get(name)).toBe(false));
});
