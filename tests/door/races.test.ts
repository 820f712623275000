import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestServer } from '../support/server.js';
import { PrivateTmux } from '../support/tmux.js';
import { processGone } from '../terminal/bed.js';

let server: TestServer;
let tmux: PrivateTmux;
beforeAll(async () => {
  server = await TestServer.start({ config: { allowed_sessions: ['open', 'open-*'] } });
  tmux = server.tmux;
  await tmux.newSession('keeper', { shell: ['sleep', '600'] });
  await server.client.mcp.listTools();
});
afterAll(() => server.close());

/** How often a pane changes hands while calls go on. */
const TURNS = 20;

/** tmux commands that put a pane where it may not be written, and back. */
interface Race {
  readonly away: (pane: string) => readonly string[];
  readonly back: (pane: string) => readonly string[];
  /** Another pane takes its place, which may be written: so it is named by its id alone. */
  readonly replaced?: boolean;
}

/** Each takes the pane out of the hands of the session `open` alone, and back. */
const RACES: Readonly<Record<string, Race>> = {
  'its session is renamed': {
    away: () => ['rename-session', '-t', '=open', 'closed'],
    back: () => ['rename-session', '-t', '=closed', 'open'],
  },
  'its window is moved': {
    away: (pane) => ['move-window', '-d', '-s', pane, '-t', '=vault:7'],
    back: (pane) => ['move-window', '-d', '-s', pane, '-t', '=open:1'],
  },
  'it is joined to a window elsewhere': {
    away: (pane) => ['join-pane', '-d', '-s', pane, '-t', '=vault:0'],
    back: (pane) => ['break-pane', '-d', '-s', pane, '-t', '=open:1'],
  },
  'its window is linked elsewhere, too': {
    away: () => ['link-window', '-d', '-s', '=open:1', '-t', '=vault:7'],
    back: () => ['unlink-window', '-t', '=vault:7'],
  },
  'it is swapped with one elsewhere': {
    away: (pane) => ['swap-pane', '-d', '-s', pane, '-t', '=vault:0.0'],
    back: (pane) => ['swap-pane', '-d', '-s', pane, '-t', '=open:1.0'],
    replaced: true,
  },
  'its session gets a twin that is not allowed': {
    away: () => ['new-session', '-d', '-s', 'vault-twin', '-t', '=open'],
    back: () => ['kill-session', '-t', '=vault-twin'],
  },
};

describe('a pane that changes hands between check and act', () => {
  afterEach(async () => {
    for (const name of ['=open', '=vault', '=closed', '=vault-twin'])
      await tmux.run('kill-session', '-t', name).catch(() => undefined);
  });

  test.each(Object.entries(RACES))(
    '%s: it gets what was answered with success, and not a byte while away',
    async (how, race) => {
      await tmux.newSession('open', { shell: ['sleep', '600'] });
      await tmux.newSession('vault', { shell: ['sleep', '600'] });
      const file = join(tmux.directory, `got-${how.replace(/\W+/g, '-')}`);
      // Raw and without echo: what arrives is in the file at once, and the pane shows nothing.
      const program = [
        'sh',
        '-c',
        `stty raw -echo; tmux -S ${tmux.socket} wait-for -S raw; exec cat >'${file}'`,
      ];
      const made = ['new-window', '-d', '-t', '=open:1', '-P', '-F', '#{pane_id}', '--', ...program];
      const pane = await tmux.run(...made);
      await tmux.channel('raw');
      const sent: string[] = [];
      const refused: string[] = [];
      let over = false;
      let number = 0;
      const caller = async (args: object): Promise<void> => {
        while (!over) {
          const text = `<${(number += 1)}>`;
          const result = await server.client.raw('write_pane', { session: 'open', ...args, text });
          if (result.isError !== true) sent.push(text);
          else refused.push(text);
        }
      };
      // Its control client is attached before anything moves.
      await server.client.call('read_pane', { session: 'open' });
      const other = race.replaced === true ? { pane } : { window: 1, pane: 0 };
      const callers = [caller({ pane }), caller(other), caller({ pane })];
      const got = (): string => readFileSync(file, 'utf8');
      try {
        for (let turn = 0; turn < TURNS; turn += 1) {
          await tmux.run(...race.away(pane));
          // What was typed before the move may still be on its way into the file.
          await moment();
          const early = got();
          await moment();
          expect(got()).toBe(early);
          const before = sent.length;
          await tmux.run(...race.back(pane));
          while (sent.length === before) await Promise.race([moment(), ...callers]);
        }
      } finally {
        over = true;
        await Promise.all(callers);
      }
      await moment();
      expect(got().match(/<\d+>/g)?.sort()).toEqual(sent.sort());
      expect(sent.length).toBeGreaterThanOrEqual(TURNS);
      expect(refused.length).toBeGreaterThan(TURNS);
    },
    60_000,
  );

  test('a session that is killed and made anew under its name, ids and all, is never mixed up with another', async () => {
    const own = new PrivateTmux();
    const other = await TestServer.start({ tmux: own, config: { allowed_sessions: ['open'] } });
    try {
      for (let round = 0; round < 8; round += 1) {
        // Ids begin at 0 with every server: `vault` has in this round what `open` had in the last.
        const names = round % 2 === 0 ? ['open', 'vault'] : ['vault', 'open'];
        for (const name of names) await own.newSession(name, { shell: ['cat'] });
        const ids = await own.run('list-panes', '-a', '-F', '#{session_name} #{pane_id} #{session_id}');
        expect(ids.split('\n').sort()).toEqual(names.map((name, i) => `${name} %${i} $${i}`).sort());
        const calls = Array.from({ length: 12 }, (_, i) =>
          other.client.raw('write_pane', { session: 'open', text: `mark-${round}-${i}\n` }),
        );
        if (round % 3 === 0) await Promise.all(calls);
        expect(await own.capture('=vault:')).not.toContain('mark');
        await Promise.race(calls);
        expect(await own.capture('=vault:')).not.toContain('mark');
        const pid = Number(await own.run('display-message', '-p', '#{pid}'));
        await own.run('kill-server');
        await Promise.all([...calls, processGone(pid)]);
      }
      await own.newSession('vault', { shell: ['cat'] });
      await own.newSession('open', { shell: ['cat'] });
      await other.client.call('write_pane', { session: 'open', text: 'at last\n' });
      await own.until('=open:', /at last/);
      expect((await own.capture('=vault:')).trim()).toBe('');
    } finally {
      await other.close();
      await own.dispose();
    }
  }, 60_000);
});

