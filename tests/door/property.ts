/**
 * Runs a property over calls of the real server: batches of calls at once, then everything is compared. A failure
 * is shrunk to the smallest batch and printed with the seed that repeats it (PANEWRIGHT_SEED, PANEWRIGHT_CASES).
 */
import { expect } from '@jest/globals';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { ERRORS } from '../../src/errors.js';
import { textOf, type TestClient } from '../support/client.js';
import type { Call } from './hostile.js';
import { LEAK, type Terrain } from './terrain.js';
import { wholeOf } from './whole.js';

const BATCH = 25;
/** What a call may take: the longest wait that the suites' configuration allows, and the deadline of a fault. */
const MAX_MS = 3_500;

/** What a case may take on a busy machine, and the last batch with the comparison of everything. */
const CASE_MS = 30;
const COMPARING_MS = 30_000;

/** How long a test of so many cases, or of as many as are asked for, may take: enough that all of them are tried. */
export function timeFor(cases: number): number {
  return Number(process.env['PANEWRIGHT_CASES'] ?? cases) * CASE_MS + 2 * COMPARING_MS;
}

export interface Judgement {
  readonly call: Call;
  readonly text: string;
  readonly isError: boolean;
}

/**
 * @param cases number of calls
 * @param check what must hold for one answer besides: a known error or a result, in time, and no word of a secret
 * @returns how often each kind of answer came: `tool CODE`, or `tool ok`
 */
export async function nothingChanges(
  terrain: Terrain,
  client: TestClient,
  call: fc.Arbitrary<Call>,
  cases: number,
  check: (judgement: Judgement) => void = () => undefined,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const seed = Number(process.env['PANEWRIGHT_SEED'] ?? Date.now() % 2 ** 31);
  const wanted = Number(process.env['PANEWRIGHT_CASES'] ?? cases);
  const before = await wholeOf(terrain.tmux);
  const hidden = await terrain.hiddenPanes(/^(work|work-2|frozen|guest|twin)$/);
  const batch = async (batched: readonly Call[]): Promise<void> => {
    const answers = await Promise.all(batched.map((one) => answer(client, one)));
    for (const { text, isError, call: one } of answers) {
      const code = isError ? (text.split(':')[0] ?? '') : 'ok';
      if (isError) expect(Object.keys(ERRORS)).toContain(code);
      expect(code).not.toBe('INTERNAL');
      if (!JSON.stringify(one).includes(LEAK)) expect(text).not.toContain(LEAK);
      // A pane's id tells of it as much as a word that it shows.
      for (const [id] of text.matchAll(/%\d+/g))
        if (!JSON.stringify(one).includes(id)) expect(hidden).not.toContain(id);
      counts.set(`${one.tool} ${code}`, (counts.get(`${one.tool} ${code}`) ?? 0) + 1);
      check({ call: one, text, isError });
    }
    expect(await wholeOf(terrain.tmux)).toBe(before);
    expect(existsSync(terrain.canary)).toBe(false);
  };
  const details = await fc.check(
    fc.asyncProperty(fc.array(call, { minLength: BATCH, maxLength: BATCH, size: 'max' }), batch),
    {
      seed,
      numRuns: Math.ceil(wanted / BATCH),
      interruptAfterTimeLimit: timeFor(cases) - COMPARING_MS,
      markInterruptAsFailure: true,
    },
  );
  if (details.interrupted && details.counterexample === null)
    throw new Error(`only ${details.numRuns * BATCH} of ${wanted} cases were tried (seed ${seed})`);
  if (details.failed) throw new Error((await fc.asyncDefaultReportMessage(details)) ?? 'failed');
  expect(client.stderr).not.toContain(LEAK);
  return counts;
}

async function answer(client: TestClient, call: Call): Promise<Judgement> {
  const began = performance.now();
  const result = await client.raw(call.tool, call.args);
  const took = performance.now() - began;
  expect(took).toBeLessThan(BATCH * MAX_MS);
  return { call, text: textOf(result), isError: result.isError === true };
}
