/** A program that stands still, as on a machine that is busy with other things, in the moments that matter. */
import { chmodSync, readFileSync, readdirSync, rmSync, watch, writeFileSync, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { describeClaude } from '../claude/harness.js';
import type { Json } from '../support/client.js';
import { Stage } from './stage.js';

describeClaude('the real Claude Code, stopped', () => {
  let stage: Stage;
  let pid: number | undefined;
  let statusFile: string;
  beforeAll(async () => {
    stage = await Stage.open();
    // tmux lets its own child go on when it is stopped, not a grandchild.
    const bin = join(stage.bed.dir, 'bin/claude');
    rmSync(bin);
    writeFileSync(bin, `#!/bin/sh\n'${stage.bed.binary}' "$@"\n`);
    chmodSync(bin, 0o755);
    await stage.start('s');
    await send('begin'); // by now there is a status file
    const statuses = join(stage.bed.home, '.claude/sessions');
    const [file] = readdirSync(statuses).filter((name) => /^\d+\.json$/.test(name));
    pid = parseInt(file ?? '');
    statusFile = join(statuses, file ?? '');
  }, 60_000);
  afterAll(async () => {
    if (pid !== undefined) goOn();
    await stage?.close();
  });

  const send = (prompt: string, client = stage.client): Promise<Json> =>
    client.call('session_send', { name: 's', prompt, timeout: 60 });
  const stop = (): boolean => process.kill(pid ?? NaN, 'SIGSTOP');
  const goOn = (): boolean => process.kill(pid ?? NaN, 'SIGCONT');
  const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const isIdle = (): boolean =>
    (JSON.parse(readFileSync(statusFile, 'utf8')) as { status?: unknown }).status === 'idle';

  /** Stops the program at its next report. */
  function atReport(stopped: () => void): FSWatcher {
    const watcher = watch(join(stage.spool('s'), 'events'), (_, file) => {
      if (file?.endsWith('.json') !== true) return;
      watcher.close();
      stop();
      stopped();
    });
    return watcher;
  }

  test('between taking a prompt and working on it, it has not been interrupted', async () => {
    let stood = false;
    for (let i = 0; i < 20 && !stood; i++) {
      const watcher = atReport(() => {
        stood = isIdle();
        setTimeout(goOn, stood ? 7_500 : 0);
      });
      expect(await send(`stand still ${i}`)).toMatchObject({ outcome: 'completed', response: 'ok' });
      watcher.close();
    }
    expect(stood).toBe(true);
  }, 60_000);

  test('a prompt for a program that has taken another, and neither shows it nor works on it, has its own answer', async () => {
    const other = await stage.another();
    stage.bed.api.when(/^(?:before|after) \d+$/, ({ prompt }) => `for ${prompt}`);
    /** Lets it go on in small steps, to the moment in which its composer is empty and its file still says idle. */
    const empties = async (prompt: string): Promise<boolean> => {
      while (isIdle()) {
        const composer = (await stage.screen('s')).split('\n').slice(-6).join('\n');
        if (!composer.includes(prompt)) return true;
        goOn();
        await later(1);
        stop();
      }
      return false;
    };
    let met = 0;
    for (let i = 0; i < 30 && met < 2; i++) {
      const second = { sent: Promise.resolve<Json>({}), to: false };
      const watcher = atReport(() => {
        void empties(`before ${i}`)
          .then(async (empty) => {
            if (!empty) return;
            Object.assign(second, { sent: send(`after ${i}`, other), to: true });
            await later(1_000);
          })
          .finally(goOn);
      });
      const first = await send(`before ${i}`);
      watcher.close();
      expect(first).toMatchObject({ outcome: 'completed', response: `for before ${i}` });
      if (!second.to) continue;
      met += 1;
      expect(await second.sent).toMatchObject({ outcome: 'completed', response: `for after ${i}` });
    }
    expect(met).toBe(2);
    await other.close();
  }, 120_000);
});
