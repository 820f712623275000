/**
 * Builds dist/: `cli.js` is what answers `initialize`, and the parts of the program that are imported
 * dynamically lie beside it in `parts/`, so that a start reads and compiles only what it needs. All packages are
 * bundled in. Every file is put in place by a rename, cli.js last: nobody sees half a build.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const outdir = join(root, 'dist');
const parts = join(outdir, 'parts');

/** Parts of older builds stay this long: a server that was started from them may load them yet. */
const KEPT_MS = 60 * 60 * 1000;

/** CommonJS packages inside an ESM file call `require` for Node's own modules; this gives them one, and a file name. */
const banner = `#!/usr/bin/env node
const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
const __filename = import.meta.filename;`;

const result = await build({
  entryPoints: { cli: join(root, 'src/cli/main.ts') },
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: 'parts/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Names stay, so that a stack trace in a bug report can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 200,
  legalComments: 'none',
  define: { PANEWRIGHT_VERSION: JSON.stringify(version) },
  banner: { js: banner },
  logLevel: 'error',
  metafile: true,
  write: false,
  absWorkingDir: root,
  // cosmiconfig would load it to read configuration that is code; data formats are all that is read here.
  external: ['typescript'],
  plugins: [englishOnly(), noAjv(), builtinsWhenNeeded()],
}).catch(() => process.exit(1)); // esbuild has printed what is wrong

mkdirSync(parts, { recursive: true });
const isEntry = ({ path }) => dirname(path) === outdir;
for (const file of result.outputFiles.sort((a, b) => isEntry(a) - isEntry(b))) {
  const fresh = `${file.path}.${process.pid}`;
  writeFileSync(fresh, file.contents);
  if (isEntry(file)) chmodSync(fresh, 0o755);
  renameSync(fresh, file.path);
}
writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES.txt'), licences());
removeOldParts(new Set(result.outputFiles.map(({ path }) => basename(path))));
if (process.argv.includes('--sizes')) printSizes();

function removeOldParts(current) {
  for (const name of readdirSync(parts)) {
    const age = Date.now() - (statSync(join(parts, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (!current.has(name) && age > KEPT_MS) rmSync(join(parts, name), { force: true });
  }
}

/** zod's namespace carries its messages in some forty languages; errors here are read by programs, in English. */
function englishOnly() {
  return {
    name: 'english-only',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
        contents: "export { default as en } from './en.js';",
      }));
    },
  };
}

/** The SDK imports the validator it would judge elicited answers with; we never elicit, and give it none. */
function noAjv() {
  return {
    name: 'no-ajv',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]validation[\\/]ajv-provider\.js$/ }, () => ({
        contents: 'export class AjvJsonSchemaValidator {}',
      }));
    },
  };
}

/**
 * Node's own modules, imported by an ES module, are loaded when the file is, needed or not. Required from a
 * CommonJS wrapper they are loaded together with the module of ours that asks for them.
 */
function builtinsWhenNeeded() {
  return {
    name: 'builtins-when-needed',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind, namespace }) =>
        isBuiltin(path) && kind === 'import-statement' && namespace !== 'builtin'
          ? { path, namespace: 'builtin', sideEffects: false }
          : undefined,
      );
      onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)});`,
      }));
    },
  };
}

/** The licence texts of the packages that are bundled in, which travel with copies of them. */
function licences() {
  const files = Object.values(result.metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const {
      name,
      version: used,
      license,
    } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${used} (${license})\n\n${file ? readFileSync(join(root, folder, file), 'utf8').trim() : ''}`;
  });
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** What each file is made of: start-up time is mostly the reading and compiling of cli.js and what it imports. */
function printSizes() {
  const kib = (bytes) => `${(bytes / 1024).toFixed(0).padStart(6)} KiB`;
  for (const [path, { bytes, imports, inputs }] of Object.entries(result.metafile.outputs)) {
    const eager = imports
      .filter(({ kind }) => kind === 'import-statement')
      .map(({ path: file }) => basename(file));
    console.log(`${kib(bytes)}  ${path}  imports ${eager.join(' ') || 'nothing'}`);
    const sizes = new Map();
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'panewright';
      sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
    }
    const largest = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, 8);
    for (const [name, size] of largest) console.log(`       ${kib(size)}  ${name}`);
  }
}
