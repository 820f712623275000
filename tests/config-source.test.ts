import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { Home } from './config-files.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a changed file takes effect at the next call', () => {
  test('when it is created, rewritten in place, and replaced by a rename', async () => {
    const home = new Home();
    const source = home.source();
    expect((await source.current()).config.write_enabled).toBe(false);
    const path = home.config({ write_enabled: true });
    expect((await source.current()).config.write_enabled).toBe(true);
    writeFileSync(path, JSON.stringify({ write_enabled: false }));
    expect((await source.current()).config.write_enabled).toBe(false);
    writeFileSync(`${path}.new`, JSON.stringify({ write_enabled: true, buffer_size: 7 }));
    renameSync(`${path}.new`, path);
    expect((await source.current()).config).toMatchObject({ write_enabled: true, buffer_size: 7 });
  });

  test('even when the new text has the same size and comes within the same tick of the clock', async () => {
    const home = new Home();
    const source = home.source();
    for (let round = 0; round < 200; round += 1) {
      home.config({ buffer_size: 100 + round });
      expect((await source.current()).config.buffer_size).toBe(100 + round);
    }
  });

  test('while it stays the same, the same object is handed out', async () => {
    const home = new Home();
    home.age(home.config({ write_enabled: true }));
    const source = home.source();
    const first = await source.current();
    expect(await source.current()).toBe(first);
  });

  test('asking costs less than 0.1 ms when nothing changed', async () => {
    const home = new Home();
    home.age(home.config({ write_enabled: true }));
    const source = home.source();
    await source.current();
    const rounds = 2000;
    const began = performance.now();
    for (let round = 0; round < rounds; round += 1) await source.current();
    expect((performance.now() - began) / rounds).toBeLessThan(0.1);
  });

  test('a YAML file is read too, and its changes', async () => {
    const home = new Home();
    const path = home.write(
      '.config/panewright/config.yaml',
      'write_enabled: true\ntmux:\n  socket_name: x\n',
    );
    const source = home.source();
    expect((await source.current()).config).toMatchObject({
      write_enabled: true,
      tmux: { socket_name: 'x' },
    });
    writeFileSync(path, 'write_enabled: false\n');
    expect((await source.current()).config.write_enabled).toBe(false);
  });

  test('a YAML file that is still being written is read when it has settled', async () => {
    const home = new Home();
    const path = home.write('.config/panewright/config.yaml', 'write_enabled: true\n');
    const asked = home.source().current();
    writeFileSync(path, 'write_enabled: true\nallowed_sessions: [work]\n');
    expect((await asked).config.allowed_sessions).toEqual(['work']);
  });
});

test('a YAML file that is written without a pause closes the door within three seconds', async () => {
  const home = new Home();
  const path = home.write('.config/panewright/config.yaml', 'write_enabled: true\n');
  const writing = setInterval(() => {
    appendFileSync(path, '# more\n');
  }, 100);
  try {
    const began = performance.now();
    const { invalid, config } = await home.source().current();
    expect(invalid).toMatch(/is being written right now/);
    expect(config.write_enabled).toBe(false);
    expect(performance.now() - began).toBeLessThan(3_000);
  } finally {
    clearInterval(writing);
  }
});

test('a YAML file from the future is waited for once, and not at every call', async () => {
  const home = new Home();
  const path = home.write('.config/panewright/config.yaml', 'write_enabled: true\n');
  const then = Date.now() / 1000 + 3600;
  utimesSync(path, then, then);
  const source = home.source();
  await source.current();
  const first = await source.current();
  expect(await source.current()).toBe(first);
});

