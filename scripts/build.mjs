/**
 * Builds dist/cli.js, the whole program in one file: all packages are bundled in, and whatever is imported
 * dynamically is evaluated only when it is asked for. The file is put in place by a rename, so nobody sees half of
 * it, and a server that runs keeps what it was started from. `--sizes` shows what it is made of, `--outdir DIR`
 * builds elsewhere.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail } from './install.mjs';

const { build } = await import('esbuild').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  fail('The node packages are missing. Run `npm ci`, then try again.');
});

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const place = process.argv.indexOf('--outdir');
const outdir = place === -1 ? join(root, 'dist') : resolve(process.argv[place + 1]);

/** CommonJS packages inside an ESM file call `require` for Node's own modules; this gives them one, and a file name. */
const banner = `#!/usr/bin/env node
const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
const __filename = import.meta.filename;`;

const result = await build({
  entryPoints: { cli: join(root, 'src/cli/main.ts') },
  outdir,
  bundle: true,
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

const [{ path: file, contents }] = result.outputFiles;
const fresh = `${file}.${process.pid}`;
mkdirSync(outdir, { recursive: true });
writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES.txt'), licences());
writeFileSync(fresh, contents);
chmodSync(fresh, 0o755);
renameSync(fresh, file);
if (process.argv.includes('--sizes')) printSizes();

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
  const inputs = Object.keys(result.metafile.inputs);
  const folders = inputs
    .map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0])
    .filter(Boolean);
  const texts = [...new Set(folders)].sort().map((place) => {
    const folder = join(root, place);
    const { name, version: used, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const text = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const words = text ? readFileSync(join(folder, text), 'utf8') : fromComments(folder, license);
    return `${name} ${used} (${license})\n\n${words.trim()}`;
  });
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** For a package without a licence file: the copyright lines in its code, and the terms, which for MIT are as ours. */
function fromComments(folder, license) {
  const files = readdirSync(folder, { recursive: true }).filter((entry) => /\.(mjs|js|ts)$/.test(entry));
  const code = files.map((entry) => readFileSync(join(folder, entry), 'utf8')).join('\n');
  const holders = [...new Set(code.match(/Copyright \(c\) [^\n]*/g))].map((line) => line.trim());
  if (license !== 'MIT' || holders.length === 0)
    throw new Error(`${folder} (${license}) tells no licence text`);
  const [terms] = /Permission is hereby granted[^]*/.exec(readFileSync(join(root, 'LICENSE'), 'utf8'));
  return `${holders.join('\n')}\n\n${terms}`;
}

/** What the file is made of: start-up time is mostly the reading and compiling of it. */
function printSizes() {
  const kib = (bytes) => `${(bytes / 1024).toFixed(0).padStart(6)} KiB`;
  const [{ bytes, inputs }] = Object.values(result.metafile.outputs);
  const sizes = new Map();
  for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? 'panewright';
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  console.log(`${kib(bytes)}  ${file}`);
  for (const [name, size] of [...sizes].sort((a, b) => b[1] - a[1])) console.log(`${kib(size)}  ${name}`);
}
