/** The file `sessions/<pid>.json` that a running Claude Code keeps about itself (2.1.329). */
import { join } from 'node:path';
import type { AgentStatus } from '../../src/profile/contract.js';
import { jsonObject } from './json.js';

const STATES: Readonly<Record<string, AgentStatus['state']>> = {
  idle: 'idle',
  // The turn is over, a shell command goes on in the background.
  shell: 'idle',
  busy: 'busy',
  waiting: 'waiting',
};

/** Where it keeps its files: `CLAUDE_CONFIG_DIR`, else `~/.claude`. */
export function home(env: Readonly<Record<string, string | undefined>>): string {
  return env['CLAUDE_CONFIG_DIR'] ?? join(env['HOME'] ?? '/', '.claude');
}

export function statusFile(directory: string, pid: number): string {
  return join(directory, 'sessions', `${pid}.json`);
}

/** Undefined for text that is no such file; it is rewritten in place, so a reader may catch it half-written. */
export function readStatus(text: string): AgentStatus | undefined {
  const data = jsonObject(text);
  if (!data) return undefined;
  const { pid, sessionId, status, waitingFor, cwd, version, procStart, statusUpdatedAt } = data;
  if (typeof pid !== 'number' || typeof sessionId !== 'string') return undefined;
  const state = typeof status === 'string' ? STATES[status] : 'starting';
  if (state === undefined) return undefined;
  return {
    pid,
    conversation: sessionId,
    state,
    background: status === 'shell',
    directory: typeof cwd === 'string' ? cwd : '',
    ...(typeof waitingFor === 'string' ? { waitingFor } : {}),
    ...(typeof version === 'string' ? { version } : {}),
    ...(typeof procStart === 'string' ? { procStart } : {}),
    ...(typeof statusUpdatedAt === 'number' ? { since: statusUpdatedAt } : {}),
  };
}
