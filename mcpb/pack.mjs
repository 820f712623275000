/**
 * Makes mcpb/panewright.mcpb, the bundle that desktop clients install with a click: the manifest and what was
 * built, nothing else. The packer comes from npm: `node mcpb/pack.mjs`, after `npm run build`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '../..');
const stage = mkdtempSync(join(tmpdir(), 'panewright-mcpb-'));
try {
  cpSync(join(root, 'mcpb/manifest.json'), join(stage, 'manifest.json'));
  const files = ['package.json', 'LICENSE', 'dist/THIRD-PARTY-LICENSES.txt', ...reached('dist/cli.js')];
  for (const file of files) cpSync(join(root, file), join(stage, file));
  const packer = ['-y', '@anthropic-ai/mcpb', 'pack', stage, join(root, 'mcpb/panewright.mcpb')];
  execFileSync('npx', packer, { stdio: 'inherit' });
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** A file and all that it imports: parts of older builds may lie beside those of the last one. */
function reached(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(join(root, file), 'utf8');
  for (const [, path] of text.matchAll(/(?:from|import) ?\(?"(\.\.?\/[^"]+\.js)"/g))
    reached(relative(root, join(root, dirname(file), path)), found);
  return found;
}
