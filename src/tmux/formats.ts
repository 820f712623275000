/**
 * The only tmux formats, each with the typed row that it yields. No format is ever made from a caller's text.
 *
 * A row is `MARK`, the safe fields with tabs between, then the fields that a program or a directory name can
 * choose, each behind another MARK: these may hold tabs and newlines, and cannot forge a row because MARK is
 * drawn at random per process.
 */
import { randomBytes } from 'node:crypto';

const MARK = `<${randomBytes(6).toString('hex')}>`;

/** How a field's text becomes its value. */
const text = (value: string): string => value;
const number = (value: string): number => Number(value);
const flag = (value: string): boolean => value === '1';

/** Fields of one kind of text each: [variable, reader]. In the first table tmux or we choose the text. */
const SAFE = {
  paneId: ['pane_id', text],
  sessionId: ['session_id', text],
  windowId: ['window_id', text],
  windowIndex: ['window_index', number],
  paneIndex: ['pane_index', number],
  width: ['pane_width', number],
  height: ['pane_height', number],
  cursorX: ['cursor_x', number],
  cursorY: ['cursor_y', number],
  historySize: ['history_size', number],
  mode: ['pane_mode', text],
  alternate: ['alternate_on', flag],
  dead: ['pane_dead', flag],
  deadStatus: ['pane_dead_status', (value: string) => (value === '' ? null : Number(value))],
  pid: ['pane_pid', number],
  tty: ['pane_tty', text],
  active: ['pane_active', flag],
  windowActive: ['window_active', flag],
  sessionActivity: ['session_activity', number],
  sessionCreated: ['session_created', number],
  serverPid: ['pid', number],
  serverVersion: ['version', text],
  applicationCursor: ['keypad_cursor_flag', flag],
} as const;

/** Here a person, a program or a directory does. */
const FREE = {
  sessionName: ['session_name', text],
  linkedSessions: ['window_linked_sessions_list', text],
  windowName: ['window_name', text],
  attachedClients: ['session_attached_list', text],
  command: ['pane_current_command', text],
  path: ['pane_current_path', text],
  title: ['pane_title', text],
  integration: ['@panewright_shell', text],
  owner: ['@panewright_owner', text],
} as const;

/** A format for `-F` and what reads the rows that it yields. */
export interface RowFormat<Row> {
  readonly format: string;
  parse(body: string): Row[];
}

function rowFormat<K extends keyof PaneRow>(keys: readonly K[]): RowFormat<Pick<PaneRow, K>> {
  const fields = (table: typeof SAFE | typeof FREE): [K, string, (value: string) => unknown][] =>
    keys.flatMap((key) => {
      const field = (table as Record<string, readonly [string, (value: string) => unknown]>)[key];
      return field ? [[key, `#{${field[0]}}`, field[1]] as [K, string, (value: string) => unknown]] : [];
    });
  const safe = fields(SAFE);
  const free = fields(FREE);
  const cells = [safe.map(([, format]) => format).join('\t'), ...free.map(([, format]) => format)];
  const step = free.length + 2; // what stands between two rows, a newline, is a cell of its own
  return {
    format: MARK + cells.join(MARK) + MARK,
    parse(body) {
      const parts = body.split(MARK);
      const rows: Pick<PaneRow, K>[] = [];
      for (let i = 1; i + step - 1 < parts.length; i += step) {
        const row: Partial<Record<K, unknown>> = {};
        const values = (parts[i] as string).split('\t');
        safe.forEach(([key, , read], k) => (row[key] = read(values[k] ?? '')));
        free.forEach(([key, , read], k) => (row[key] = read(parts[i + 1 + k] ?? '')));
        rows.push(row as Pick<PaneRow, K>);
      }
      return rows;
    },
  };
}

