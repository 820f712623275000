import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeClaude } from '../claude/bed.js';
import { install } from '../claude/install.mjs';
import { CLI } from '../support/client.js';
import { freshDirectory } from '../support/run-dir.js';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const json = (file: string): unknown => JSON.parse(read(file));

test('every manifest names the version of the package', () => {
  const { version, mcpName } = json('package.json') as { version: string; mcpName: string };
  expect(json('server.json')).toMatchObject({ name: mcpName, version, packages: [{ version }] });
  expect(json('plugin/.claude-plugin/plugin.json')).toMatchObject({ version });
  expect(json('plugin/.mcp.json')).toMatchObject({
    mcpServers: { panewright: { args: ['-y', `panewright@${version}`] } },
  });
  expect(json('.claude-plugin/marketplace.json')).toMatchObject({
    metadata: { version },
    plugins: [{ version }],
  });
  expect(json('mcpb/manifest.json')).toMatchObject({ version });
});

test('the manifests describe the package in its own words', () => {
  const { description } = json('package.json') as { description: string };
  expect(description.length).toBeLessThanOrEqual(100); // the registry takes no more
  for (const file of ['server.json', 'plugin/.claude-plugin/plugin.json', 'mcpb/manifest.json'])
    expect(json(file)).toMatchObject({ description });
});

test.each(['README.md', 'docs/clients.md'])(
  'every JSON block of %s is JSON, and starts the package',
  (file) => {
    const blocks = [...read(file).matchAll(/```json\n([^]*?)```/g)].map(([, text]) => text ?? '');
    expect(blocks.length).toBeGreaterThan(2);
    for (const text of blocks) {
      const block = JSON.parse(text) as Record<string, unknown>;
      const servers = block['mcpServers'] ?? block['servers'] ?? block['context_servers'] ?? block['mcp'];
      if (servers === undefined) continue;
      const entry = (
        servers as Record<string, { command?: string | string[]; args?: string[]; url?: string }>
      )['panewright'];
      if (entry?.url === undefined)
        expect([entry?.command, entry?.args ?? []].flat(2)).toEqual(['npx', '-y', 'panewright']);
    }
  },
);

test('the links of the pages lead to files that exist', () => {
  for (const page of ['docs/clients.md', 'docs/migrating.md', 'docs/troubleshooting.md'])
    for (const [, link = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g))
      expect(() => readFileSync(resolve(root, page, '..', link))).not.toThrow();
});

describeClaude('the real Claude Code, without a network', () => {
  /** Runs a script in a namespace that has only loopback, with a home of its own. */
  const offline = (script: string): string => {
    const home = freshDirectory();
    mkdirSync(join(home, 'work'));
    const flags = spawnSync('unshare', ['-n', 'true']).status === 0 ? '-n' : '-rn';
    const env = {
      PATH: process.env['PATH'],
      HOME: home,
      CLI,
      CLAUDE: install(),
      NODE: process.execPath,
      ROOT: root,
      CONFIG: join(home, 'config.json'),
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    };
    writeFileSync(env.CONFIG, JSON.stringify({ auth_token: 'token-of-this-test', http: { port: 8722 } }));
    const { stdout, stderr } = spawnSync('unshare', [flags, 'sh', '-c', `ip link set lo up\n${script}`], {
      cwd: join(home, 'work'),
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return stdout + stderr;
  };

  test('adds the server and finds it connected', () => {
    const said = offline('"$CLAUDE" mcp add panewright -- "$NODE" "$CLI"; "$CLAUDE" mcp list');
    expect(said).toMatch(/panewright: .*cli\.js.* Connected/);
  });

  test('connects over HTTP with the token, and not without', () => {
    const said = offline(`
      mkfifo ready
      "$NODE" "$CLI" serve --http --config "$CONFIG" 2>ready & server=$!
      head -n 1 ready
      "$CLAUDE" mcp add --transport http with http://127.0.0.1:8722/mcp --header "Authorization: Bearer token-of-this-test"
      "$CLAUDE" mcp add --transport http without http://127.0.0.1:8722/mcp --header "Authorization: Bearer another"
      "$CLAUDE" mcp list
      kill $server`);
    expect(said).toMatch(/^with: .* Connected$/m);
    expect(said).toMatch(/^without: (?!.* Connected$)/m);
  });

  test('takes the plugin and the marketplace as valid', () => {
    const said = offline('"$CLAUDE" plugin validate "$ROOT/plugin"; "$CLAUDE" plugin validate "$ROOT"');
    expect(said.match(/✔ Validation passed/g)).toHaveLength(2);
  });
});
