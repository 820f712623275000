import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freshDirectory } from './support/run-dir.js';

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

test('the build is one file, which runs wherever it is copied to, with the licences of what is in it beside it', () => {
  expect(readdirSync(resolve(root, 'dist')).sort()).toEqual(['THIRD-PARTY-LICENSES.txt', 'cli.js']);
  const alone = join(freshDirectory(), 'copied.mjs');
  copyFileSync(resolve(root, 'dist/cli.js'), alone);
  const { stdout } = spawnSync(process.execPath, [alone, '--version'], { encoding: 'utf8' });
  expect(stdout).toBe(`${(JSON.parse(read('package.json')) as { version: string }).version}\n`);
  expect(read('dist/cli.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
  const licences = read('dist/THIRD-PARTY-LICENSES.txt').split(/^-{80}$/m);
  expect(licences.length).toBeGreaterThan(30);
  for (const one of licences)
    expect(one).toMatch(/^\s*[@\w/.-]+ \d+\.\d+\.\d+ \([\w.-]+\)\n\n[^]*(permi|licen[cs])/i);
});