/** One pane as seen from one session: a linked window gives a row for each session that it is linked into. */
export interface PaneRow {
  readonly paneId: string;
  readonly sessionId: string;
  readonly sessionName: string;
  readonly windowId: string;
  readonly windowIndex: number;
  readonly windowName: string;
  readonly paneIndex: number;
  /** Columns and rows of the pane. */
  readonly width: number;
  readonly height: number;
  /** Cursor, zero-based, from the top left of the visible screen. */
  readonly cursorX: number;
  readonly cursorY: number;
  /** Lines in the scrollback. */
  readonly historySize: number;
  /** Name of the mode (`copy-mode`, `view-mode`, ...) or ''. */
  readonly mode: string;
  readonly alternate: boolean;
  readonly dead: boolean;
  readonly deadStatus: number | null;
  /** Process id of the pane's own program; 0 where it has ended and tmux (3.8) no longer tells. */
  readonly pid: number;
  readonly tty: string;
  readonly active: boolean;
  readonly windowActive: boolean;
  /** Name of the process in the foreground of the pane's terminal. */
  readonly command: string;
  readonly path: string;
  readonly title: string;
  /** Names of the clients attached to the session, comma-separated: terminals by their path, others not. */
  readonly attachedClients: string;
  /** Seconds since the epoch. */
  readonly sessionActivity: number;
  readonly sessionCreated: number;
  readonly serverPid: number;
  readonly serverVersion: string;
  /** Whether the program asked for application cursor keys (ESC O A instead of ESC [ A). */
  readonly applicationCursor: boolean;
  /** tmux's own list of the sessions that the window is linked into, as text; compared whole, never split. */
  readonly linkedSessions: string;
  /** What Panewright noted on the pane: see the integration in panes. */
  readonly integration: string;
  readonly owner: string;
}

/** Everything about a pane. */
export const PANE: RowFormat<PaneRow> = rowFormat([
  ...Object.keys(SAFE),
  ...Object.keys(FREE),
] as (keyof PaneRow)[]);

/** What a list of sessions tells of panes: each field costs tmux some microseconds, which counts with hundreds of them. */
const BRIEFLY = [
  'paneId',
  'sessionName',
  'windowIndex',
  'paneIndex',
  'command',
  'path',
  'attachedClients',
  'sessionActivity',
] as const;
export const BRIEF_LISTING = rowFormat(BRIEFLY);
export type BriefRow = Pick<PaneRow, (typeof BRIEFLY)[number]>;

/** The same and what a list of windows and panes shows besides. */
const LISTED = [...BRIEFLY, 'windowName', 'windowActive', 'active', 'width', 'height', 'dead'] as const;
export const LISTING = rowFormat(LISTED);
export type ListedRow = Pick<PaneRow, (typeof LISTED)[number]>;

/** Pane user option that Panewright sets; tmux is the database for what several servers must agree on. */
export const SHELL_OPTION = '@panewright_shell';

/** Whether the pane can be reached from more than one session. */
export function isLinked(row: Pick<PaneRow, 'linkedSessions' | 'sessionName'>): boolean {
  return row.linkedSessions !== row.sessionName && row.linkedSessions !== '';
}

/** `list-sessions -F` argument: one line per session; names never contain a tab or a newline, tmux sees to it. */
export const SESSION_FORMAT = '#{session_id}\t#{session_name}';

export interface SessionRow {
  readonly sessionId: string;
  readonly sessionName: string;
}

export function parseSessionRows(body: string): SessionRow[] {
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [sessionId = '', sessionName = ''] = line.split('\t');
      return { sessionId, sessionName };
    });
}

/** A filter (`-f`) for the pane in front, if its program has ended. */
export const DEAD_IN_FRONT = '#{&&:#{pane_active},#{pane_dead}}';

/** A filter (`-f`) for one pane. */
export function onlyPane(paneId: string): string {
  return `#{==:#{pane_id},${paneId}}`;
}

/** `list-clients -F` argument: one line per client: session id, control-mode flag, process id. */
export const CLIENT_FORMAT = '#{session_id}\t#{client_control_mode}\t#{client_pid}';

export interface ClientRow {
  readonly sessionId: string;
  readonly control: boolean;
  readonly pid: number;
}

export function parseClientRows(body: string): ClientRow[] {
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [sessionId = '', control = '', pid = ''] = line.split('\t');
      return { sessionId, control: control === '1', pid: Number(pid) };
    });
}

/** Ids of what `new-window`, `split-window` and `new-session` made (`-P -F`). */
export const CREATED_FORMAT = '#{session_id}\t#{window_id}\t#{pane_id}';

/**
 * What to subscribe to on a window to hear when the program of one of its panes has ended and the pane remains, or
 * was replaced. On the pane itself tmux (3.3a) never reports the first: it skips panes without a terminal.
 */
export const PROGRAMS_FORMAT = '#{P:#{pane_id}=#{pane_pid}.#{pane_dead} }';
