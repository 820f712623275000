/** list_sessions and open_pane: what is there, and more of it. */
import * as z from 'zod';
import { targetName } from '../../panes/targets.js';
import type { ProfileCatalog } from '../../profile/catalog.js';
import type { BriefRow, ListedRow } from '../../tmux/formats.js';
import { hostRows, hostRowsOf, rowsOf } from '../everywhere.js';
import { now, paneTool, place, plainTool, target, timestamp } from '../tool.js';

const paneShape = z.strictObject({
  index: z.int(),
  pane_id: z.string(),
  command: z.string(),
  path: z.string(),
  width: z.int(),
  height: z.int(),
  active: z.boolean(),
  dead: z.boolean(),
  profile: z.string().nullable(),
});

const windowShape = z.strictObject({
  index: z.int(),
  name: z.string(),
  active: z.boolean(),
  panes: z.array(paneShape),
});

export const listSessions = plainTool({
  name: 'list_sessions',
  title: 'List sessions',
  toolset: 'terminal',
  access: 'read',
  idempotent: true,
  description:
    'The tmux sessions that may be used, with the command, directory and profile of the pane that tools take by default (lowest window, lowest pane). detail adds every window and pane. No sessions, or no tmux server: an empty list.',
  input: z.strictObject({ detail: z.boolean().default(false).describe('Add windows and panes') }),
  output: z.strictObject({
    sessions: z.array(
      z.strictObject({
        host: z.string().optional().describe('Absent: this machine'),
        name: z.string(),
        windows: z.int(),
        panes: z.int(),
        attached: z.boolean().describe('Whether a person looks at it'),
        command: z.string(),
        path: z.string(),
        last_activity: z.string(),
        allowed: z.boolean(),
        write_allowed: z.boolean(),
        profile: z.string().nullable(),
        window_list: z.array(windowShape).optional(),
      }),
    ),
    count: z.int(),
    hosts: hostRows,
    timestamp,
  }),
  gather(parts) {
    const sessions = rowsOf(parts, 'sessions') as never[];
    return { sessions, count: sessions.length, hosts: hostRowsOf(parts), timestamp: now() };
  },
  async run({ detail }, { visibleRows, visiblePanes, mayWrite, terminals }) {
    const { catalog } = terminals.engine;
    const bySession = (row: BriefRow): string => row.sessionName;
    const whole = detail ? groupBy(await visibleRows(), bySession) : undefined;
    const panes: Map<string, BriefRow[]> = whole ?? groupBy(await visiblePanes(), bySession);
    const sessions = [...panes].map(([name, rows]) => {
      const first = [...rows].sort(
        (a, b) => a.windowIndex - b.windowIndex || a.paneIndex - b.paneIndex,
      )[0] as BriefRow;
      return {
        name,
        windows: new Set(rows.map((row) => row.windowIndex)).size,
        panes: rows.length,
        // Control clients, ours and others', have names without a terminal.
        attached: first.attachedClients.split(',').some((client) => client.startsWith('/')),
        command: first.command,
        path: first.path,
        last_activity: new Date(first.sessionActivity * 1000).toISOString(),
        allowed: true,
        write_allowed: mayWrite(name),
        profile: catalog.programOf(first.command)?.name ?? null,
        ...(whole && { window_list: windowsOf(whole.get(name) ?? [], catalog) }),
      };
    });
    return { sessions, count: sessions.length, timestamp: now() };
  },
});

function windowsOf(rows: readonly ListedRow[], catalog: ProfileCatalog): z.output<typeof windowShape>[] {
  return [...groupBy(rows, (row) => row.windowIndex)].map(([index, panes]) => ({
    index,
    name: panes[0]?.windowName ?? '',
    active: panes[0]?.windowActive ?? false,
    panes: panes.map((row) => ({
      index: row.paneIndex,
      pane_id: row.paneId,
      command: row.command,
      path: row.path,
      width: row.width,
      height: row.height,
      active: row.active,
      dead: row.dead,
      profile: catalog.programOf(row.command)?.name ?? null,
    })),
  }));
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const k = key(item);
    const group = groups.get(k);
    if (group) group.push(item);
    else groups.set(k, [item]);
  }
  return groups;
}

