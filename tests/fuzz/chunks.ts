/** Bytes cut at random places, as a pipe delivers them; and how often each property is tried. */
import fc from 'fast-check';

/** Cases of a pure property, and of one that asks a real program each time. `PANEWRIGHT_CASES` sets both. */
export const PURE = cases(2_000);
export const REAL = cases(300);

function cases(numRuns: number): { readonly numRuns: number; readonly seed?: number } {
  const { PANEWRIGHT_CASES: wanted, PANEWRIGHT_SEED: seed } = process.env;
  return { numRuns: Number(wanted ?? numRuns), ...(seed !== undefined && { seed: Number(seed) }) };
}

/** Places at which to cut, as shares of the whole. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
  maxLength: 12,
});

export function chunked(whole: Buffer, at: readonly number[]): Buffer[] {
  const places = [
    0,
    ...at.map((share) => Math.floor(share * whole.length)).sort((a, b) => a - b),
    whole.length,
  ];
  return places.slice(1).map((end, i) => whole.subarray(places[i], end));
}

/** Every byte a chunk of its own. */
export function bytewise(whole: Buffer): Buffer[] {
  return Array.from(whole, (_, i) => whole.subarray(i, i + 1));
}