describe('a file that became unusable closes the door, and opens it again when mended', () => {
  const GOOD = { write_enabled: true, allowed_sessions: ['work'] };

  const BROKEN: readonly [string, string | object, RegExp][] = [
    ['half-written', JSON.stringify(GOOD).slice(0, 30), /config\.json: is not valid JSON/],
    ['empty', '', /config\.json: is empty/],
    ['of the wrong shape', '[]', /config\.json: the whole is wrong: .*expected object/],
    [
      'with a misspelt key',
      { write_enabeld: true },
      /config\.json: unknown key "write_enabeld" \(known: .*write_enabled/,
    ],
    ['with a misspelt nested key', { tmux: { socket: 'x' } }, /unknown key "tmux\.socket"/],
    ['with a wrong type', { write_enabled: 'yes' }, /"write_enabled" is wrong: .*expected boolean/],
    ['with a wrong list entry', { allowed_sessions: ['a', 3] }, /"allowed_sessions\.1" is wrong/],
    ['with an empty pattern', { allowed_sessions: [''] }, /"allowed_sessions\.0" is wrong: an empty entry/],
    ['with a number out of range', { buffer_size: 0 }, /"buffer_size" is wrong: too small/],
    ['with a relative path', { audit_log: 'a.log' }, /"audit_log" is wrong: must be an absolute path/],
    ['with null where it means nothing', { write_enabled: null }, /"write_enabled" is wrong/],
    ['with __proto__ as a key', '{"__proto__": {"write_enabled": true}}', /unknown key "__proto__"/],
  ];

  test.each(BROKEN)('%s', async (_name, content, reason) => {
    const home = new Home();
    const path = home.config(GOOD);
    const source = home.source();
    expect((await source.current()).config.write_enabled).toBe(true);
    home.config(content);
    const closed = await source.current();
    expect(closed.invalid).toMatch(reason);
    expect(closed.invalid).toContain(path);
    expect(closed.config).toMatchObject({ write_enabled: false, allowed_sessions: ['work'] });
    expect(closed.sealed).toBeUndefined();
    home.config(GOOD);
    const mended = await source.current();
    expect(mended.invalid).toBeUndefined();
    expect(mended.config).toMatchObject(GOOD);
  });

  test.each(BROKEN)('%s from the start: nothing may even be read', async (_name, content, reason) => {
    const home = new Home();
    home.config(content);
    const source = home.source({ flags: { write_enabled: ['true'] } }, { PANEWRIGHT_WRITE_ENABLED: '1' });
    expect(await source.current()).toMatchObject({ sealed: true, config: { write_enabled: false } });
    expect((await source.current()).invalid).toMatch(reason);
  });

  test('a token in a broken file does not appear in the reason', async () => {
    const home = new Home();
    const texts = [
      '{"auth_token": "s3cret", }',
      '{"auth_token": "s3cret"',
      's3cret',
      '{"auth_token": ["s3cret"]}',
    ];
    for (const text of texts) {
      home.config(text);
      const { invalid } = await home.source().current();
      expect(invalid).toMatch(/config\.json/);
      expect(invalid).not.toContain('s3cret');
    }
    const yaml = home.write('c.yaml', 'auth_token: s3cret\n  bad: [s3cret\n');
    const { invalid } = await home.source({ configFlag: yaml }).current();
    expect(invalid).toMatch(/not valid YAML at line 2/);
    expect(invalid).not.toContain('s3cret');
  });

  test('writable by everybody', async () => {
    const home = new Home();
    const path = home.config(GOOD);
    home.age(path);
    const source = home.source();
    expect((await source.current()).config.write_enabled).toBe(true);
    chmodSync(path, 0o646);
    const closed = await source.current();
    expect(closed.invalid).toBe(`${path}: can be written by everybody; run \`chmod o-w\` on it`);
    expect(closed.config.write_enabled).toBe(false);
    chmodSync(path, 0o644);
    expect(await source.current()).toMatchObject({ config: { write_enabled: true } });
  });

  test('in a folder that everybody can write, unless the folder is sticky', async () => {
    const home = new Home();
    const path = home.write('open/config.json', GOOD);
    chmodSync(home.path('open'), 0o777);
    expect((await home.source({ configFlag: path }).current()).invalid).toMatch(
      /lies in a folder that everybody/,
    );
    chmodSync(home.path('open'), 0o1777);
    expect((await home.source({ configFlag: path }).current()).invalid).toBeUndefined();
  });

  /** A group that is not this user's own; who is not root must be a member of it. */
  const anotherGroup = process.getgroups?.().find((gid) => gid !== process.getgid?.()) ?? 100;
  const me = process.getuid?.() ?? 0;

  test.each<[string, (home: Home) => string, RegExp]>([
    [
      'writable by a group that is not the user’s own',
      (home) => {
        const path = home.config(GOOD);
        chownSync(path, me, anotherGroup);
        chmodSync(path, 0o664);
        return path;
      },
      /config\.json: can be written by its group; run `chmod g-w` on it$/,
    ],
    [
      'in a folder that such a group can write',
      (home) => {
        const path = home.write('team/config.json', GOOD);
        chownSync(home.path('team'), me, anotherGroup);
        chmodSync(home.path('team'), 0o770);
        return path;
      },
      /lies in a folder that its group can write; run `chmod g-w` on .*\/team$/,
    ],
    [
      'below a folder that everybody can write',
      (home) => {
        const path = home.write('open/mine/config.json', GOOD);
        chmodSync(home.path('open'), 0o777);
        return path;
      },
      /lies in a folder that everybody can write; run `chmod o-w` on .*\/open$/,
    ],
    [
      'that a link leads to in such a folder',
      (home) => {
        symlinkSync(home.write('open/real.json', GOOD), home.path('config.json'));
        chmodSync(home.path('open'), 0o777);
        return home.path('config.json');
      },
      /lies in a folder that everybody can write; run `chmod o-w` on .*\/open$/,
    ],
    [
      'behind a linked folder that lies in such a folder',
      (home) => {
        home.write('mine/config.json', GOOD);
        mkdirSync(home.path('open'));
        symlinkSync('../mine', home.path('open/linked'));
        chmodSync(home.path('open'), 0o777);
        return home.path('open/linked/config.json');
      },
      /lies in a folder that everybody can write/,
    ],
  ])('%s', async (_name, make, reason) => {
    const home = new Home();
    const { invalid, config } = await home.source({ configFlag: make(home) }).current();
    expect(invalid).toMatch(reason);
    expect(config.write_enabled).toBe(false);
  });

  // Only root can give a folder away.
  if (me === 0)
    test('in a folder that belongs to another user, or behind a link that does', async () => {
      const home = new Home();
      const path = home.write('theirs/config.json', GOOD);
      chownSync(home.path('theirs'), 65534, 65534);
      expect((await home.source({ configFlag: path }).current()).invalid).toMatch(
        /lies in a folder that belongs to another user \(.*\/theirs\)$/,
      );
      const link = home.path('link.json');
      symlinkSync(home.config(GOOD), link);
      lchownSync(link, 65534, 65534);
      expect((await home.source({ configFlag: link }).current()).invalid).toMatch(
        /is reached by a link that belongs to another user/,
      );
    });

  test('but not when only the user’s own group can write it, as where each user has one', async () => {
    const home = new Home();
    const path = home.config(GOOD);
    chmodSync(path, 0o664);
    chmodSync(home.path('.config'), 0o775);
    expect(await home.source().current()).toMatchObject({ config: GOOD });
    expect((await home.source().current()).invalid).toBeUndefined();
  });

  test('owned by another user than oneself and root', async () => {
    const home = new Home();
    const path = home.config(GOOD);
    // Only root can give a file away; anybody else can at least be somebody else.
    if (process.getuid?.() === 0) chownSync(path, 65534, 65534);
    else jest.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(65534);
    const { invalid, config } = await home.source().current();
    expect(invalid).toBe(`${path}: belongs to another user`);
    expect(config.write_enabled).toBe(false);
  });

  test('turned into a folder or a named pipe, without waiting for a writer', async () => {
    const home = new Home();
    const path = home.config(GOOD);
    const source = home.source();
    await source.current();
    rmSync(path);
    mkdirSync(path);
    expect((await source.current()).invalid).toMatch(/is not a regular file/);
    rmSync(path, { recursive: true });
    execFileSync('mkfifo', [path]);
    expect((await source.current()).invalid).toMatch(/is not a regular file/);
  });

  test('enormous', async () => {
    const home = new Home();
    const path = home.config(GOOD);
    truncateSync(path, 5_000_000);
    expect((await home.source().current()).invalid).toMatch(/is larger than 1000000 bytes/);
  });

  test('removed: limits are not lifted by deleting the file that sets them', async () => {
    const home = new Home();
    const path = home.config(GOOD);
    const source = home.source({}, { PANEWRIGHT_WRITE_ENABLED: '1' });
    expect((await source.current()).config.write_enabled).toBe(true);
    rmSync(path);
    const closed = await source.current();
    expect(closed.invalid).toMatch(/config\.json: was removed/);
    expect(closed.config).toMatchObject({ write_enabled: false, allowed_sessions: ['work'] });
    home.write('.config/mcp-tmux/config.json', { write_enabled: true });
    expect((await source.current()).invalid).toMatch(/config\.json: was removed/);
    home.config(GOOD);
    expect(await source.current()).toMatchObject({ config: GOOD });
  });

  test('replaced by a YAML file beside it: that is no removal', async () => {
    const home = new Home();
    const path = home.config(GOOD);
    const source = home.source();
    await source.current();
    home.age(home.write('.config/panewright/config.yaml', 'write_enabled: true\n'));
    rmSync(path);
    const { invalid, path: now } = await source.current();
    expect({ invalid, now }).toEqual({ invalid: undefined, now: path.replace('.json', '.yaml') });
  });
});
