/** The real Claude Code as a client: it connects, its (scripted) model calls our tools, and reads what they return. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, describeClaude, Repl } from '../claude/harness.js';
import { CLI } from '../support/client.js';
import { tools } from '../../src/tools/registry.js';
import { PLAIN_BASH } from '../support/tmux.js';

describeClaude('the real Claude Code as a client', () => {
  let bed: Bed;
  let repl: Repl;
  let turns = 0;
  const allowed = ['list_sessions', 'execute', 'read_pane'].map((name) => `mcp__panewright__${name}`);

  beforeAll(async () => {
    bed = await Bed.open();
    await bed.tmux('new-session', '-d', '-s', 'work', '--', ...PLAIN_BASH);
    const configure = (name: string, value: object) => {
      writeFileSync(join(bed.dir, name), JSON.stringify(value));
      return join(bed.dir, name);
    };
    const config = configure('panewright.json', {
      write_enabled: true,
      allowed_sessions: ['work'],
      tmux: { socket_path: bed.socket },
    });
    const servers = configure('mcp.json', {
      mcpServers: { panewright: { command: process.execPath, args: [CLI, '--config', config] } },
    });
    const args = ['--mcp-config', servers, '--strict-mcp-config', '--allowedTools', allowed.join(',')];
    repl = await (await Repl.start(bed, { args })).ready();
  });
  afterAll(() => bed.close());

  /** What the hook at the end of the turn tells, once the next prompt may come. */
  const ended = async () => {
    const stop = await repl.hook('Stop', (turns += 1));
    await repl.status('idle');
    return stop;
  };

  /** Result of the tool call that the model is scripted to make, as the model is given it. */
  const calls = async (prompt: string, tool: string, input: object) => {
    bed.api.reset();
    bed.api.when(prompt, [{ tool: `mcp__panewright__${tool}`, input, id: tool }]);
    bed.api.when(({ followUp }) => followUp, `done with ${tool}`);
    await repl.submit(prompt);
    const { toolResults } = await bed.api.request(({ toolResults: results }) =>
      results.some(({ id }) => id.includes(tool)),
    );
    expect((await ended())['last_assistant_message']).toBe(`done with ${tool}`);
    return toolResults.find(({ id }) => id.includes(tool));
  };

  test('is offered every tool, with our words', async () => {
    // It connects to servers in the background and does not keep its first prompt waiting for them.
    let read = '';
    const missing = (): string[] =>
      tools.map(({ name }) => name).filter((name) => !read.includes(`mcp__panewright__${name}`));
    for (let turn = 0; turn < 10 && missing().length > 0; turn += 1) {
      await repl.submit(`hello ${turn}`);
      read = JSON.stringify((await bed.api.request(`hello ${turn}`)).body);
      await ended();
    }
    // The schemas of MCP tools are kept back until the model asks; the names and our instructions are there.
    expect(missing()).toEqual([]);
    expect(read.includes('Panewright drives tmux panes exactly')).toBe(true);
  });

  test('lists the sessions that may be used, runs a command and gets its exact output', async () => {
    const listed = await calls('what is there', 'list_sessions', {});
    expect(listed).toMatchObject({ error: false });
    expect(listed?.content).toContain('work');
    expect(listed?.content).not.toContain('"main"'); // its own session is not allowed
    const ran = await calls('run it', 'execute', { session: 'work', command: 'printf "a\\tb\\n"; (exit 3)' });
    expect(ran?.content).toMatch(/\\?"exit_code\\?":\s*3/);
    expect(ran?.content).toMatch(/a\\+tb/);
    expect(await bed.tmux('capture-pane', '-p', '-t', '=work:')).toContain('printf "a\\tb\\n"; (exit 3)');
  });

  test('is told what to do next when a call is refused', async () => {
    const refused = await calls('look at it', 'read_pane', { session: 'wrok' });
    expect(refused).toMatchObject({ error: true });
    expect(refused?.content).toMatch(/SESSION_NOT_ALLOWED: .*wrok.* Call list_sessions/);
  });
});
