/**
 * Puts the pinned Claude Code binary where the tests look for it: `npm ci` in this folder when it is missing.
 * Install scripts are neither needed nor run: the binary lies in the platform package. Prints its path.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** The version that package.json pins: `2.1.329`. */
export const version = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies[
  '@anthropic-ai/claude-code'
];

/** Where the binary is once installed. */
export const binary = join(
  here,
  'node_modules/@anthropic-ai',
  `claude-code-${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`,
  'claude',
);

function isMusl() {
  return process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
}

function installedVersion() {
  const manifest = join(dirname(binary), 'package.json');
  return existsSync(binary) && existsSync(manifest)
    ? JSON.parse(readFileSync(manifest, 'utf8')).version
    : undefined;
}

/** Installs the binary unless this very version is there already; returns its path. */
export function install() {
  if (installedVersion() !== version) {
    execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: here, stdio: ['ignore', 2, 2] });
  }
  if (installedVersion() !== version) throw new Error(`npm ci did not bring ${binary} in version ${version}`);
  return binary;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${install()}\n`);
