import { expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8');

/** Links of the page: where to, and the title of a test that is to be found there. */
const links = [...page.matchAll(/\]\(([^)\s]+)(?: (["'])(.*?)\2)?\)/g)].map(([, to = '', , title]) => ({
  to,
  title,
}));

test('every promise on the page about security is linked to a test', () => {
  const [, table = ''] = /\| Promise[^\n]*\n\|[- |]+\n((?:\|[^\n]*\n)+)/.exec(page) ?? [];
  const rows = table.trimEnd().split('\n');
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) expect(row).toMatch(/\]\(tests\/[\w/-]+\.test\.ts (["']).+\1\)/);
});

test.each(links)('what $to is said to prove stands there', ({ to, title }) => {
  const file = join(root, to);
  expect([to, existsSync(file)]).toEqual([to, true]);
  if (to.startsWith('tests/')) expect(readFileSync(file, 'utf8')).toContain(title);
});
