import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshDirectory } from '../support/run-dir.js';
import { Sshd } from '../support/sshd.js';
import { TestServer } from '../support/server.js';
import { PrivateTmux } from '../support/tmux.js';

let sshd: Sshd;
let server: TestServer;
let far: PrivateTmux;
beforeAll(async () => {
  sshd = await Sshd.start();
  far = new PrivateTmux();
  await far.newSession('work');
  server = await TestServer.start({
    config: { hosts: { build: { ...sshd.entry, tmux: { socket_path: far.socket } } } },
  });
});
afterAll(async () => {
  await server.close();
  await far.dispose();
  await sshd.close();
});
afterEach(async () => {
  sshd.signal('SIGCONT');
  if (sshd.pid === 0) await sshd.listen();
});

const call = (tool: string, args: Record<string, unknown>) =>
  server.client.call(tool, { host: 'build', session: 'work', ...args });

/** Ends all connections of the host while a command runs there. */
async function cutDuring(
  what: string,
  timeout: number,
  cut: (go: () => void) => Promise<void>,
): Promise<unknown> {
  await call('execute', { command: 'true' });
  const fifo = join(freshDirectory(), 'go');
  execFileSync('mkfifo', [fifo]);
  const command = `clear; echo begun; cat ${fifo}; ${what}`;
  const running = call('execute', { command, timeout }).catch((error: unknown) => String(error));
  await far.until('=work:', /^begun$/m);
  await cut(() => writeFileSync(fifo, ''));
  return running;
}

test('a command outlives its connection: what it prints later and its exit code still come', async () => {
  const done = await cutDuring('echo done; (exit 7)', 60, async (go) => {
    await sshd.kill();
    await sshd.listen();
    // Panewright is back when it looks at the pane again; only then does the command go on.
    await call('pane_info', {});
    go();
  });
  expect(done).toMatchObject({ state: 'completed', exit_code: 7 });
  expect(JSON.stringify(done)).toMatch(/begun.*done/);
  expect(JSON.stringify(done)).toMatch(/connection to tmux was lost/);
});

test('a command that ended while nobody could listen is reported with what it printed', async () => {
  const done = await cutDuring('echo late; (exit 9)', 60, async (go) => {
    await sshd.kill();
    go();
    await far.until('=work:', /^late$/m);
    await sshd.listen();
  });
  expect(done).toMatchObject({ state: 'completed', exit_code: 9, output_lines: ['begun', 'late'] });
});

test('a host that stays away ends the wait with a clear error, and the result is collected later', async () => {
  let release = (): void => undefined;
  const said = await cutDuring('echo kept', 3, async (go) => {
    release = go;
    await sshd.kill();
  });
  await sshd.listen();
  release();
  // The last try may have met an sshd that was ending.
  expect(said).toMatch(
    /HOST_UNREACHABLE: .*(Connection refused|closed by remote host).*may go on there.*wait_for/s,
  );
  const waited = (await call('wait_for', { timeout: 60 })) as { state: string; output_lines: string[] };
  expect(waited.state).toBe('completed');
  expect(waited.output_lines).toContain('kept');
});

test('while a host is frozen calls say so, and it works again when it wakes up', async () => {
  await call('execute', { command: 'true' });
  sshd.signal('SIGSTOP');
  const error = await server.client.refusal('read_pane', { host: 'build', session: 'work' });
  expect(error).toMatch(/^(TMUX_LOST|HOST_UNREACHABLE): .*host build/);
  sshd.signal('SIGCONT');
  expect(await call('execute', { command: 'echo awake', timeout: 30 })).toMatchObject({
    output_lines: ['awake'],
  });
});

test('a frozen host delays the list of sessions once, and then not at all', async () => {
  await sshd.kill();
  const listed = async () => {
    const started = performance.now();
    const result = await server.client.call<{ hosts: unknown[] }>('list_sessions');
    return { ms: performance.now() - started, hosts: result.hosts };
  };
  const row = { name: 'build', reachable: false, problem: expect.stringMatching(/^HOST_UNREACHABLE: /) };
  expect((await listed()).hosts).toEqual([expect.objectContaining(row)]);
  const again = await listed();
  expect(again.hosts).toEqual([expect.objectContaining(row)]);
  expect(again.ms).toBeLessThan(1_000);
  await sshd.listen();
  expect(await call('execute', { command: 'echo back', timeout: 30 })).toMatchObject({
    output_lines: ['back'],
  });
});
