/**
 * The schema as a flat list of leaf keys, from which environment names, flags and docs are computed. Nothing
 * here knows a key by name, except that `--version` belongs to the program.
 */
import * as z from 'zod';
import { ConfigSchema, type Narrowing } from './schema.js';

/** How a leaf is written as text, in the environment or as a flag. */
export type LeafType = 'boolean' | 'integer' | 'number' | 'string' | 'list';

/** One key of the configuration. */
export interface Leaf {
  /** Dotted: `tmux.socket_path`. */
  readonly path: string;
  readonly keys: readonly string[];
  readonly type: LeafType;
  /** Whether `null` is a value. */
  readonly nullable: boolean;
  /** Allowed entries or values where the schema lists them. */
  readonly choices?: readonly string[];
  /** `PANEWRIGHT_TMUX_SOCKET_PATH` */
  readonly env: string;
  /** `--tmux-socket-path`; null where the program has a flag of this name for something else. */
  readonly flag: string | null;
  readonly default: unknown;
  readonly description: string;
  readonly narrowing: Narrowing;
  /** Whether it holds file paths, in which a leading `~/` is expanded. */
  readonly isPath: boolean;
  /** Judges one value on its own. */
  readonly schema: z.ZodType;
}

/** Flags that mean something else to the program. */
const TAKEN = new Set(['--version', '--help', '--config']);

function unwrapped(schema: z.ZodType): { inner: z.ZodType; nullable: boolean } {
  let inner = schema;
  let nullable = false;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodNullable) {
    nullable ||= inner instanceof z.ZodNullable;
    inner = inner.unwrap() as z.ZodType;
  }
  return { inner, nullable };
}

function typeOf(inner: z.ZodType): LeafType {
  if (inner instanceof z.ZodBoolean) return 'boolean';
  if (inner instanceof z.ZodNumber) return inner.format === null ? 'number' : 'integer';
  if (inner instanceof z.ZodArray) return 'list';
  if (inner instanceof z.ZodString || inner instanceof z.ZodEnum) return 'string';
  throw new TypeError(`the configuration schema uses a type that has no text form: ${inner.type}`);
}

function choicesOf(inner: z.ZodType): readonly string[] | undefined {
  const item = inner instanceof z.ZodArray ? inner.element : inner;
  return item instanceof z.ZodEnum ? item.options.map(String) : undefined;
}

function leaf(schema: z.ZodType, keys: readonly string[]): Leaf {
  const { inner, nullable } = unwrapped(schema);
  const meta = schema.meta() ?? {};
  const flag = `--${keys.join('-').replaceAll('_', '-')}`;
  const choices = choicesOf(inner);
  return {
    path: keys.join('.'),
    keys,
    type: typeOf(inner),
    nullable,
    ...(choices && { choices }),
    env: `PANEWRIGHT_${keys.join('_').toUpperCase()}`,
    flag: TAKEN.has(flag) ? null : flag,
    default: schema.parse(undefined),
    description: meta.description ?? '',
    narrowing: meta['narrowing'] as Narrowing,
    isPath: meta['path'] === true,
    schema,
  };
}

function walk(shape: Readonly<Record<string, z.ZodType>>, above: readonly string[]): Leaf[] {
  return Object.entries(shape).flatMap(([name, schema]) => {
    const keys = [...above, name];
    const { inner } = unwrapped(schema);
    // What is a table of names has no text form: the file alone can say it.
    if (inner instanceof z.ZodRecord) return [];
    return inner instanceof z.ZodObject ? walk(inner.shape, keys) : [leaf(schema, keys)];
  });
}

/** Every leaf key, in the schema's order. */
export const LEAVES: readonly Leaf[] = walk(ConfigSchema.shape, []);

/** Value at a leaf's place in a nested object; undefined when it is absent. Own properties only. */
export function valueAt(tree: unknown, keys: readonly string[]): unknown {
  let node: unknown = tree;
  for (const name of keys) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, name)) return undefined;
    node = (node as Record<string, unknown>)[name];
  }
  return node;
}

/** Puts a value at a leaf's place, making the objects on the way. */
export function setAt(tree: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  let node = tree;
  for (const name of keys.slice(0, -1)) node = (node[name] ??= {}) as Record<string, unknown>;
  const last = keys.at(-1);
  if (last !== undefined) node[last] = value;
}
