import { describe, expect, test } from '@jest/globals';
import { chmodSync, rmSync } from 'node:fs';
import { Home } from './config-files.js';

async function loaded(user: object, policy: object, flags = {}) {
  const home = new Home();
  home.config(user);
  home.write('etc/policy.json', policy);
  const result = await home.source({ flags }).current();
  expect(result.invalid).toBeUndefined();
  expect(result.policyPath).toBe(home.policy);
  return result;
}

describe('a machine policy can only narrow', () => {
  test('write_enabled false wins over file and flag', async () => {
    const off = { write_enabled: false };
    const { config, origins } = await loaded({ write_enabled: true }, off, { write_enabled: ['true'] });
    expect(config.write_enabled).toBe(false);
    expect(origins['write_enabled']).toBe('policy');
  });

  test('write_enabled true does not turn writing on', async () => {
    const { config, origins } = await loaded({}, { write_enabled: true });
    expect(config.write_enabled).toBe(false);
    expect(origins['write_enabled']).toBe('default');
  });

  test('a policy that says nothing about a key leaves it alone', async () => {
    const { config } = await loaded({ write_enabled: true, buffer_size: 5000, max_timeout: 1000 }, {});
    expect(config).toMatchObject({ write_enabled: true, buffer_size: 5000, max_timeout: 1000 });
  });

  test('limits: the smaller number holds', async () => {
    const user = { buffer_size: 50, max_timeout: 900 };
    const { config } = await loaded(user, { buffer_size: 100, max_timeout: 60 });
    expect(config).toMatchObject({ buffer_size: 50, max_timeout: 60 });
  });

  test('lists: read-only is the union, toolsets and profiles the intersection, whitelists both hold', async () => {
    const { config, policy } = await loaded(
      { read_only_sessions: ['a'], toolsets: ['terminal'], profiles: ['/x', '/y'], allowed_sessions: ['w*'] },
      { read_only_sessions: ['b'], toolsets: ['sessions'], profiles: ['/y', '/z'], allowed_sessions: ['*k'] },
    );
    expect(config).toMatchObject({ read_only_sessions: ['a', 'b'], toolsets: [], profiles: ['/y'] });
    expect(config.allowed_sessions).toEqual(['w*']);
    expect(policy.map((one) => one.allowed_sessions)).toEqual([['*k']]);
  });

  test('the audit log and the socket are the policy’s, and cannot be passed by the sister key', async () => {
    const { config } = await loaded(
      {
        audit_log: '/tmp/mine',
        audit_required: false,
        tmux: { socket_path: '/tmp/other', socket_name: 'o' },
      },
      { audit_log: '/var/log/p', audit_required: true, tmux: { socket_name: 'agents' } },
    );
    expect(config).toMatchObject({
      audit_log: '/var/log/p',
      audit_required: true,
      tmux: { socket_name: 'agents', socket_path: null },
    });
  });

  test('PANEWRIGHT_POLICY adds a policy; it does not replace the machine’s', async () => {
    const home = new Home();
    home.config({ write_enabled: true, buffer_size: 900 });
    home.write('etc/policy.json', { write_enabled: false });
    const more = home.write('more.json', { buffer_size: 10 });
    for (const [variable, size] of [
      [more, 10],
      [home.path('none.json'), 900],
    ] as const) {
      const { config } = await home.source({}, { PANEWRIGHT_POLICY: variable }).current();
      expect(config).toMatchObject({ write_enabled: false, buffer_size: size });
    }
  });

  test('a policy that cannot be used, or that vanishes, closes the door', async () => {
    const home = new Home();
    home.config({ write_enabled: true });
    const source = home.source();
    expect((await source.current()).config.write_enabled).toBe(true);
    home.write('etc/policy.json', '{"write_enabled": ');
    expect((await source.current()).invalid).toContain(`${home.policy}: is not valid JSON`);
    home.write('etc/policy.json', { write_enabled: true });
    expect((await source.current()).config.write_enabled).toBe(true);
    chmodSync(home.policy, 0o666);
    expect((await source.current()).invalid).toContain(`${home.policy}: can be written by everybody`);
    chmodSync(home.policy, 0o644);
    expect((await source.current()).config.write_enabled).toBe(true);
    rmSync(home.policy);
    expect(await source.current()).toMatchObject({ config: { write_enabled: false } });
    expect((await source.current()).invalid).toContain(`${home.policy}: was removed`);
  });
});