describe('what was read while it was allowed', () => {
  test('an output is neither listed nor read once its session is not allowed any more', async () => {
    await tmux.newSession('open-output');
    const config = { allowed_sessions: ['open', 'open-*'] };
    const done = await server.client.call('execute', {
      session: 'open-output',
      command: 'seq 1 3000',
      timeout: 60,
    });
    const uri = done['output_uri'] as string;
    const { mcp } = server.client;
    const listed = async (): Promise<string[]> =>
      (await mcp.listResources()).resources
        .map((one) => one.uri)
        .filter((one) => one.startsWith('panewright://output/'));
    expect(await listed()).toContain(uri);
    expect(JSON.stringify(await mcp.readResource({ uri }))).toContain('2999');
    for (const closed of [{ allowed_sessions: ['open'] }, { write_enabled: true, allowed_sessions: ['x'] }]) {
      server.configure(closed);
      expect(await listed()).toEqual([]);
      const refusal = await mcp.readResource({ uri }).catch((error: unknown) => String(error));
      expect(refusal).toMatch(/OUTPUT_NOT_FOUND/);
      // The same words as for one that never was.
      const never = await mcp
        .readResource({ uri: uri.replace(/.$/, 'f') })
        .catch((error: unknown) => String(error));
      const id = /[0-9a-f]{16}/g;
      if (!uri.endsWith('f')) expect(refusal).toEqual(expect.stringMatching(/no output "[0-9a-f]{16}"/));
      expect((refusal as string).replace(id, '')).toBe((never as string).replace(id, ''));
    }
    server.configure(config);
    expect(await listed()).toContain(uri);
  });

  test('a session that is renamed to a name that is not allowed is refused while a call waits on it, and after', async () => {
    const pane = await tmux.newSession('open-later');
    const waiting = server.client.raw('wait_for', { session: 'open-later', pattern: 'never', timeout: 3 });
    await tmux.run('rename-session', '-t', '=open-later', 'vault-later');
    expect(await server.client.refusal('read_pane', { session: 'open-later' })).toMatch(
      /^SESSION_NOT_FOUND: /,
    );
    expect(await server.client.refusal('read_pane', { session: 'vault-later', pane })).toMatch(
      /^SESSION_NOT_ALLOWED: /,
    );
    await waiting;
    await tmux.run('kill-session', '-t', '=vault-later');
  });
});

/** Long enough for bytes that tmux has been given to reach the program behind a pane. */
async function moment(): Promise<void> {
  await once(spawn('sleep', ['0.06']), 'exit');
}
