import { describe, expect, test } from '@jest/globals';
import { symlinkSync } from 'node:fs';
import { Home } from './config-files.js';

const marked = (lines: number) => ({ buffer_size: lines });

describe('where the configuration file is looked for', () => {
  test('without any file everything has its default and writing is off', async () => {
    const home = new Home();
    const { config, path, origins, invalid } = await home.source().current();
    expect(path).toBeNull();
    expect(invalid).toBeUndefined();
    expect(config).toMatchObject({ write_enabled: false, allowed_sessions: [], buffer_size: 1000 });
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  });

  test('the first that exists wins: flag, variable, XDG folder, ~/.config, the predecessor', async () => {
    const home = new Home();
    const xdg = { XDG_CONFIG_HOME: home.path('xdg') };
    const size = async (flag?: string, env = {}): Promise<number> =>
      (await home.source({ configFlag: flag }, env).current()).config.buffer_size;

    home.write('.config/mcp-tmux/config.json', marked(1));
    expect(await size(undefined, xdg)).toBe(1);
    home.write('.config/panewright/config.yaml', 'buffer_size: 2\n');
    expect(await size(undefined, xdg)).toBe(2);
    home.write('.config/panewright/config.json', marked(3));
    expect(await size(undefined, xdg)).toBe(3);
    home.write('xdg/panewright/config.yaml', 'buffer_size: 4\n');
    expect(await size(undefined, xdg)).toBe(4);
    home.write('xdg/panewright/config.json', marked(5));
    expect(await size(undefined, xdg)).toBe(5);
    const named = { ...xdg, PANEWRIGHT_CONFIG: home.write('named.json', marked(6)) };
    expect(await size(undefined, named)).toBe(6);
    expect(await size(home.write('flagged.json', marked(7)), named)).toBe(7);
  });

  test('a file in the working directory is never read', async () => {
    const home = new Home();
    const project = home.write('project/config.json', { write_enabled: true });
    home.write('project/.config/panewright/config.json', { write_enabled: true });
    home.write('project/panewright/config.json', { write_enabled: true });
    home.write('project/package.json', { panewright: { write_enabled: true } });
    const before = process.cwd();
    process.chdir(home.path('project'));
    try {
      for (const env of [{}, { XDG_CONFIG_HOME: '.' }, { XDG_CONFIG_HOME: '' }]) {
        const { config, path } = await home.source({}, env).current();
        expect({ path, writes: config.write_enabled }).toEqual({ path: null, writes: false });
      }
      const { config, invalid } = await home.source({}, { PANEWRIGHT_CONFIG: 'config.json' }).current();
      expect(config.write_enabled).toBe(false);
      expect(invalid).toMatch(/config\.json: must be an absolute path/);
    } finally {
      process.chdir(before);
    }
    expect((await home.source({ configFlag: project }).current()).config.write_enabled).toBe(true);
  });

  test('an explicitly named file that is missing is an error, not a default', async () => {
    const home = new Home();
    home.config({ write_enabled: true });
    for (const source of [
      home.source({ configFlag: home.path('none.json') }),
      home.source({}, { PANEWRIGHT_CONFIG: home.path('none.json') }),
    ]) {
      const { invalid, config, path, sealed } = await source.current();
      expect(invalid).toBe(`${home.path('none.json')}: does not exist`);
      expect({ path, writes: config.write_enabled, sealed }).toEqual({
        path: home.path('none.json'),
        writes: false,
        sealed: true,
      });
    }
  });

  test('a link that leads nowhere is an error, not an absent file', async () => {
    const home = new Home();
    const path = home.config({});
    symlinkSync(home.path('unmounted.json'), `${path}.link`);
    const { invalid } = await home.source({ configFlag: `${path}.link` }).current();
    expect(invalid).toMatch(/does not exist/);
    const other = new Home();
    other.write('.config/panewright/x', '');
    symlinkSync(other.path('unmounted.json'), other.path('.config/panewright/config.json'));
    expect((await other.source().current()).invalid).toMatch(/config\.json: does not exist/);
  });

  test('a file of code is refused, whatever it says', async () => {
    const home = new Home();
    const path = home.write('config.js', 'globalThis.hacked = true; export default { write_enabled: true }');
    const { invalid, config } = await home.source({ configFlag: path }).current();
    expect(invalid).toMatch(/must end in \.json, \.yaml or \.yml; configuration is data, never code/);
    expect(config.write_enabled).toBe(false);
    expect('hacked' in globalThis).toBe(false);
  });

  test('paths may begin with ~/ and are expanded', async () => {
    const home = new Home();
    home.config({ audit_log: '~/audit.log', profiles: ['~/p', '/opt/p'], tmux: { socket_path: '~/s' } });
    const { config } = await home.source().current();
    expect(config.audit_log).toBe(home.path('audit.log'));
    expect(config.profiles).toEqual([home.path('p'), '/opt/p']);
    expect(config.tmux.socket_path).toBe(home.path('s'));
  });
});
