/** A configuration file in which every option is explained: what `init` writes, and config.example.yaml. */
import { LEAVES, valueAt, type Leaf } from '../config/leaves.js';
import type { Config } from '../config/schema.js';

/**
 * A group in which nothing is set is a comment as well: an empty one is an error. JSON values are YAML, too.
 * @param set dotted paths of the keys that are set; the others are comments
 */
export function commentedYaml(config: Config, set: ReadonlySet<string>): string {
  const lines = ['# Configuration of Panewright. Read again when it changes; no restart is needed.'];
  let group = '';
  for (const leaf of LEAVES) {
    const above = leaf.keys.slice(0, -1).join('.');
    if (above !== group && above !== '') lines.push('', `${isUsed(above, set) ? '' : '# '}${above}:`);
    group = above;
    const indent = above === '' ? '' : '  ';
    const mark = set.has(leaf.path) ? '' : '# ';
    lines.push(
      '',
      ...comment(leaf, indent),
      `${indent}${mark}${leaf.keys.at(-1) ?? ''}: ${JSON.stringify(valueAt(config, leaf.keys))}`,
    );
  }
  if (set.size === 0) lines.push('', '# A file that sets nothing yet:', '{}');
  return `${lines.join('\n')}\n`;
}

const isUsed = (group: string, set: ReadonlySet<string>): boolean =>
  [...set].some((path) => path.startsWith(`${group}.`));

function comment(leaf: Leaf, indent: string): string[] {
  const words = leaf.description.split(' ');
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 90) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `${indent}# ${line}`);
}
