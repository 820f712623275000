/** read_pane, write_pane, send_keys, pane_info, close_pane: one pane, one small act each. */
import * as z from 'zod';
import { PanewrightError } from '../../errors.js';
import { parseKey } from '../../panes/keys.js';
import { paneState } from '../../profile/state.js';
import { MAX_CHARS } from '../results.js';
import { now, paneTool, place, target, timestamp } from '../tool.js';

export const readPane = paneTool({
  name: 'read_pane',
  title: 'Read a pane',
  toolset: 'terminal',
  access: 'read',
  idempotent: true,
  trusting: true,
  description:
    'What the pane shows now, as lines: wrapped lines joined, blank ones at the end dropped. lines asks for that many last lines including scrollback. Never cached. For the output of a command prefer execute, for a wait wait_for.',
  input: z.strictObject({
    ...target,
    lines: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Last lines, scrollback included; default the screen'),
    ansi: z.boolean().default(false).describe('Keep colours as escape sequences'),
  }),
  output: z.strictObject({
    ...place,
    lines: z.array(z.string()),
    total_lines: z.int().describe('Lines before cutting to buffer_size'),
    truncated: z.boolean(),
    cursor: z
      .strictObject({ x: z.int(), y: z.int() })
      .describe('Zero-based, from the top left of the screen'),
    width: z.int(),
    height: z.int(),
    mode: z.string().nullable().describe('copy-mode and the like'),
    alternate_screen: z.boolean(),
    timestamp,
  }),
  async run({ lines: wanted, ansi }, pane, { config }) {
    const seen = await pane.look(wanted ?? 0, ansi);
    // A full-screen program has no scrollback: what tmux holds there is the shell's from before.
    const { row, lines: all } = wanted !== undefined && seen.row.alternate ? await pane.look(0, ansi) : seen;
    const asked = wanted === undefined ? all : all.slice(-wanted);
    const lines = tail(asked, config.config.buffer_size, MAX_CHARS);
    return {
      target: pane.target,
      pane_id: pane.id,
      lines,
      total_lines: asked.length,
      truncated: lines.length < asked.length,
      cursor: { x: row.cursorX, y: row.cursorY },
      width: row.width,
      height: row.height,
      mode: row.mode || null,
      alternate_screen: row.alternate,
      timestamp: now(),
    };
  },
});

/** The last lines that fit. */
function tail(lines: readonly string[], maxLines: number, maxChars: number): string[] {
  let from = lines.length;
  let room = maxChars;
  while (from > 0 && lines.length - from < maxLines) {
    room -= (lines[from - 1] as string).length + 1;
    if (room < 0 && from < lines.length) break;
    from--;
  }
  return lines.slice(from);
}

export const writePane = paneTool({
  name: 'write_pane',
  title: 'Type text',
  toolset: 'terminal',
  access: 'write',
  description:
    'Type text into a pane exactly as given; a newline is Enter. For answers to questions, editors, programs that read input. Does not wait: follow with wait_for or read_pane. To run a shell command use execute. paste: true hands the text over as one paste (newlines then do not submit where the program supports it).',
  input: z.strictObject({
    ...target,
    text: z.string().min(1).max(1_000_000),
    paste: z.boolean().default(false).describe('As one paste'),
  }),
  output: z.strictObject({ ...place, sent: z.string(), timestamp }),
  text: ({ text }) => text,
  check({ text, paste }) {
    if (text.includes('\0') || (paste && text.includes('\x1b[201~')))
      throw new PanewrightError(
        'INVALID_ARGUMENT',
        'text contains a character that cannot be typed (NUL, or the end of a paste inside a paste).',
        'Remove it and call again.',
      );
  },
  trusting: true,
  answers: true,
  tellsNothing: true,
  async run({ text, paste }, pane, { terminals, hidden }) {
    const activity = terminals.engine.activityOf(pane);
    activity.noteTyped(text, pane.stream);
    await pane.type([paste ? { text, framed: true } : { text: text.replace(/\r?\n/g, '\r') }]);
    return { target: pane.target, pane_id: pane.id, sent: hidden ? HIDDEN : text, timestamp: now() };
  },
});

const HIDDEN = '[not shown: the terminal does not echo]';

export const sendKeys = paneTool({
  name: 'send_keys',
  title: 'Press keys',
  toolset: 'terminal',
  access: 'write',
  description:
    'Press keys in a pane: Enter, Escape, Tab, BSpace, Space, Up, Down, Left, Right, Home, End, PageUp, PageDown, Insert, Delete, F1-F12, one character, with C- M- S- before (C-c interrupts, C-d ends input). An unknown name is an error, never typed as text; to type text use write_pane.',
  input: z.strictObject({
    ...target,
    key: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(100)])
      .describe('One key name, or several in order'),
  }),
  output: z.strictObject({ ...place, key: z.union([z.string(), z.array(z.string())]), timestamp }),
  text: ({ key }) => [key].flat().join(' '),
  check({ key }) {
    [key].flat().forEach(parseKey);
  },
  answers: true,
  tellsNothing: true,
  async run({ key }, pane, { terminals, hidden }) {
    const keys = [key].flat().map(parseKey);
    terminals.engine.activityOf(pane).noteTyped('', pane.stream);
    await pane.press(keys);
    return { target: pane.target, pane_id: pane.id, key: hidden ? HIDDEN : key, timestamp: now() };
  },
});

export const paneInfo = paneTool({
  name: 'pane_info',
  title: 'Describe a pane',
  toolset: 'terminal',
  access: 'read',
  idempotent: true,
  description:
    'Facts about a pane: size, foreground command, process id, directory, title, mode, whether it is dead or shows a full-screen program, the profile of what runs there, and state (idle at a prompt, busy, waiting for input, exited, unknown).',
  input: z.strictObject(target),
  output: z.strictObject({
    ...place,
    width: z.int(),
    height: z.int(),
    command: z.string(),
    active: z.boolean(),
    pid: z.int(),
    path: z.string(),
    title: z.string(),
    mode: z.string().nullable(),
    alternate_screen: z.boolean(),
    dead: z.boolean(),
    exit_code: z.int().nullable().optional().describe('Of the program of a dead pane'),
    profile: z.string().nullable(),
    state: z.enum(['idle', 'busy', 'waiting', 'exited', 'unknown']),
    timestamp,
  }),
  async run(_args, pane, { terminals }) {
    const { row } = pane;
    const { engine } = terminals;
    return {
      target: pane.target,
      pane_id: pane.id,
      width: row.width,
      height: row.height,
      command: row.command,
      active: row.active,
      pid: row.pid,
      path: row.path,
      title: row.title,
      mode: row.mode || null,
      alternate_screen: row.alternate,
      dead: row.dead,
      ...(row.dead && { exit_code: row.deadStatus }),
      profile: (await engine.catalog.ofPane(row, pane.machine))?.name ?? null,
      state: await paneState(pane, engine.catalog),
      timestamp: now(),
    };
  },
});

export const closePane = paneTool({
  name: 'close_pane',
  title: 'Close a pane',
  toolset: 'terminal',
  access: 'destroy',
  tellsNothing: true,
  description:
    'Close a pane and end what runs in it. The last pane of a window closes the window, the last window the session.',
  input: z.strictObject(target),
  output: z.strictObject({ ...place, closed: z.boolean(), timestamp }),
  async run(_args, pane) {
    await pane.close();
    return { target: pane.target, pane_id: pane.id, closed: true, timestamp: now() };
  },
});
