/**
 * Session patterns: `*` any run, `?` one character, `[abc]`, `[a-z]`, `[!a]` (or `[^a]`) one of a set; everything
 * else stands for itself. Anchored, case-sensitive, no braces, no extglobs, no escapes (`[*]` is a plain star),
 * no special dots: libraries made for paths bring surprises that a whitelist cannot have. Runs in
 * pattern x name steps at worst (the one-star backtracking of Kirk Krauss), so no pattern can hang a call.
 */

type Atom = { readonly star: true } | { readonly star: false; matches(character: string): boolean };

const STAR: Atom = { star: true };

/** Parses the set that begins after `[`; null when it never closes, and `[` is then an ordinary character. */
function parseSet(characters: readonly string[], start: number): { atom: Atom; end: number } | null {
  let at = start;
  const negated = characters[at] === '!' || characters[at] === '^';
  if (negated) at += 1;
  // A `]` in first place is a member, as in POSIX.
  const close = characters.indexOf(']', at + 1);
  if (close === -1) return null;
  const ranges: [string, string][] = [];
  while (at < close) {
    const low = characters[at] ?? '';
    const isRange = characters[at + 1] === '-' && at + 2 < close;
    ranges.push([low, isRange ? (characters[at + 2] ?? low) : low]);
    at += isRange ? 3 : 1;
  }
  const point = (character: string): number => character.codePointAt(0) ?? -1;
  const isIn = (character: string): boolean =>
    ranges.some(([low, high]) => point(low) <= point(character) && point(character) <= point(high));
  return { atom: { star: false, matches: (character) => isIn(character) !== negated }, end: close + 1 };
}

function parse(pattern: string): Atom[] {
  const characters = [...pattern];
  const atoms: Atom[] = [];
  for (let at = 0; at < characters.length;) {
    const character = characters[at] ?? '';
    const set = character === '[' ? parseSet(characters, at + 1) : null;
    if (set) {
      atoms.push(set.atom);
      at = set.end;
      continue;
    }
    if (character === '*') atoms.push(STAR);
    else atoms.push({ star: false, matches: (other) => character === '?' || other === character });
    at += 1;
  }
  return atoms;
}

/** Whether a session name matches a pattern. A name always matches itself, whatever characters it holds. */
export function matchesGlob(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  const atoms = parse(pattern);
  const characters = [...name];
  let atom = 0;
  let at = 0;
  /** After the last star: which atom comes next, and how much of the name the star has taken. */
  let retry: { atom: number; at: number } | null = null;
  while (at < characters.length) {
    const current = atoms[atom];
    if (current?.star === true) {
      atom += 1;
      retry = { atom, at };
    } else if (current?.matches(characters[at] ?? '') === true) {
      atom += 1;
      at += 1;
    } else if (retry) {
      retry.at += 1;
      ({ atom, at } = retry);
    } else {
      return false;
    }
  }
  return atoms.slice(atom).every((rest) => rest.star);
}

/** The first pattern that a name matches; undefined when none does. */
export function firstMatch(patterns: readonly string[], name: string): string | undefined {
  return patterns.find((pattern) => matchesGlob(pattern, name));
}
