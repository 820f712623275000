import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { defaultLoadersSync } from 'cosmiconfig';
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

test('the workflows are YAML, and run suites and scripts that exist', () => {
  for (const name of ['ci', 'release']) {
    const file = `.github/workflows/${name}.yml`;
    const { jobs } = defaultLoadersSync['.yaml'](file, read(file)) as { jobs: Record<string, unknown> };
    expect(Object.keys(jobs).length).toBeGreaterThan(1);
    const named = [...read(file).matchAll(/(?<=\s)(tests|scripts|mcpb)\/[\w./-]+/g)].map(([path]) => path);
    const begins = (path: string) =>
      readdirSync(resolve(root, path, '..')).some((entry) => entry.startsWith(basename(path)));
    expect(named.filter((path) => !begins(path))).toEqual([]);
  }
});

test('the commands that the docs name exist', () => {
  const scripts = Object.keys(
    (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts,
  );
  const workflows = ['.github/workflows/ci.yml', '.github/workflows/release.yml'];
  const docs = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...workflows].map(read).join('\n');
  const checks = [...read('.ci/run').matchAll(/^check (\w+)/gm)].map(([, name = '']) => name);
  expect(checks.length).toBeGreaterThan(5);
  expect(checks.filter((name) => !scripts.includes(name))).toEqual([]);
  const named = [...docs.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => name === undefined || !scripts.includes(name))).toEqual([]);
});

test('links between the docs lead to files that exist, and to headings that they have', () => {
  const inDocs = readdirSync(resolve(root, 'docs')).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...inDocs.map((name) => `docs/${name}`)];
  const broken: string[] = [];
  for (const page of pages)
    for (const [, file = '', anchor] of read(page).matchAll(
      /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?(?:\s[^)]*)?\)/g,
    )) {
      const path = file === '' ? resolve(root, page) : resolve(root, page, '..', file);
      const has = (name: string) => headings(path).includes(name);
      if (!existsSync(path) || (anchor !== undefined && !has(anchor)))
        broken.push(`${page}: ${file}#${anchor ?? ''}`);
    }
  expect(broken).toEqual([]);
});

/** Anchors of a page, as GitHub makes them of its headings. */
function headings(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

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
