/** All that a call which must change nothing could have changed: the whole of tmux, and a canary directory. */
import { readdirSync } from 'node:fs';
import type { PrivateTmux } from '../support/tmux.js';

const PANES = [
  'session_id',
  'session_name',
  'window_id',
  'window_index',
  'window_layout',
  'window_active',
  'pane_id',
  'pane_index',
  'pane_active',
  'pane_title',
  'pane_in_mode',
  'pane_pid',
  'pane_current_command',
  'pane_current_path',
  'pane_width',
  'pane_height',
  'cursor_x',
  'cursor_y',
  'history_size',
]
  .map((name) => `#{${name}}`)
  // tmux itself names a window after what runs there, some time later, unless somebody has given it a name.
  .concat('#{?automatic-rename,,#{window_name}}')
  .join('|');

/** A text that is equal before and after a call that has changed nothing. */
export async function stateOf(tmux: PrivateTmux): Promise<string> {
  const panes = await tmux.run('list-panes', '-a', '-F', PANES);
  const ids = (await tmux.run('list-panes', '-a', '-F', '#{pane_id}')).split('\n');
  const screens: string[] = [];
  for (const id of ids) screens.push(await tmux.capture(id, { scrollback: 1000 }));
  const rest = [
    await tmux.run('list-buffers'),
    await tmux.run('show-options', '-g'),
    await tmux.run('show-environment', '-g'),
    await tmux.run('list-keys'),
    await tmux.run('show-hooks', '-g'),
  ];
  return [panes, ...screens, ...rest, ...readdirSync(tmux.home).sort()].join('\n----\n');
}
