/**
 * Releases. `node scripts/release.mjs prepare 1.2.3` puts the version into every file that names it, and what the
 * changelog has under "Unreleased" below its own heading; commit that and tag it `v1.2.3`. `check TAG` fails unless
 * all of that is so, and `notes TAG` prints what the changelog says; the release workflow calls both.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (file) => readFileSync(join(root, file), 'utf8');

/** Files that name the version of the package, beside package.json and its lock. */
const MANIFESTS = [
  'server.json',
  'plugin/.claude-plugin/plugin.json',
  'plugin/.mcp.json',
  '.claude-plugin/marketplace.json',
  'mcpb/manifest.json',
];

const [action, name = ''] = process.argv.slice(2);
const version = name.replace(/^v/, '');
const actions = { prepare, check, notes: () => process.stdout.write(`${section()}\n`) };
if (!(action in actions) || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
  fail('Usage: release.mjs prepare|check|notes VERSION');
actions[action]();

function prepare() {
  const current = JSON.parse(read('package.json')).version;
  const npm = ['version', version, '--no-git-tag-version', '--allow-same-version'];
  if (spawnSync('npm', npm, { cwd: root, stdio: 'inherit' }).status !== 0) fail('npm version failed');
  for (const file of MANIFESTS) writeFileSync(join(root, file), read(file).replaceAll(current, version));
  const heading = `## ${version} (${new Date().toISOString().slice(0, 10)})`;
  const changes = read('CHANGELOG.md').replace('## Unreleased\n', `## Unreleased\n\n${heading}\n`);
  writeFileSync(join(root, 'CHANGELOG.md'), changes);
  console.error(`Look at the changes, commit them, then: git tag v${version}`);
}

function check() {
  for (const file of ['package.json', ...MANIFESTS])
    if (!read(file).includes(version))
      fail(`${file} does not name ${version}; run: node scripts/release.mjs prepare ${version}`);
  section();
}

/** What the changelog says of the version. */
function section() {
  const found = read('CHANGELOG.md')
    .split(/^## /m)
    .find((part) => part.startsWith(`${version} `));
  const text = found?.slice(found.indexOf('\n')).trim();
  return text ? text : fail(`CHANGELOG.md says nothing of ${version}`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
