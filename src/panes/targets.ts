/**
 * From what a caller says to one pane. Exact names and indices only, compared here: tmux's own `-t` falls back
 * to prefixes, patterns and the current pane. Only ids ever go to tmux.
 */
import { PanewrightError } from '../errors.js';
import { LOWEST_WINDOW, sameIndex, samePlace, type Condition } from '../tmux/conditions.js';
import { isLinked, type PaneRow, type SessionRow } from '../tmux/formats.js';

/** What a caller says. */
export interface Target {
  readonly session: string;
  /** Window index; default the session's lowest. */
  readonly window?: number | undefined;
  /** Pane index or `%id`; default the window's lowest. */
  readonly pane?: number | string | undefined;
}

/** `work:0.1`, as results show it. */
export function targetName(row: PaneRow): string {
  return `${row.sessionName}:${row.windowIndex}.${row.paneIndex}`;
}

function unique(values: readonly (string | number)[]): string {
  return [...new Set(values)].join(', ');
}

/** At most 20 names, for an error message. */
export function nameList(names: readonly string[]): string {
  if (names.length === 0) return 'there are none';
  return names.slice(0, 20).join(', ') + (names.length > 20 ? ` and ${names.length - 20} more` : '');
}

/** The session of exactly this name. Names that the caller may not see are left out of the error. */
export function pickSession(
  sessions: readonly SessionRow[],
  name: string,
  visible: (name: string) => boolean,
): SessionRow {
  const found = sessions.find((session) => session.sessionName === name);
  if (found) return found;
  const names = sessions.map((session) => session.sessionName).filter(visible);
  throw new PanewrightError(
    'SESSION_NOT_FOUND',
    `no session ${JSON.stringify(name.slice(0, 200))}. Sessions: ${nameList(names)}.`,
    names.length > 0
      ? 'Use one of these names exactly.'
      : 'Make one: session_start with the profile of a shell, or `tmux new -s NAME`.',
  );
}

/**
 * A condition, for tmux to check, under which the target still means the pane that was picked. Of a pane that several
 * sessions share only that it is the same: each may number it otherwise, so its target is looked up each time.
 */
export function stillMeans(target: Target, row: PaneRow): Condition {
  if (isLinked(row)) return samePlace(row);
  const byId = typeof target.pane === 'string';
  if (byId && target.window === undefined) return samePlace(row);
  const byDefault = target.window === undefined ? LOWEST_WINDOW : [];
  return [...samePlace(row), ...sameIndex(row), ...byDefault];
}

/** The one pane meant, out of the rows of its session. */
export function pickPane(rows: readonly PaneRow[], target: Target): PaneRow {
  const session = JSON.stringify(target.session);
  const { pane } = target;
  if (typeof pane === 'string') {
    const row = rows.find(
      (r) => r.paneId === pane && (target.window === undefined || r.windowIndex === target.window),
    );
    if (row) return row;
    throw new PanewrightError(
      'PANE_NOT_FOUND',
      `session ${session} has no pane ${JSON.stringify(pane)}${target.window === undefined ? '' : ` in window ${target.window}`}. Panes: ${unique(rows.map((r) => `${r.paneId} (${r.windowIndex}.${r.paneIndex})`))}.`,
      'Give a pane index or one of these ids.',
    );
  }
  const window = target.window ?? Math.min(...rows.map((row) => row.windowIndex));
  const inWindow = rows.filter((row) => row.windowIndex === window);
  if (inWindow.length === 0) {
    throw new PanewrightError(
      'PANE_NOT_FOUND',
      `session ${session} has no window ${window}. Windows: ${unique(rows.map((r) => r.windowIndex))}.`,
      'Give one of these indices.',
    );
  }
  const index = pane ?? Math.min(...inWindow.map((row) => row.paneIndex));
  const row = inWindow.find((r) => r.paneIndex === index);
  if (row) return row;
  throw new PanewrightError(
    'PANE_NOT_FOUND',
    `window ${session}:${window} has no pane ${index}. Panes: ${unique(inWindow.map((r) => r.paneIndex))}.`,
    'Give one of these indices.',
  );
}
