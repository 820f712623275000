import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestServer } from './server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ clientName: 'visitor' });
  await server.tmux.newSession('work');
});
afterAll(() => server.close());

test('a client starts the built server and runs a command in a real pane', async () => {
  const args = { session: 'work', command: 'echo "hi there"' };
  expect(await server.client.call('execute', args)).toMatchObject({
    state: 'completed',
    exit_code: 0,
    output_lines: ['hi there'],
  });
});

test('a refused call is told apart from one that succeeds', async () => {
  expect(await server.client.refusal('read_pane', { session: 'wrok' })).toMatch(/^SESSION_NOT_FOUND: .*work/);
  await expect(server.client.refusal('read_pane', { session: 'work' })).rejects.toThrow('succeeded');
  await expect(server.client.call('read_pane', { session: 'wrok' })).rejects.toThrow('SESSION_NOT_FOUND');
});

test('a call that is not answered fails, and names itself and where the server stands', async () => {
  const { pid } = server.client;
  process.kill(pid, 'SIGSTOP');
  try {
    const args = { session: 'work', timeout: 0.2 };
    const failed = await server.client
      .call('wait_for', args, { patience: 0.3 })
      .catch((error: unknown) => String(error));
    expect(failed).toMatch(/^Error: not answered in 0.5 s: wait_for \{.*"session":"work","timeout":0.2\}\n/);
    expect(failed).toMatch(new RegExp(`^ *${pid} +\\d+ +T`, 'm'));
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

test('a configuration that is changed counts from the next call on', async () => {
  server.configure({ write_enabled: false });
  expect(await server.client.refusal('write_pane', { session: 'work', text: 'x' })).toMatch(
    /^WRITE_DISABLED: /,
  );
  server.configure({});
  await server.client.call('write_pane', { session: 'work', text: '# typed' });
  await server.tmux.until('=work:', /# typed/);
});
