/**
 * Before the suites: one directory for the run and one fresh build. A build that fails does not stop suites
 * that need none; a client that is started after it rejects with the build's own words. Jest loads this file
 * without its resolver, so it imports nothing but Node's own modules.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export default function setup(): void {
  process.env['PANEWRIGHT_TEST_RUN'] = mkdtempSync(join(realpathSync(tmpdir()), 'pw-'));
  if (process.env['PANEWRIGHT_BUILT'] !== undefined) return;
  const script = resolve(import.meta.dirname, '../../scripts/build.mjs');
  const built = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (built.status !== 0) process.env['PANEWRIGHT_BUILD_ERROR'] = built.stderr || String(built.error);
}
