/** After the suites: tmux servers that still have a socket in the run's directory are ended, and it goes. */
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export default function teardown(): void {
  const run = process.env['PANEWRIGHT_TEST_RUN'];
  if (run === undefined) return;
  for (const entry of readdirSync(run)) {
    const socket = join(run, entry, 's');
    if (statSync(socket, { throwIfNoEntry: false })?.isSocket())
      spawnSync('tmux', ['-S', socket, 'kill-server'], { timeout: 5000 });
  }
  rmSync(run, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
