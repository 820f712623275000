import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { combine } from '../src/config/layers.js';
import type { LoadedConfig } from '../src/config/schema.js';
import { judge, visible, type Access, type Verdict } from '../src/permission/policy.js';

const FILE = '/home/u/.config/panewright/config.json';

function loaded(data: object, policy?: object, extra: Partial<LoadedConfig> = {}): LoadedConfig {
  const policies = policy ? [{ path: '/etc/p.json', data: policy }] : [];
  const about = { path: FILE, editPath: FILE, policyPath: policy ? '/etc/p.json' : null };
  return { ...about, ...combine({ path: FILE, data }, {}, {}, policies), ...extra };
}

const ask = (
  access: Access,
  sessions: string[] | null,
  config: LoadedConfig,
  asked = sessions?.[0],
): Verdict => judge({ access, sessions, config, asked });

const codeOf = (verdict: Verdict): string => (verdict.allow ? 'allowed' : verdict.code);
const textOf = (verdict: Verdict): string => (verdict.allow ? '' : verdict.text);

describe('write_enabled', () => {
  test('off: reading is allowed, writing and destroying are refused with what to set where', () => {
    const config = loaded({});
    expect(codeOf(ask('read', ['work'], config))).toBe('allowed');
    for (const access of ['write', 'destroy'] as const) {
      const verdict = ask(access, ['work'], config);
      expect(codeOf(verdict)).toBe('WRITE_DISABLED');
      expect(textOf(verdict)).toContain(`Set "write_enabled": true in ${FILE}`);
      expect(textOf(verdict)).toContain('PANEWRIGHT_WRITE_ENABLED=1');
    }
  });

  test('on: everything is allowed, and the rule is named', () => {
    expect(ask('destroy', ['work'], loaded({ write_enabled: true }))).toEqual({
      allow: true,
      rule: 'write_enabled, and allowed_sessions is empty: all sessions',
    });
  });

  test('off because of the environment, a flag or the policy: the text says which, and nothing that does not help', () => {
    const base = loaded({});
    const from = (origin: 'env' | 'flag' | 'policy'): string =>
      textOf(ask('write', null, { ...base, policyPath: '/etc/p.json', origins: { write_enabled: origin } }));
    expect(from('env')).toMatch(/PANEWRIGHT_WRITE_ENABLED is false/);
    expect(from('flag')).toMatch(/started with --no-write-enabled/);
    expect(from('policy')).toMatch(/machine policy \/etc\/p\.json forbids it/);
    expect(from('policy')).not.toContain(FILE);
  });
});

