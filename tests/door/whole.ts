/**
 * The whole observable state of a tmux server, as one text: equal before and after a call that changed nothing.
 * Left out is only what our own control clients cannot help to touch: who is attached, and when last.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateTmux } from '../support/tmux.js';

const SESSION = [
  ...['id', 'name', 'windows', 'created', 'group', 'group_list', 'path', 'marked', 'format', 'many_attached'],
  ...['stack', 'alerts', 'grouped', 'group_size'],
].map((name) => `#{session_${name}}`);

const WINDOW = [
  ...['id', 'index', 'active', 'layout', 'visible_layout', 'zoomed_flag', 'width', 'height', 'panes'],
  ...['linked', 'linked_sessions', 'linked_sessions_list', 'start_flag', 'end_flag', 'marked_flag'],
  ...['stack_index', 'last_flag', 'bell_flag', 'silence_flag', 'cell_width', 'offset_x', 'offset_y'],
]
  .map((name) => `#{window_${name}}`)
  // As long as nobody has named it, tmux does, after what runs in it, when it finds the time.
  .concat('#{?automatic-rename,unnamed,#{window_name}}');

const PANE = [
  ...['id', 'index', 'active', 'title', 'pid', 'tty', 'start_command', 'current_command', 'current_path'],
  ...['width', 'height', 'left', 'top', 'dead', 'dead_status', 'in_mode', 'mode', 'input_off', 'marked'],
  ...['pipe', 'synchronized', 'tabs', 'path', 'last', 'fg', 'bg', 'search_string', 'key_mode'],
].map((name) => `#{pane_${name}}`);

const TERMINAL = [
  ...['cursor_x', 'cursor_y', 'cursor_flag', 'cursor_character', 'history_size', 'history_bytes'],
  ...[
    'alternate_on',
    'alternate_saved_x',
    'insert_flag',
    'keypad_cursor_flag',
    'mouse_any_flag',
    'wrap_flag',
  ],
  ...['scroll_position', 'copy_cursor_x', 'copy_cursor_y', 'selection_present'],
].map((name) => `#{${name}}`);

/** @param sessions ids of the sessions to look at; default all, and the server's own state and the files with them */
export async function wholeOf(tmux: PrivateTmux, sessions?: readonly string[]): Promise<string> {
  const ids = (await tmux.run('list-panes', '-a', '-F', '#{session_id} #{pane_id}'))
    .split('\n')
    .map((line) => line.split(' ') as [string, string])
    .filter(([session]) => sessions?.includes(session) ?? true);
  const filter = ids.map(([session]) => `#{==:#{session_id},${session}}`);
  const only = sessions === undefined ? [] : ['-f', filter.reduce((all, one) => `#{||:${all},${one}}`, '0')];
  const panes = [...new Set(ids.map(([, pane]) => pane))];
  const commands: string[][] = [
    ['list-sessions', ...only, '-F', SESSION.join('|')],
    ['list-windows', '-a', ...only, '-F', ['#{session_id}', ...WINDOW].join('|')],
    ['list-panes', '-a', ...only, '-F', ['#{session_id}', ...PANE, ...TERMINAL].join('|')],
    ...panes.map((pane) => ['capture-pane', '-p', '-e', '-J', '-S', '-', '-t', pane]),
    ...panes.flatMap((pane) => [
      ['show-options', '-p', '-t', pane],
      ['show-options', '-w', '-t', pane],
      ['show-hooks', '-w', '-t', pane],
    ]),
    ...[...new Set(ids.map(([session]) => session))].flatMap((session) => [
      ['show-options', '-t', session],
      ['show-environment', '-t', session],
      ['show-hooks', '-t', session],
    ]),
    ...(sessions === undefined ? SERVER : []),
  ];
  const line = commands.flatMap((command, i) => (i === 0 ? command : [';', ...command]));
  return [await tmux.run(...line), ...(sessions === undefined ? filesIn(tmux.home) : [])].join('\n');
}

/** Every file below a folder, with its size and when it was written. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return `${path} ${stats?.size} ${stats?.mtimeMs}`;
    });
}

const SERVER: readonly string[][] = [
  ['list-buffers', '-F', '#{buffer_name} #{buffer_size} #{buffer_sample}'],
  ['show-options', '-s'],
  ['show-options', '-g'],
  ['show-options', '-gw'],
  ['show-hooks', '-g'],
  ['show-environment', '-g'],
  ['show-environment', '-gh'],
  ['list-keys'],
];
