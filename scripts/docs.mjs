/**
 * `npm run docs` writes what the docs repeat of the code: the tool tables (from `tools/list` of the built
 * server, so they show what a client sees), the options (from the configuration schema), the command line (from
 * `--help`), the members of a profile, the JSON Schemas, the error catalogue and the example configurations.
 * `npm run docs -- --check` changes nothing and fails when any of it is stale.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { build } from 'esbuild';
import prettier from 'prettier';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const checking = process.argv.includes('--check');
const scratch = mkdtempSync(join(tmpdir(), 'panewright-docs-'));
let stale = 0;

try {
  const facts = await fromSource();
  const { ERRORS, LEAVES, setAt, profileJsonSchema } = facts;
  const { tools, resources, prompts } = await listed();
  await put('README.md', (text) => between(text, 'tools', toolTable(tools)));
  await put('docs/tools.md', (text) => between(text, 'tools', tools.map(toolReference).join('\n\n')));
  await put('docs/tools.md', (text) => between(text, 'resources', resourceTable(resources)));
  await put('docs/tools.md', (text) => between(text, 'prompts', promptTable(prompts)));
  await put('docs/configuration.md', (text) => between(text, 'options', LEAVES.map(option).join('\n\n')));
  await put('docs/errors.md', (text) => between(text, 'errors', errorTable(ERRORS)));
  const profile = profileJsonSchema();
  await put('docs/profiles.md', (text) => between(text, 'members', memberTable(profile)));
  await put('docs/profile.schema.json', () => JSON.stringify(profile));
  await put('docs/config.schema.json', () => JSON.stringify(facts.configJsonSchema()));
  await put('docs/command-line.md', (text) =>
    between(text, 'commands', commandReference(facts.COMMAND_NAMES)),
  );
  await put('config.example.json', () => JSON.stringify(example(LEAVES, setAt)));
  await put('config.example.yaml', () => facts.exampleYaml());
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (stale > 0) {
  console.error('Run `npm run docs` and commit what it changes.');
  process.exit(1);
}

/** The catalogue and the options, as the code itself has them. */
async function fromSource() {
  const outfile = join(scratch, 'facts.mjs');
  await build({
    entryPoints: [join(root, 'scripts/facts.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}

/** What the built server lists to a client that knows nothing of it. */
async function listed() {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('the build failed');
  const client = new Client({ name: 'panewright-docs', version: '1' });
  const config = join(scratch, 'config.json');
  writeFileSync(config, '{}');
  const args = [join(root, 'dist/cli.js'), '--config', config];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env: { HOME: scratch } }));
  try {
    const { resourceTemplates } = await client.listResourceTemplates();
    const { resources } = await client.listResources();
    const { tools } = await client.listTools();
    const { prompts } = await client.listPrompts();
    return { tools, prompts, resources: [...resources, ...resourceTemplates] };
  } finally {
    await client.close();
  }
}

/** Writes a file, or only compares it. `make` gets its text so far. */
async function put(name, make) {
  const file = join(root, name);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const style = await prettier.resolveConfig(file);
  const after = await prettier.format(make(before), { ...style, filepath: file });
  if (after === before) return;
  if (checking) {
    stale += 1;
    console.error(`${name} is stale.`);
  } else {
    writeFileSync(file, after);
    console.error(`${name} written.`);
  }
}

/** Replaces what stands between the two markers of a name. */
function between(text, name, content) {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the markers ${start} and ${end} are missing`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}

function accessOf({ annotations }) {
  if (annotations.readOnlyHint) return 'read';
  return annotations.destructiveHint ? 'destroy' : 'write';
}

/** The arguments beyond the target that every pane tool has. */
function ownArguments({ inputSchema }) {
  const names = Object.keys(inputSchema.properties ?? {});
  return names
    .filter((name) => !['session', 'window', 'pane', 'host'].includes(name))
    .map((name) => `\`${name}\``);
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}

function table(head, rows) {
  const all = [head, head.map(() => '---'), ...rows];
  return all.map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
}

function toolTable(tools) {
  const rows = tools.map((tool) => [
    `[\`${tool.name}\`](docs/tools.md#${tool.name})`,
    accessOf(tool),
    tool.title ?? '',
    ownArguments(tool).join(', '),
  ]);
  return table(['Tool', 'Access', 'What it does', 'Arguments beyond the target'], rows);
}

function toolReference(tool) {
  const required = new Set(tool.inputSchema.required ?? []);
  const rows = Object.entries(tool.inputSchema.properties ?? {}).map(([name, schema]) => [
    `\`${name}\``,
    `${typeOf(schema)}${required.has(name) ? ', required' : ''}`,
    schema.description ?? '',
  ]);
  const returned = Object.keys(tool.outputSchema?.properties ?? {}).map((name) => `\`${name}\``);
  return [
    `## ${tool.name}`,
    `**Access:** ${accessOf(tool)}`,
    tool.description,
    ...(rows.length > 0 ? [table(['Argument', 'Type', 'Meaning'], rows)] : []),
    `**Returns:** ${returned.join(', ')}`,
  ].join('\n\n');
}

function resourceTable(resources) {
  const rows = resources.map((one) => [
    `\`${one.uri ?? one.uriTemplate}\``,
    one.mimeType,
    one.description ?? '',
  ]);
  return table(['Resource', 'Type', 'What it is'], rows);
}

function promptTable(prompts) {
  const names = (args) =>
    args.map(({ name, required }) => `\`${name}\`${required ? ' (required)' : ''}`).join(', ');
  const rows = prompts.map((one) => [`\`${one.name}\``, one.description ?? '', names(one.arguments ?? [])]);
  return table(['Prompt', 'What it asks of the model', 'Arguments'], rows);
}

/** A JSON schema's type in words, with its default and limits. */
function typeOf(schema) {
  const words = schema.enum
    ? schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ')
    : (schema.anyOf ?? []).map(typeOf).join(' or ') || [schema.type ?? 'any'].flat().join(' or ');
  const limits = [
    schema.exclusiveMinimum === undefined ? '' : `over ${schema.exclusiveMinimum}`,
    schema.minimum === undefined ? '' : `from ${schema.minimum}`,
    schema.maximum === undefined ? '' : `up to ${schema.maximum}`,
  ];
  const facts = [words, limits.filter(Boolean).join(' ')];
  if (schema.default !== undefined) facts.push(`default \`${JSON.stringify(schema.default)}\``);
  return facts.filter(Boolean).join(', ');
}

function option(leaf) {
  const facts = [
    `${leaf.type}${leaf.nullable ? ' or null' : ''}`,
    `default \`${JSON.stringify(leaf.default)}\``,
    ...(leaf.choices ? [`of ${leaf.choices.map((choice) => `\`${choice}\``).join(', ')}`] : []),
  ];
  const twins = [`\`${leaf.env}\``, ...(leaf.flag ? [`\`${leaf.flag}\``] : [])];
  return `### \`${leaf.path}\`\n\n${leaf.description}\n\n${facts.join(', ')} · ${twins.join(' · ')}`;
}

function errorTable(errors) {
  return table(
    ['Code', 'Meaning'],
    Object.entries(errors).map(([code, meaning]) => [`\`${code}\``, meaning]),
  );
}

/** The members of an object, and below them those of the objects in it. */
function memberTable(schema) {
  const rows = (object, prefix) =>
    Object.entries(object.properties).flatMap(([name, member]) => [
      [
        `\`${prefix}${name}\``,
        `${member.items ? `list of ${member.items.type}s` : member.type}${object.required?.includes(name) ? ', required' : ''}`,
        member.description ?? '',
      ],
      ...(member.properties ? rows(member, `${prefix}${name}.`) : []),
    ]);
  return table(['Member', 'Type', 'Meaning'], rows(schema, ''));
}

/** What `--help` says of the program and of each command, word for word. */
function commandReference(names) {
  const help = (...words) => {
    const argv = [join(root, 'dist/cli.js'), ...words, '--help'];
    const { stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    return `\`\`\`text\n${stdout.trim()}\n\`\`\``;
  };
  const sections = names.map((name) => `## panewright ${name}\n\n${help(...name.split(' '))}`);
  return [help(), ...sections].join('\n\n');
}

/** Every key with its default: a file that changes nothing until it is edited. */
function example(leaves, setAt) {
  const tree = {};
  for (const leaf of leaves) setAt(tree, leaf.keys, leaf.default);
  return { ...tree, hosts: {} };
}
