/**
 * May this be done? Pure judgement over a loaded configuration; nothing here asks tmux or reads a file. Every
 * verdict names the rule that decided. Texts name only sessions that the caller named itself: a refusal must not
 * tell what else exists.
 */
import type { ErrorCode } from '../errors.js';
import type { LoadedConfig } from '../config/schema.js';
import { firstMatch } from './glob.js';

/** What a tool does to a pane. */
export type Access = 'read' | 'write' | 'destroy';

/** What is to be judged. */
export interface Question {
  readonly access: Access;
  /**
   * All sessions that the pane belongs to, or the one that is to be made or looked up; each must be allowed.
   * null: the tool touches no session. An empty list is refused: a pane without a session is a lookup that failed.
   */
  readonly sessions: readonly string[] | null;
  readonly config: LoadedConfig;
  /** The session that the caller named; only this name may appear in a refusal. */
  readonly asked?: string | undefined;
}

/** `text` is `what failed. What to do next.`, without the code. */
export type Verdict =
  | { readonly allow: true; readonly rule: string }
  | { readonly allow: false; readonly code: ErrorCode; readonly rule: string; readonly text: string };

/**
 * Judge the name that a caller gave before looking it up (`sessions: [asked]`), so that a refusal does not tell
 * whether the session exists; and all sessions of the pane after.
 */
export function judge({ access, sessions, config: loaded, asked }: Question): Verdict {
  if (loaded.invalid !== undefined && (access !== 'read' || loaded.sealed === true)) {
    const text = `the configuration cannot be used: ${loaded.invalid}. Mend it; it is read again at the next call.`;
    return { allow: false, code: 'CONFIG_INVALID', rule: 'config is valid', text };
  }
  if (sessions?.length === 0) {
    const text = 'the pane belongs to no session that is allowed. Call list_sessions for those that are.';
    return { allow: false, code: 'SESSION_NOT_ALLOWED', rule: 'pane belongs to a session', text };
  }
  let rule = 'no session is touched';
  for (const session of sessions ?? []) {
    const verdict = judgeName(session, loaded, asked);
    if (!verdict.allow) return verdict;
    rule = verdict.rule;
  }
  return access === 'read' ? { allow: true, rule } : judgeWrite(sessions ?? [], loaded, asked, rule);
}

/** Whether a session may appear in a listing, with everything in it. */
export function visible(name: string, config: LoadedConfig): boolean {
  return judge({ access: 'read', sessions: [name], config, asked: name }).allow;
}

function judgeName(session: string, loaded: LoadedConfig, asked: string | undefined): Verdict {
  const mine = { patterns: loaded.config.allowed_sessions, place: placeOf('allowed_sessions', loaded) };
  const theirs = loaded.policy.map((policy) => ({
    patterns: policy.allowed_sessions,
    place: `allowed_sessions ${policy.own === true ? 'of' : 'in the machine policy'} ${policy.path}`,
  }));
  let rule = 'allowed_sessions is empty: all sessions';
  for (const { patterns, place } of [mine, ...theirs]) {
    if (patterns.length === 0) continue;
    const match = firstMatch(patterns, session);
    if (match === undefined) return notAllowed(session, asked, place);
    rule = `${JSON.stringify(match)} of ${place}`;
  }
  return { allow: true, rule };
}

function notAllowed(session: string, asked: string | undefined, place: string): Verdict {
  const which =
    session === asked
      ? `session ${JSON.stringify(session)} is not allowed`
      : 'the pane also belongs to a session that is not allowed';
  const text = `${which} by ${place}. Call list_sessions for those that are, or have it added there.`;
  return { allow: false, code: 'SESSION_NOT_ALLOWED', rule: place, text };
}

function judgeWrite(
  sessions: readonly string[],
  loaded: LoadedConfig,
  asked: string | undefined,
  rule: string,
): Verdict {
  if (!loaded.config.write_enabled) {
    const text = `writing is off: ${howToEnable(loaded)}`;
    return { allow: false, code: 'WRITE_DISABLED', rule: placeOf('write_enabled', loaded), text };
  }
  for (const session of sessions) {
    const match = firstMatch(loaded.config.read_only_sessions, session);
    if (match === undefined) continue;
    const place = placeOf('read_only_sessions', loaded);
    const which =
      session === asked
        ? `session ${JSON.stringify(session)} is read-only`
        : 'the pane also belongs to a session that is read-only';
    const text = `${which} by ${place}. Read tools work on it; for writing, have it removed there.`;
    return { allow: false, code: 'WRITE_DISABLED', rule: place, text };
  }
  return { allow: true, rule: `write_enabled, and ${rule}` };
}

function howToEnable(loaded: LoadedConfig): string {
  const file = `Set "write_enabled": true in ${loaded.editPath}`;
  const origin = loaded.origins['write_enabled'] ?? 'default';
  switch (origin) {
    case 'policy':
      return `the machine policy ${loaded.policyPath ?? ''} forbids it. Only the administrator of this machine can change that.`;
    case 'env':
      return 'PANEWRIGHT_WRITE_ENABLED is false. Set it to 1 where the server is started, or remove it and use the configuration file.';
    case 'flag':
      return 'the server was started with --no-write-enabled or --write-enabled=false. Start it without.';
    case 'file':
      return `write_enabled is false. ${file}; it takes effect at the next call.`;
    case 'host':
      return `write_enabled is false for host ${loaded.host ?? ''}. Set it to true under "hosts" in ${loaded.editPath}; it takes effect at the next call.`;
    case 'default':
      return `write_enabled is false by default. ${file} (takes effect at the next call), or start the server with --write-enabled or PANEWRIGHT_WRITE_ENABLED=1.`;
  }
}

/** The key and where its value came from: `allowed_sessions in /home/u/.config/panewright/config.json`. */
function placeOf(key: string, loaded: LoadedConfig): string {
  const origin = loaded.origins[key] ?? 'default';
  switch (origin) {
    case 'file':
      return `${key} in ${loaded.path ?? 'the configuration file'}`;
    case 'env':
      return `${key} in the environment`;
    case 'flag':
      return `${key} on the command line`;
    case 'policy':
      return `${key} in the machine policy ${loaded.policyPath ?? ''}`;
    case 'host':
      return `${key} of host ${loaded.host ?? ''} in ${loaded.path ?? 'the configuration file'}`;
    case 'default':
      return `${key} (default)`;
  }
}
