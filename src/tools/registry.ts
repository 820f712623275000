/** Every tool, in the order in which clients list them, and the names that older programs call them by. */
import { execute } from './terminal/execute.js';
import { closePane, paneInfo, readPane, sendKeys, writePane } from './terminal/panes.js';
import { listSessions, openPane, version } from './terminal/sessions.js';
import { health } from './sessions/health.js';
import {
  sessionDestroy,
  sessionHistory,
  sessionList,
  sessionSetClaudeId,
  sessionStart,
  sessionStatus,
} from './sessions/life.js';
import { sessionAnswer, sessionInterrupt, sessionSend, sessionWait } from './sessions/conversation.js';
import { waitFor } from './terminal/wait_for.js';
import type { AnyTool } from './tool.js';

export const tools: readonly AnyTool[] = [
  execute,
  readPane,
  writePane,
  sendKeys,
  waitFor,
  listSessions,
  paneInfo,
  openPane,
  closePane,
  version,
  health,
  sessionStart,
  sessionSend,
  sessionWait,
  sessionAnswer,
  sessionInterrupt,
  sessionStatus,
  sessionList,
  sessionHistory,
  sessionDestroy,
  sessionSetClaudeId,
];

/** Accepted in calls, never listed: the names of the program that Panewright replaces. */
export const oldNames: Readonly<Record<string, string>> = {
  read_tmux_pane: 'read_pane',
  write_tmux_pane: 'write_pane',
  send_keys_tmux: 'send_keys',
  get_tmux_sessions: 'list_sessions',
  get_pane_info: 'pane_info',
  get_server_version: 'version',
};

/** Arguments that those programs called otherwise. */
export const oldArguments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  send_keys_tmux: { keys: 'key' },
};