describe('allowed_sessions', () => {
  const config = loaded({ write_enabled: true, allowed_sessions: ['work', 'build-*'] });

  test('decides on exact names and globs, for reading too', () => {
    for (const access of ['read', 'write', 'destroy'] as const) {
      expect(codeOf(ask(access, ['work'], config))).toBe('allowed');
      expect(codeOf(ask(access, ['build-7'], config))).toBe('allowed');
      for (const name of [
        'workshop',
        'wor',
        'Work',
        'w*',
        '=work',
        'work:',
        '$0',
        '@0',
        '%0',
        '',
        '{last}',
        'work\n',
      ])
        expect([name, codeOf(ask(access, [name], config))]).toEqual([name, 'SESSION_NOT_ALLOWED']);
    }
  });

  test('the rule of a verdict names the pattern and the file', () => {
    expect(ask('read', ['build-7'], config)).toEqual({
      allow: true,
      rule: `"build-*" of allowed_sessions in ${FILE}`,
    });
    expect(ask('read', ['x'], config)).toMatchObject({ rule: `allowed_sessions in ${FILE}` });
  });

  test('a pane in several sessions needs all of them, and the refusal names no other session', () => {
    const verdict = ask('read', ['work', 'secret-plan'], config);
    expect(codeOf(verdict)).toBe('SESSION_NOT_ALLOWED');
    expect(JSON.stringify(verdict)).not.toContain('secret-plan');
    expect(textOf(verdict)).toMatch(/the pane also belongs to a session that is not allowed/);
    expect(codeOf(ask('write', ['work', 'build-1'], config))).toBe('allowed');
  });

  test('no verdict ever holds the name of a session that the caller did not give', () => {
    const name = fc.stringMatching(/^[a-z]{3,8}$/).map((text) => `zq-${text}`);
    const access = fc.constantFrom<Access>('read', 'write', 'destroy');
    const configs = fc.constantFrom(
      config,
      loaded({ allowed_sessions: ['work'], read_only_sessions: ['zq-*'] }),
      loaded({ write_enabled: true, read_only_sessions: ['zq-*'] }),
      loaded({ write_enabled: true }, { allowed_sessions: ['work'] }),
    );
    fc.assert(
      fc.property(access, fc.array(name, { minLength: 1 }), configs, (what, others, on) => {
        const verdict = ask(what, ['work', ...others], on, 'work');
        for (const other of others) expect(JSON.stringify(verdict)).not.toContain(other);
      }),
    );
  });

  test('a machine policy’s list must allow too', () => {
    const both = loaded({ allowed_sessions: ['w*'] }, { allowed_sessions: ['*k'] });
    expect(codeOf(ask('read', ['work'], both))).toBe('allowed');
    expect(codeOf(ask('read', ['wool'], both))).toBe('SESSION_NOT_ALLOWED');
    expect(textOf(ask('read', ['wool'], both))).toContain('machine policy /etc/p.json');
    expect(codeOf(ask('read', ['park'], both))).toBe('SESSION_NOT_ALLOWED');
    const onlyPolicy = loaded({}, { allowed_sessions: ['work'] });
    expect(codeOf(ask('read', ['other'], onlyPolicy))).toBe('SESSION_NOT_ALLOWED');
  });

  test('what is not allowed is not visible', () => {
    expect(['work', 'build-1', 'secret'].filter((name) => visible(name, config))).toEqual([
      'work',
      'build-1',
    ]);
  });

  test('a pane that belongs to no session at all is a failed lookup, never a permission', () => {
    expect(codeOf(ask('read', [], loaded({ write_enabled: true })))).toBe('SESSION_NOT_ALLOWED');
  });
});

describe('read_only_sessions', () => {
  const config = loaded(
    { write_enabled: true, read_only_sessions: ['prod*'] },
    { read_only_sessions: ['vault'] },
  );

  test('may be read, never written, the policy’s among them', () => {
    for (const name of ['prod-1', 'vault']) {
      expect(codeOf(ask('read', [name], config))).toBe('allowed');
      expect(codeOf(ask('write', [name], config))).toBe('WRITE_DISABLED');
      expect(textOf(ask('destroy', [name], config))).toContain(`session "${name}" is read-only`);
    }
    expect(codeOf(ask('write', ['work'], config))).toBe('allowed');
  });

  test('a pane that is linked into a read-only session is read-only', () => {
    const verdict = ask('write', ['work', 'prod-1'], config, 'work');
    expect(codeOf(verdict)).toBe('WRITE_DISABLED');
    expect(JSON.stringify(verdict)).not.toContain('prod-1');
  });
});

describe('a configuration that cannot be used', () => {
  const broken = { invalid: `${FILE}: is empty` };

  test('refuses every write with the reason', () => {
    const verdict = ask('write', ['work'], loaded({ write_enabled: true }, undefined, broken));
    expect(codeOf(verdict)).toBe('CONFIG_INVALID');
    expect(textOf(verdict)).toContain(`${FILE}: is empty`);
  });

  test('leaves reading to the lists that were last valid', () => {
    const config = loaded({ allowed_sessions: ['work'] }, undefined, broken);
    expect(codeOf(ask('read', ['work'], config))).toBe('allowed');
    expect(codeOf(ask('read', ['other'], config))).toBe('SESSION_NOT_ALLOWED');
  });

  test('refuses reading too when there never was a valid one', () => {
    const config = loaded({}, undefined, { ...broken, sealed: true });
    expect(codeOf(ask('read', ['work'], config))).toBe('CONFIG_INVALID');
    expect(visible('work', config)).toBe(false);
  });
});