export const openPane = paneTool({
  name: 'open_pane',
  title: 'Open a pane',
  toolset: 'terminal',
  access: 'write',
  description:
    "Open a pane in an existing session: a new window (default), or to the right of or below the pane named. Runs a shell, or command instead of one (the pane closes when it ends). Nobody's focus moves. Returns the new target and pane_id.",
  input: z.strictObject({
    ...target,
    placement: z.enum(['window', 'right', 'below']).default('window'),
    command: z.string().min(1).max(10_000).optional().describe('Shell command'),
    working_dir: z.string().min(1).optional().describe('Absolute; default that of the pane'),
    name: z.string().min(1).optional().describe('Name of a new window'),
  }),
  output: z.strictObject({
    ...place,
    command: z.string(),
    path: z.string(),
    width: z.int(),
    height: z.int(),
    timestamp,
  }),
  text: ({ command }) => command ?? '',
  queues: true,
  async run({ placement, command, working_dir, name }, pane) {
    const row = await pane.open({ placement, command, workingDir: working_dir, name });
    return {
      target: targetName(row),
      pane_id: row.paneId,
      command: row.command,
      // tmux may not know the directory of a child that has only just been started.
      path:
        row.path || (working_dir === undefined ? pane.row.path : await pane.machine.directory(working_dir)),
      width: row.width,
      height: row.height,
      timestamp: now(),
    };
  },
});

export const version = plainTool({
  name: 'version',
  title: 'Version and rights',
  toolset: 'terminal',
  access: 'read',
  idempotent: true,
  description:
    'Version of Panewright, tmux and Node, and what the configuration allows here: whether writing is enabled, which sessions, limits, the configuration file in force and what is wrong with it.',
  input: z.strictObject({}),
  output: z.strictObject({
    version: z.string(),
    write_enabled: z.boolean(),
    tmux_available: z.boolean(),
    tmux_version: z.string().nullable(),
    tmux_problem: z.string().optional(),
    config_path: z.string().nullable(),
    config_problem: z.string().optional(),
    policy_path: z.string().nullable(),
    allowed_sessions: z.array(z.string()),
    narrowed_to: z
      .array(z.array(z.string()))
      .optional()
      .describe('Lists of policies, each of which a session must match, too'),
    read_only_sessions: z.array(z.string()),
    buffer_size: z.int(),
    max_timeout: z.number(),
    toolsets: z.array(z.string()),
    socket: z.string(),
    node_version: z.string(),
    platform: z.string(),
    timestamp,
  }),
  async run(_args, { config: loaded, terminals, version: own }) {
    const { config } = loaded;
    const lists = [config, ...loaded.policy].map((one) => [...one.allowed_sessions]);
    const [allowed = [], ...narrowed] = lists.filter((list) => list.length > 0);
    const problem = await terminals.tmux.version().then(
      (found) => ({ found }),
      (error: unknown) => ({ why: (error as Error).message }),
    );
    return {
      version: config.version === 'auto' ? own : config.version,
      write_enabled: config.write_enabled,
      tmux_available: 'found' in problem,
      tmux_version: 'found' in problem ? problem.found : null,
      ...('why' in problem && { tmux_problem: problem.why }),
      config_path: loaded.path,
      ...(loaded.invalid !== undefined && { config_problem: loaded.invalid }),
      policy_path: loaded.policyPath,
      allowed_sessions: allowed,
      ...(narrowed.length > 0 && { narrowed_to: narrowed }),
      read_only_sessions: config.read_only_sessions,
      buffer_size: config.buffer_size,
      max_timeout: config.max_timeout,
      toolsets: config.toolsets,
      socket: terminals.socket,
      node_version: process.version,
      platform: process.platform,
      timestamp: now(),
    };
  },
});
