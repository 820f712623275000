import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { combine } from '../src/config/layers.js';
import { LEAVES, setAt, valueAt, type Leaf } from '../src/config/leaves.js';
import { ConfigSchema } from '../src/config/schema.js';
import { strayVariables } from '../src/config/text.js';

/** A value that the leaf allows, as file data and as text. */
function valueFor(leaf: Leaf): fc.Arbitrary<{ data: unknown; text: string }> {
  const plain = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
  const path = plain.map((name) => `/tmp/${name}`);
  const asText = (data: unknown) => ({ data, text: Array.isArray(data) ? data.join(',') : String(data) });
  if (leaf.type === 'boolean') return fc.boolean().map(asText);
  if (leaf.type === 'integer' || leaf.type === 'number') return fc.integer({ min: 1, max: 9999 }).map(asText);
  const item = leaf.choices ? fc.constantFrom(...leaf.choices) : leaf.isPath ? path : plain;
  if (leaf.type === 'list') return fc.array(item, { minLength: 1, maxLength: 4 }).map(asText);
  return (leaf.nullable ? fc.oneof(item, fc.constant(null)) : item).map(asText);
}

const layers = fc.record(
  Object.fromEntries(
    LEAVES.map((leaf) => {
      const one = fc.option(valueFor(leaf), { nil: undefined });
      return [
        leaf.path,
        fc.record({ file: one, env: one, flag: leaf.flag === null ? fc.constant(undefined) : one }),
      ];
    }),
  ),
);

describe('precedence', () => {
  test('flag wins over environment, environment over file, file over default, for every key alike', () => {
    fc.assert(
      fc.property(layers, (choice) => {
        const file: Record<string, unknown> = {};
        const env: Record<string, string> = {};
        const flags: Record<string, string[]> = {};
        for (const leaf of LEAVES) {
          const mine = choice[leaf.path];
          if (mine?.file) setAt(file, leaf.keys, mine.file.data);
          if (mine?.env) env[leaf.env] = mine.env.text;
          if (mine?.flag) flags[leaf.path] = [mine.flag.text];
        }
        const { config, origins } = combine({ path: '/f', data: file }, env, flags);
        for (const leaf of LEAVES) {
          const { file: f, env: e, flag } = choice[leaf.path] ?? {};
          const winner = flag ?? e ?? f;
          expect(valueAt(config, leaf.keys)).toEqual(winner ? winner.data : leaf.default);
          expect(origins[leaf.path]).toBe(flag ? 'flag' : e ? 'env' : f ? 'file' : 'default');
        }
        expect(ConfigSchema.safeParse(config).success).toBe(true);
      }),
    );
  });

  test('a policy never turns writing on, raises a limit, or drops a read-only session', () => {
    fc.assert(
      fc.property(layers, layers, (mine, theirs) => {
        const tree = (choice: typeof mine): Record<string, unknown> => {
          const data: Record<string, unknown> = {};
          for (const leaf of LEAVES)
            if (choice[leaf.path]?.file) setAt(data, leaf.keys, choice[leaf.path]?.file?.data);
          return data;
        };
        const file = { path: '/f', data: tree(mine) };
        const alone = combine(file, {}, {}).config;
        const { config } = combine(file, {}, {}, [{ path: '/p', data: tree(theirs) }]);
        expect(!config.write_enabled || alone.write_enabled).toBe(true);
        expect(!alone.audit_required || config.audit_required).toBe(true);
        expect(config.buffer_size).toBeLessThanOrEqual(alone.buffer_size);
        expect(config.max_timeout).toBeLessThanOrEqual(alone.max_timeout);
        expect(config.read_only_sessions).toEqual(expect.arrayContaining(alone.read_only_sessions));
        expect(alone.toolsets).toEqual(expect.arrayContaining(config.toolsets));
        expect(alone.profiles).toEqual(expect.arrayContaining(config.profiles));
      }),
    );
  });
});

