/** Values written as text, in the environment or as flags. */
import type { Env } from './env.js';
import { LEAVES, type Leaf } from './leaves.js';
import { ConfigProblem, reasonOf } from './problem.js';

/** Values of flags by leaf path, as they were typed; a repeated list flag gives several. */
export type Flags = Readonly<Record<string, readonly string[]>>;

const BOOLEANS: Readonly<Record<string, boolean>> = {
  '1': true,
  true: true,
  yes: true,
  on: true,
  '0': false,
  false: false,
  no: false,
  off: false,
};

function boolean(text: string): boolean | string {
  return BOOLEANS[text.trim().toLowerCase()] ?? text;
}

function list(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map((item) => item.trim());
}

/** Plain decimal only: `Number` would also take '', '0x10' and '1e3'. */
function number(text: string): number | string {
  return /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text;
}

function raw(leaf: Leaf, texts: readonly string[]): unknown {
  const text = texts.at(-1) ?? '';
  if (leaf.nullable && text.trim() === 'null') return null;
  if (leaf.type === 'list') return texts.flatMap(list);
  if (leaf.type === 'boolean') return boolean(text);
  if (leaf.type === 'integer' || leaf.type === 'number') return number(text);
  return text;
}

/**
 * One value from its text: `1 true yes on` and `0 false no off`, comma lists, `null` where the key allows it.
 * @param where name of the variable or flag, for the message
 * @throws ConfigProblem
 */
export function valueFromText(leaf: Leaf, texts: readonly string[], where: string): unknown {
  const parsed = leaf.schema.safeParse(raw(leaf, texts));
  if (parsed.success) return parsed.data;
  const form = leaf.type === 'boolean' ? ' (true or false)' : leaf.type === 'list' ? ' (a comma list)' : '';
  throw new ConfigProblem(where, reasonOf(parsed.error).replace('the whole', 'the value') + form);
}

/** Text of a leaf in the environment; an empty variable counts as not set, as shells cannot easily unset. */
export function envText(leaf: Leaf, env: Env): string | undefined {
  const text = env[leaf.env];
  return text === '' ? undefined : text;
}

/** Variables that begin with our prefix and mean nothing: a typing error that nobody would notice otherwise. */
export function strayVariables(env: Env): string[] {
  const known = new Set([...LEAVES.map((leaf) => leaf.env), 'PANEWRIGHT_CONFIG', 'PANEWRIGHT_POLICY']);
  return Object.keys(env).filter((name) => name.startsWith('PANEWRIGHT_') && !known.has(name));
}
