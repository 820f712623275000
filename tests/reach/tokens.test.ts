import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { TestServer } from '../support/server.js';

/** What a model is given of a tool; no client shows it output schemas or annotations. */
const seen = ({ name, description, inputSchema }: Tool): string =>
  JSON.stringify({ name, description, input_schema: inputSchema });

const BUDGET = 4500;

let server: TestServer;
let tools: Tool[];
beforeAll(async () => {
  server = await TestServer.start();
  ({ tools } = await server.client.mcp.listTools());
});
afterAll(() => server.close());

test('all 21 tools together cost a model less than 4,500 tokens', () => {
  const costs = tools.map((tool) => ({ name: tool.name, tokens: encode(seen(tool)).length }));
  const sum = costs.reduce((all, { tokens }) => all + tokens, 0);
  const rows = costs
    .sort((a, b) => b.tokens - a.tokens)
    .map(({ name, tokens }) => {
      const share = ((100 * tokens) / sum).toFixed(1);
      return `${String(tokens).padStart(6)}  ${share.padStart(4)} %  ${name}`;
    });
  process.stderr.write(`tools/list costs ${sum} tokens of ${BUDGET}:\n${rows.join('\n')}\n`);
  expect(tools).toHaveLength(21);
  expect(sum).toBeLessThan(BUDGET);
});

test('every description is shorter than 600 characters', () => {
  expect(tools.filter(({ description = '' }) => description.length >= 600).map(({ name }) => name)).toEqual(
    [],
  );
  expect(tools.filter(({ description = '' }) => description.length < 20)).toEqual([]);
});

test('no input schema has a union at its root, for which clients would drop the tool silently', () => {
  for (const { inputSchema } of tools) {
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(Object.keys(inputSchema)).not.toEqual(expect.arrayContaining(['anyOf']));
  }
});

test('a read-only server lists the tools that write, so that the refusal can teach', async () => {
  const names = tools.map(({ name }) => name);
  server.configure({ write_enabled: false });
  expect((await server.client.mcp.listTools()).tools.map(({ name }) => name)).toEqual(names);
  server.configure({});
});

test.each([
  ['terminal', ['execute', 'version'], ['session_send', 'health']],
  ['sessions', ['session_send', 'health'], ['execute', 'version']],
])('the toolset %s alone removes the other family', async (set, there, gone) => {
  server.configure({ toolsets: [set] });
  const names = (await server.client.mcp.listTools()).tools.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(there));
  for (const name of gone) {
    expect(names).not.toContain(name);
    expect(await server.client.refusal(name)).toMatch(/^INVALID_ARGUMENT: there is no tool/);
  }
  server.configure({});
});