describe('values as text', () => {
  const withEnv = (env: Record<string, string>) => combine(undefined, env, {}).config;

  test('booleans are written as people write them', () => {
    for (const text of ['1', 'true', 'yes', 'on', 'TRUE', ' on '])
      expect(withEnv({ PANEWRIGHT_WRITE_ENABLED: text }).write_enabled).toBe(true);
    for (const text of ['0', 'false', 'no', 'off'])
      expect(withEnv({ PANEWRIGHT_WRITE_ENABLED: text }).write_enabled).toBe(false);
  });

  test('lists have commas, and blanks around them do not count', () => {
    const config = withEnv({ PANEWRIGHT_ALLOWED_SESSIONS: 'work, build-* ,[ab]' });
    expect(config.allowed_sessions).toEqual(['work', 'build-*', '[ab]']);
  });

  test('an empty variable is the same as none, so it cannot lift a whitelist', () => {
    const file = { path: '/f', data: { allowed_sessions: ['work'] } };
    const { config, origins } = combine(file, { PANEWRIGHT_ALLOWED_SESSIONS: '' }, {});
    expect(config.allowed_sessions).toEqual(['work']);
    expect(origins['allowed_sessions']).toBe('file');
  });

  test('null is written as null', () => {
    const file = { path: '/f', data: { audit_log: '/var/log/x' } };
    expect(combine(file, { PANEWRIGHT_AUDIT_LOG: 'null' }, {}).config.audit_log).toBeNull();
  });

  test.each([
    ['PANEWRIGHT_WRITE_ENABLED', 'maybe', /expected boolean.*\(true or false\)/],
    ['PANEWRIGHT_BUFFER_SIZE', '1e3', /expected number/],
    ['PANEWRIGHT_BUFFER_SIZE', '10.5', /expected int/],
    ['PANEWRIGHT_MAX_TIMEOUT', '-1', /expected number to be >0/],
    ['PANEWRIGHT_TOOLSETS', 'terminal,shells', /"sessions"/],
    ['PANEWRIGHT_ALLOWED_SESSIONS', 'a,,b', /an empty entry matches no session/],
    ['PANEWRIGHT_TMUX_SOCKET_PATH', 'relative', /must be an absolute path/],
    ['PANEWRIGHT_TMUX_SOCKET_NAME', '../x', /must be a plain name/],
  ])('%s=%s is an error that names the variable', (name, text, reason) => {
    const attempt = () => withEnv({ [name]: text });
    expect(attempt).toThrow(reason);
    expect(attempt).toThrow(`${name}: `);
  });

  test('a flag that is wrong is named as it was typed', () => {
    expect(() => combine(undefined, {}, { 'http.port': ['99999'] })).toThrow(/^--http-port: .*65535/);
  });

  test('a variable with our prefix that means nothing is noticed', () => {
    const env = { PANEWRIGHT_ALLOWED_SESSION: 'x', PANEWRIGHT_CONFIG: '/c', PANEWRIGHT_TOOLSETS: 'terminal' };
    expect(strayVariables(env)).toEqual(['PANEWRIGHT_ALLOWED_SESSION']);
  });
});

describe('the flat list of keys', () => {
  test('names, types and flags are computed from the schema', () => {
    const socket = LEAVES.find((leaf) => leaf.path === 'tmux.socket_path');
    expect(socket).toMatchObject({
      env: 'PANEWRIGHT_TMUX_SOCKET_PATH',
      flag: '--tmux-socket-path',
      type: 'string',
      nullable: true,
      default: null,
    });
    expect(LEAVES.find((leaf) => leaf.path === 'toolsets')?.choices).toEqual(['terminal', 'sessions']);
  });

  test('every key has a description, a rule for policies and a name of its own', () => {
    for (const leaf of LEAVES) {
      expect(leaf.description).toMatch(/^[A-Z].{20,}\.$/);
      expect(typeof leaf.narrowing).toBe('string');
    }
    for (const field of ['path', 'env'] as const)
      expect(new Set(LEAVES.map((leaf) => leaf[field])).size).toBe(LEAVES.length);
    expect(LEAVES.filter((leaf) => leaf.flag === null).map((leaf) => leaf.path)).toEqual(['version']);
  });
});
