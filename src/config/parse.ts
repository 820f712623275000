/**
 * Text of a configuration file to plain data. JSON is parsed here; YAML by cosmiconfig's loader, loaded only
 * when a YAML file is in play. cosmiconfig's own search is never used: it reads "meta" files, JavaScript
 * included, from the working directory.
 */
import { extname } from 'node:path';
import { ConfigProblem } from './problem.js';

export const isYaml = (path: string): boolean => ['.yaml', '.yml'].includes(extname(path).toLowerCase());

/** @throws ConfigProblem with line and column, never with the text itself: it may hold a token */
export async function parseYaml(path: string, text: string): Promise<unknown> {
  if (text.trim() === '') throw new ConfigProblem(path, 'is empty');
  const { defaultLoadersSync } = await import('cosmiconfig');
  try {
    return defaultLoadersSync['.yaml'](path, text) as unknown;
  } catch (error) {
    const { reason, mark } = error as { reason?: string; mark?: { line: number; column: number } };
    const place = mark ? ` at line ${mark.line + 1}, column ${mark.column + 1}` : '';
    throw new ConfigProblem(path, `is not valid YAML${place}${reason === undefined ? '' : ` (${reason})`}`);
  }
}

/** @throws ConfigProblem with line and column where the engine tells them */
export function parseJson(path: string, text: string): unknown {
  if (!['.json', ''].includes(extname(path).toLowerCase())) {
    throw new ConfigProblem(path, 'must end in .json, .yaml or .yml; configuration is data, never code');
  }
  if (text.trim() === '') throw new ConfigProblem(path, 'is empty');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const offset = /at position (\d+)/.exec((error as Error).message)?.[1];
    if (offset === undefined) throw new ConfigProblem(path, 'is not valid JSON (it may be cut off)');
    const before = text.slice(0, Number(offset)).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw new ConfigProblem(path, `is not valid JSON at line ${before.length}, column ${column}`);
  }
}
