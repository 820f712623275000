/** The test bed itself: the real binary, a scripted model, and nothing else within reach. */
import { Bed, describeClaude, Repl, version } from './harness.js';

describeClaude('the real Claude Code in the test bed', () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.open();
  });
  afterAll(() => bed.close());

  test('answers a scripted prompt, and the hook brings the exact Markdown', async () => {
    const answer = '# Title\n\n- **one**\n- `two`\n\n```sh\necho hi\n```\n';
    bed.api.when('hello there', answer);
    const repl = await (await Repl.start(bed)).ready();
    expect(repl.registry()).toMatchObject({ status: 'idle', version });
    await repl.submit('hello there');
    const stop = await repl.hook('Stop');
    expect(stop['last_assistant_message']).toBe(answer.trim());
    expect(bed.api.prompts).toEqual(['hello there']);
    await repl.status('idle');
  });

  test('has no way out of the machine', async () => {
    await bed.tmux('new-session', '-d', '-s', 'net', '--', 'sh', '-c', 'ip -o addr; ip route; sleep 60');
    const addresses = await bed.until(
      async () => {
        const text = await bed.tmux('capture-pane', '-p', '-t', '=net:');
        return text.includes('inet ') && text;
      },
      { every: 20 },
    );
    expect(addresses.match(/inet \S+/g)).toEqual(['inet 127.0.0.1/8']);
    expect(addresses).not.toContain('default');
  });
});
