/** What somebody may have meant who typed a word that means nothing. */
import leven from 'leven';

/** ` (did you mean doctor?)`, or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: leven(word, name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? ` (did you mean ${near.name}?)` : '';
}
