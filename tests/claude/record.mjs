/**
 * Records what the pinned Claude Code shows and says in each state: `node tests/claude/record.mjs`. Writes
 * golden/<version>/<state>.json; run it after a new version was pinned, and read the difference.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const outfile = join(here, `.record-${process.pid}.mjs`);
await build({
  entryPoints: [join(here, 'record.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  external: ['./install.mjs'],
});
try {
  execFileSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' });
} finally {
  rmSync(outfile);
}
