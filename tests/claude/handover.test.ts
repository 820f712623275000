/**
 * Launching by the profile's plan, and handing prompts over: what the model reads is what was offered, byte for
 * byte, and what a person has typed is neither sent nor lost.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { claude } from '../../profiles/claude/index.js';
import type { AgentEvent } from '../../src/profile/contract.js';
import { Bed, describeClaude, Repl } from './harness.js';

const agent = claude.agent!;
const id = '11111111-2222-4333-8444-555555555555';

/** Events in the order in which they were written. */
function events(spool: string): AgentEvent[] {
  const folder = agent.eventFolder(spool);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => join(folder, file))
    .map((file) => ({ text: readFileSync(file, 'utf8'), at: statSync(file, { bigint: true }).mtimeNs }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ text }) => agent.readEvent(text))
    .filter((event) => event !== undefined);
}

describeClaude('a session launched by the profile', () => {
  let bed: Bed;
  let repl: Repl;
  let spool: string;
  const exchange = (): NonNullable<ReturnType<typeof agent.exchange>> => agent.exchange(spool)!;

  beforeAll(async () => {
    bed = await Bed.open();
    spool = join(bed.dir, "it's-a-spool");
    const plan = agent.launch({ program: bed.binary, spool, conversation: { id, resume: false } });
    for (const { path, text, mode } of plan.files) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, text, { mode });
    }
    bed.watch(spool);
    bed.watch(agent.eventFolder(spool));
    const created = await bed.tmux(
      ...['new-session', '-d', '-P', '-F', '#{pane_id} #{pane_pid}', '-s', 'main', '-x', '100', '-y', '30'],
      ...['-c', join(bed.dir, 'work'), '-e', 'EDITOR=/bin/true', '--', ...plan.argv],
    );
    const [pane, pid] = created.split(' ') as [string, string];
    await bed.follow('main');
    repl = new Repl(bed, 'main', pane, Number(pid), agent.eventFolder(spool));
    await repl.status('idle');
    await bed.until(async () => agent.readScreen(await repl.screen(true)).phase === 'ready');
  }, 60_000);
  afterAll(() => bed.close());

  /** Offers text; says what became of it. */
  async function offer(text: string): Promise<'accepted' | 'refused'> {
    const { offer, accepted, refused, key } = exchange();
    for (const file of [accepted, refused]) rmSync(file, { force: true });
    writeFileSync(`${offer}.new`, text);
    renameSync(`${offer}.new`, offer);
    await repl.keys(key);
    return bed.until(() => (existsSync(accepted) ? 'accepted' : existsSync(refused) && 'refused'), {
      timeout: 5_000,
    });
  }

  /** Hands a prompt over and submits it; returns what the model read. */
  async function send(text: string): Promise<string> {
    bed.api.requests.length = 0;
    const known = events(spool).filter((event) => event.type === 'accepted').length;
    const plan = agent.planSubmit(text, false);
    expect(plan.way).toBe('text');
    expect(await offer(plan.text)).toBe('accepted');
    await bed.until(
      async () =>
        agent.readScreen(await repl.screen(true)).phase !== 'ready' ||
        agent.readScreen(await repl.screen(true)).draft !== undefined,
    );
    for (const key of plan.keysBeforeEnter) await repl.keys(key);
    const taken = (): boolean => events(spool).filter((event) => event.type === 'accepted').length > known;
    for (let attempt = 0; attempt < 10 && !taken(); attempt += 1) {
      await repl.keys('Enter');
      await bed.until(taken, { timeout: 500 }).catch(() => false);
    }
    const request = await bed.api.request(() => true);
    await bed.until(() => events(spool).at(-1)?.type === 'completed');
    await repl.status('idle');
    return request.prompt;
  }

  test('is the process of its pane, with the conversation that was asked for', () => {
    expect(agent.readStatus(JSON.stringify(repl.registry()))).toMatchObject({
      conversation: id,
      state: 'idle',
    });
    expect(events(spool)[0]).toMatchObject({ type: 'started', source: 'startup', conversation: id });
  });

  test.each([
    ['several lines', 'one\n\n\n\ntwo\n  three'],
    ['a leading dash', '-x --help'],
    ['a path', '/usr/bin/env is what?'],
    ['a leading exclamation mark', '!ls -l'],
    ['a leading hash', '# heading'],
    ['a leading at sign', '@/etc/hosts what'],
    ['a lone question mark', '?'],
    ['a semicolon at the end', 'echo hi;'],
    ['a backslash at the end', 'a\nC:\\temp\\'],
    ['tabs', 'a\tb\n\tc'],
    ['leading white space', '   \n  indented'],
    ['emoji and combining characters', '👩‍👩‍👧 ❤️ e\u0301 ü 日本'],
    ['a carriage return', 'a\r\nb'],
    ['quotes, dollars and hashes', `'"\`$(id) #{pane_id} %1 ~`],
    ['what looks like a pasted text', '[Pasted text #1 +3 lines] [Image #1]'],
    ['10 KB', `${'0123456789 é\n'.repeat(800)}end`],
    ['300 KB', `${'0123456789 é\n'.repeat(22_000)}end`],
  ])('reads a prompt exactly: %s', async (_title, text) => {
    const got = await send(text);
    expect(got.length).toBe(text.length);
    expect(got === text).toBe(true);
  });

  test('does not lose or send what somebody has typed', async () => {
    await repl.type('mine, unfinished');
    await repl.shows('mine, unfinished');
    expect(await offer('another')).toBe('refused');
    expect(readFileSync(exchange().draft, 'utf8')).toBe('mine, unfinished');
    await bed.until(async () => agent.readScreen(await repl.screen(true)).draft === 'mine, unfinished');
  });

  test('gives up a draft that is named exactly, and only that', async () => {
    writeFileSync(exchange().expect, 'something else');
    expect(await offer('')).toBe('refused');
    writeFileSync(exchange().expect, 'mine, unfinished');
    expect(await offer('')).toBe('accepted');
    rmSync(exchange().expect);
    await bed.until(async () => agent.readScreen(await repl.screen(true)).draft === undefined);
  });

  test("opens the user's own editor when nothing is offered", async () => {
    await repl.type('stays');
    await repl.shows('stays');
    await repl.keys(exchange().key);
    await repl.keys('C-e');
    await repl.type(' as it was');
    await repl.shows('stays as it was');
    writeFileSync(exchange().expect, 'stays as it was');
    expect(await offer('')).toBe('accepted');
    rmSync(exchange().expect);
  });

  test('goes on working when its spool is gone', async () => {
    rmSync(spool, { recursive: true });
    bed.api.requests.length = 0;
    await repl.type('still there?');
    await repl.shows('still there?');
    await repl.keys('Enter');
    await bed.api.request('still there?');
    await repl.shows('ok');
    expect(await repl.screen()).not.toContain('hook error');
  });
});
