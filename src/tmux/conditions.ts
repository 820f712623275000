/**
 * What tmux itself checks in the very step in which it acts. No format is ever made from a caller's text: what a
 * person or a program can choose is compared as a literal.
 */
import { isLinked, type PaneRow } from './formats.js';
import { formatLiteral } from './quote.js';

/** A format, and what it is to expand to. */
type Fact = readonly [format: string, value: string];

/** Holds while all of its facts do. */
export type Condition = readonly Fact[];

/**
 * The condition as a format that expands to 1 or 0. It is one comparison: each costs tmux several microseconds at every
 * act. No value has a `:` in it, session names included (tmux sees to that), but the name of a program, and there is at
 * most one of those: so what stands between the colons is unambiguous.
 */
export function holds(condition: Condition): string {
  const formats = condition.map(([format]) => format).join(':');
  const values = condition.map(([, value]) => value).join(':');
  return `#{==:${formats},${formatLiteral(values)}}`;
}

/**
 * Holds, with the pane's id alone as the target, while the pane is where it was when `row` was read: same server,
 * same set of sessions, and the same process in it, as alive or dead as it was. (tmux 3.3a crashes when something is
 * pasted into a dead pane.) A target that names a session too is no help: where the pane is not in that session, tmux
 * fills in what it likes (`if-shell` and `display-message` go on with a target that they did not find).
 */
export function samePlace(row: PaneRow): Condition {
  return [...sameSessions(row), ['#{?pane_dead,dead,#{pane_pid}}', row.dead ? 'dead' : String(row.pid)]];
}

/** The same, whatever has become of the program. */
export function sameSessions(row: PaneRow): Condition {
  const { linkedSessions: list } = row;
  // The list does not tell a session `a,b` from `a` and `b`. Of several, tmux names the one that it likes best.
  const isPlain = isLinked(row) || (list !== '' && !list.includes(','));
  return [
    ['#{pane_id}', row.paneId],
    ['#{pid}', String(row.serverPid)],
    ['#{window_linked_sessions_list}', list],
    ...(isPlain ? [] : [['#{session_name}', row.sessionName] as const]),
  ];
}

/** Holds while a program of this name is in the foreground. */
export function sameProgram(command: string): Condition {
  return [['#{pane_current_command}', command]];
}

/** Holds while keys that are sent to the pane reach its program: a mode, such as copy mode, takes them for itself. */
export const NO_MODE: Condition = [['#{pane_in_mode}', '0']];

/** Holds while nobody has the pane's output piped to a command. */
export const NO_PIPE: Condition = [['#{pane_pipe}', '0']];

/** Holds while the pane has the size that `row` says. */
export function sameSize(row: PaneRow): Condition {
  return [['#{pane_width}x#{pane_height}', `${row.width}x${row.height}`]];
}

/** Holds while no window of the session has a lower index than the pane's. */
export const LOWEST_WINDOW: Condition = [['#{window_start_flag}', '1']];

/** Holds while the pane has this place; the panes of a window are numbered without gaps, so the first stays first. */
export function sameIndex(row: PaneRow): Condition {
  return [['#{window_index}.#{pane_index}', `${row.windowIndex}.${row.paneIndex}`]];
}

/**
 * Name of the variable in tmux's global environment that holds the lock of a pane. Not a pane option: setting one
 * makes tmux lay out every window anew, which costs it 10 ms with a hundred sessions. Hidden (`-h`), so that no
 * pane inherits it.
 */
export function lockVariable(paneId: string): string {
  return `PANEWRIGHT_LOCK_${paneId.slice(1)}`;
}

/** The token that holds the pane's lock, or ''. */
export function lockFormat(paneId: string): string {
  return `#{${lockVariable(paneId)}}`;
}

/** Holds while the lock is this token's; '' while nobody has taken it. Tokens are our own, letters and digits. */
export function lockedBy(paneId: string, token: string): Condition {
  return [[lockFormat(paneId), token]];
}

/** Holds until a time, in milliseconds since the epoch; tmux counts whole seconds, so up to one less. */
export function before(time: number): Condition {
  return [[`#{e|<:#{T:#{l:%s}},${Math.floor(time / 1000)}}`, '1']];
}
