import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matchesGlob } from '../src/permission/glob.js';

/** The same language written down in another way: one pattern element at a time, all ways tried. */
function slowMatch(pattern: readonly string[], name: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return name.length === 0;
  if (head === '*') return slowMatch(rest, name) || (name.length > 0 && slowMatch(pattern, name.slice(1)));
  const [first, ...others] = name;
  return first !== undefined && (head === '?' || head === first) && slowMatch(rest, others);
}

describe('session patterns', () => {
  test.each([
    ['work', 'work'],
    ['*', 'anything at all'],
    ['*', ''],
    ['build-*', 'build-'],
    ['build-*', 'build-a/b.c'],
    ['w?rk', 'w🙂rk'],
    ['[wx]ork', 'xork'],
    ['v[0-9]', 'v7'],
    ['[!a]b', 'cb'],
    ['[^a]b', 'cb'],
    ['[]x]', ']'],
    ['[!]]', 'a'],
    ['[a-]', '-'],
    ['[*]', '*'],
    ['a[b', 'a[b'],
    ['a[1]', 'a[1]'],
    ['*a*b*', 'xxaxxbxx'],
    ['{a,b}', '{a,b}'],
    ['.*', '.hidden'],
    ['*', '.hidden'],
    ['a\\*', 'a\\xyz'],
    ['é*', 'été'.normalize('NFC')],
  ])('%j matches %j', (pattern, name) => {
    expect(matchesGlob(pattern, name)).toBe(true);
  });

  test.each([
    ['work', 'workshop'],
    ['work', 'awork'],
    ['work', 'Work'],
    ['work', ''],
    ['work', 'work\n'],
    ['work', 'work '],
    ['w?rk', 'wrk'],
    ['[a-c]', 'd'],
    ['[c-a]', 'b'],
    ['[!a]b', 'ab'],
    ['[!a]', ''],
    ['[*]', 'x'],
    ['a[1]', 'a2'],
    ['{a,b}', 'a'],
    ['@(a|b)', 'a'],
    ['!(a)', 'b'],
    ['a+', 'aa'],
    ['a|b', 'a'],
    ['^a$', 'a'],
    ['**/x', 'x'],
    ['a*', 'ba'],
    ['*a', 'ab'],
    ['*a*b', 'ba'],
    ['\\*', '*'],
  ])('%j does not match %j', (pattern, name) => {
    expect(matchesGlob(pattern, name)).toBe(false);
  });

  test('agree with trying every way, for thousands of small patterns', () => {
    const small = (alphabet: string) => fc.array(fc.constantFrom(...alphabet), { maxLength: 8 });
    fc.assert(
      fc.property(small('ab*?'), small('ab'), (pattern, name) => {
        expect(matchesGlob(pattern.join(''), name.join(''))).toBe(slowMatch(pattern, name));
      }),
      { numRuns: 5000 },
    );
  });

  test('without *, ? and [ a pattern matches its own name and nothing else', () => {
    const plain = fc.string({ unit: 'binary' }).filter((text) => !/[*?[]/.test(text));
    fc.assert(
      fc.property(plain, fc.string({ unit: 'binary' }), (pattern, name) => {
        expect(matchesGlob(pattern, pattern)).toBe(true);
        expect(matchesGlob(pattern, name)).toBe(pattern === name);
      }),
    );
  });

  test('any text at all is a pattern that matches itself and never throws', () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'[]!^-*?a\\{}()|.#$\n🙂') });
    fc.assert(
      fc.property(hostile, hostile, (pattern, name) => {
        expect(matchesGlob(pattern, pattern)).toBe(true);
        expect(typeof matchesGlob(pattern, name)).toBe('boolean');
      }),
      { numRuns: 3000 },
    );
  });

  test('a pattern made to be slow is not', () => {
    const began = performance.now();
    expect(matchesGlob(`${'*a'.repeat(200)}*b`, 'a'.repeat(5000))).toBe(false);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
