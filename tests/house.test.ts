import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(resolve(root, file), 'utf8');

test('the README says what it is, then how a client starts it, then the two commands', () => {
  const order = [/gives an AI agent exact/, /"mcpServers"/, /npm run demo/, /npm test/].map((part) =>
    read('README.md').search(part),
  );
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
});

test('the commands that the docs name exist', () => {
  const scripts = Object.keys(
    (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts,
  );
  const docs = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].map(read).join('\n');
  const named = [...docs.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => name === undefined || !scripts.includes(name))).toEqual([]);
});

test('links between the docs lead to files that exist', () => {
  const docs = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/configuration.md', 'docs/completion.md'];
  for (const doc of docs) {
    const links = [...read(doc).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link ?? '');
    for (const link of links)
      expect(() => readFileSync(resolve(root, doc, '..', link))).not.toThrow(/ENOENT/);
  }
});

test('what answers initialize is small: terminal emulation and YAML are not part of it', () => {
  const cli = read('dist/cli.js');
  const eager = [...cli.matchAll(/from ?"\.\/(parts\/[^"]+)"|import ?"\.\/(parts\/[^"]+)"/g)];
  const files = eager.map(([, from, bare]) => `dist/${from ?? bare ?? ''}`);
  expect(files.length).toBeGreaterThan(0);
  const bytes = [cli, ...files.map(read)].map((text) => text.length).reduce((sum, one) => sum + one, 0);
  expect(bytes).toBeLessThan(400_000);
});
