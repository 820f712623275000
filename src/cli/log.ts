/**
 * Lines for people, on stderr. Written in batches: a write wakes whoever reads it, and a command that takes a
 * millisecond should not pay for two of them.
 */
import { writeSync } from 'node:fs';

const BATCH_MS = 20;
let batch = '';
let timer: NodeJS.Timeout | undefined;

export function log(line: string): void {
  batch += `${line}\n`;
  timer ??= setTimeout(flush, BATCH_MS);
}

function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  const text = batch;
  batch = '';
  process.stderr.write(text);
}

process.once('exit', () => {
  try {
    if (batch !== '') writeSync(2, batch);
  } catch {
    // Nobody reads any more.
  }
});
