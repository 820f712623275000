/**
 * Reads what jest wrote with --json. `node results.mjs failing FIRST` prints the suites to run again, one a line;
 * `node results.mjs count FIRST [AGAIN]` prints how many tests passed and how many failed, the second run's word
 * standing for the suites in it, and names on stderr what passed only then.
 */
import { existsSync, readFileSync } from 'node:fs';

const [what, ...files] = process.argv.slice(2);
const [first, ...again] = files
  .filter((file) => existsSync(file))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')));
if (!first) throw new Error('jest wrote no results');

const failing = first.testResults.filter(({ status }) => status === 'failed');
if (what === 'failing') for (const { name } of failing) console.log(name);
else {
  const key = (suite, test) => `${suite.name} ${test.fullName}`;
  const failedBefore = new Set(
    failing.flatMap((suite) => suite.assertionResults.filter(isRed).map((test) => key(suite, test))),
  );
  const rerun = new Map(again.flatMap((run) => run.testResults.map((suite) => [suite.name, suite])));
  let passed = 0;
  let failed = 0;
  for (const suite of first.testResults.map((one) => rerun.get(one.name) ?? one)) {
    const red = suite.assertionResults.filter((test) => test.status !== 'passed');
    passed += suite.assertionResults.length - red.length;
    // What is skipped, or left to do, has not been shown to work.
    failed += red.length + (suite.status === 'failed' && red.length === 0 ? 1 : 0);
    for (const test of red) console.error(`${test.status}: ${test.fullName}`);
    for (const test of suite.assertionResults)
      if (test.status === 'passed' && failedBefore.has(key(suite, test)))
        console.error(`PASSED ONLY WHEN RUN AGAIN: ${test.fullName}`);
  }
  console.log(passed, failed);
}

function isRed({ status }) {
  return status === 'failed';
}
