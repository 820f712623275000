import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, describeClaude } from '../claude/harness.js';
import { TestClient } from '../support/client.js';
import { Sshd } from '../support/sshd.js';

describeClaude('Claude Code on a host behind ssh', () => {
  let bed: Bed;
  let sshd: Sshd;
  let client: TestClient;
  let state: string;
  beforeAll(async () => {
    bed = await Bed.open();
    state = join(bed.dir, 'far-state');
    const bin = join(bed.dir, 'bin');
    mkdirSync(bin);
    symlinkSync(bed.binary, join(bin, 'claude'));
    const path = `${bin}:${process.env['PATH'] ?? ''}`;
    sshd = await Sshd.start({ config: [`SetEnv XDG_STATE_HOME=${state} PATH=${path}`] });
    const config = join(bed.dir, 'panewright.json');
    const tmux = { socket_path: bed.socket };
    writeFileSync(config, JSON.stringify({ write_enabled: true, hosts: { build: { ...sshd.entry, tmux } } }));
    // Its own home is elsewhere: what it knows of the program it can only know from over there.
    const home = join(bed.dir, 'our-home');
    mkdirSync(home);
    client = await TestClient.start({
      args: ['--config', config],
      env: { PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8' },
      cwd: home,
    });
  });
  afterAll(async () => {
    await client.close();
    await bed.close();
    await sshd.close();
  });

  const call = (tool: string, args: Record<string, unknown>) =>
    client.call(tool, { host: 'build', name: 'far', ...args });

  test('answers byte for byte, told by its hook and its transcript over there', async () => {
    const started = await call('session_start', { working_dir: join(bed.dir, 'work') });
    expect(started).toMatchObject({ host: 'build', state: 'idle', claude_alive: true });
    const answer = '**Bold**, `code` and\n\n```ts\nconst x = 1;\n```\n\nünïcödé — done.';
    bed.api.when(/^Say something/, answer);
    const prompt = 'Say something\nin several lines, with a long one: ' + 'word '.repeat(300) + 'end';
    expect(await call('session_send', { prompt, timeout: 60 })).toMatchObject({
      response: answer,
      outcome: 'completed',
      source: 'hook',
    });
    expect(await call('session_status', { explain: true })).toMatchObject({
      state: 'idle',
      evidence: expect.arrayContaining([
        expect.objectContaining({ signal: 'registry', says: 'idle', decided: true }),
      ]),
    });
  });

  test('is started again with its conversation', async () => {
    const { claude_session_id: before } = await call('session_status', {});
    await bed.tmux('kill-session', '-t', '=far');
    bed.api.when(/there\?/, 'still here');
    expect(await call('session_send', { prompt: 'Are you there?', timeout: 60 })).toMatchObject({
      response: 'still here',
      claude_session_id: before,
    });
  });

  test('leaves nothing of ours over there when it is destroyed', async () => {
    expect(readdirSync(join(state, 'panewright/spool'))).toHaveLength(1);
    await call('session_destroy', {});
    expect(readdirSync(join(state, 'panewright/spool'))).toEqual([]);
    expect(existsSync(join(bed.dir, 'work'))).toBe(true);
  });
});
