import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Memory } from '../../src/panes/memory.js';
import { PURE } from './chunks.js';

test('the last bytes of a stream are kept, at least as many as was asked for and never many more', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 0, max: 70_000 }).map((length) => new Uint8Array(length).fill(length % 251)),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.nat(80_000),
      (pieces, most, wanted) => {
        const memory = new Memory(most);
        for (const one of pieces) memory.add(Buffer.from(one));
        const whole = Buffer.concat(pieces);
        const kept = memory.last(Number.MAX_SAFE_INTEGER);
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(most, whole.length));
        expect(kept.length).toBeLessThan(most + 16 * 1024);
        expect(whole.subarray(whole.length - kept.length).equals(kept)).toBe(true);
        const some = memory.last(wanted);
        expect(some.length).toBe(Math.min(wanted, kept.length));
        expect(kept.subarray(kept.length - some.length).equals(some)).toBe(true);
        memory.forget(wanted);
        const left = memory.last(Number.MAX_SAFE_INTEGER);
        expect(left.length).toBeGreaterThanOrEqual(some.length);
        expect(left.length).toBeLessThanOrEqual(wanted + 16 * 1024);
        expect(kept.subarray(kept.length - left.length).equals(left)).toBe(true);
      },
    ),
    { ...PURE, numRuns: PURE.numRuns / 2 },
  );
});
