/**
 * Makes mcpb/panewright.mcpb, the bundle that desktop clients install with a click: the manifest and what was
 * built, nothing else. The packer comes from npm: `node mcpb/pack.mjs`, after `npm run build`. A name behind it
 * writes the bundle there.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = resolve(process.argv[2] ?? join(root, 'mcpb/panewright.mcpb'));
const stage = mkdtempSync(join(tmpdir(), 'panewright-mcpb-'));
const packer = (...args) =>
  execFileSync('npx', ['-y', '@anthropic-ai/mcpb@2.1', ...args], { stdio: 'inherit' });
try {
  cpSync(join(root, 'mcpb/manifest.json'), join(stage, 'manifest.json'));
  for (const file of ['package.json', 'LICENSE', 'dist/THIRD-PARTY-LICENSES.txt', 'dist/cli.js'])
    cpSync(join(root, file), join(stage, file));
  packer('validate', join(stage, 'manifest.json'));
  packer('pack', stage, bundle);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
