/** The token of the HTTP server, from the configuration or from the file that it names. */
import { statSync } from 'node:fs';
import { readGuarded } from '../config/file.js';
import { ConfigProblem } from '../config/problem.js';
import type { Config } from '../config/schema.js';

/**
 * null where none is configured.
 * @throws ConfigProblem when the file that should hold it cannot be used
 */
export function tokenOf({ auth_token, auth_token_file: file }: Config): string | null {
  if (auth_token !== null || file === null) return auth_token;
  try {
    const token = readGuarded(file).text.trim();
    const { mode, uid } = statSync(file);
    // A secret that an administrator gives to our group is root's: we cannot change its mode.
    const shared = uid === 0 && process.getuid?.() !== 0 ? 0o037 : 0o077;
    if ((mode & shared) !== 0) throw new ConfigProblem(file, 'can be used by others; run `chmod 600` on it');
    if (!/^\S+$/.test(token)) throw new ConfigProblem(file, 'must hold one token without white space');
    return token;
  } catch (error) {
    throw error instanceof ConfigProblem ? new ConfigProblem(`auth_token_file ${file}`, error.reason) : error;
  }
}
