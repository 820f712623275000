/**
 * The directory of this test run, made by global-setup.ts: it holds everything that the suites make (sockets,
 * homes, config files), so that global-teardown.ts finds whatever a suite forgot.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';

export function runDirectory(): string {
  const run = process.env['PANEWRIGHT_TEST_RUN'];
  if (run === undefined) throw new Error('tests are run by jest, whose global setup makes the run directory');
  return run;
}

/** A fresh directory inside the run's. The path is short because a socket's path may have about 100 bytes. */
export function freshDirectory(): string {
  return mkdtempSync(join(runDirectory(), 'd'));
}
