/**
 * What a tool is: data plus one function. `access` is written once: it picks the handle that the function gets,
 * sets the annotations that clients see, and is what the policy judges.
 */
import * as z from 'zod';
import type { Config, LoadedConfig } from '../config/schema.js';
import type { HandleFor } from '../panes/pane.js';
import type { Access } from '../permission/policy.js';
import type { BriefRow, ListedRow } from '../tmux/formats.js';
import type { Part } from './everywhere.js';
import type { SessionContext } from './session-context.js';
import type { Terminals } from './terminals.js';
import type { JsonObject, ToolResult } from './toolbox.js';

/** What a tool's function has at hand besides its arguments and its pane. */
export interface CallContext {
  readonly config: LoadedConfig;
  readonly terminals: Terminals;
  readonly version: string;
  readonly signal: AbortSignal;
  /** Tells a waiting caller, and people on stderr, that things go on. */
  progress(message: string): void;
  /** The same for people alone: the result will tell the caller. */
  note(message: string): void;
  /** The panes that the caller may see. */
  visibleRows(): Promise<ListedRow[]>;
  /** The same, with less of each. */
  visiblePanes(): Promise<BriefRow[]>;
  /** Whether the named session may be written. */
  mayWrite(session: string): boolean;
  /** Whether the pane's terminal hides what is typed now. */
  readonly hidden: boolean;
}

/** The same for tools that find their panes by themselves. */
export interface ToolContext extends CallContext, SessionContext {}

/** A result, and what it links to. */
export interface Linked<T> {
  readonly result: T;
  readonly links: NonNullable<ToolResult['links']>;
}

interface Entry<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly toolset: Config['toolsets'][number];
  /** Under 600 characters, the key facts first. */
  readonly description: string;
  readonly input: I;
  readonly output: O;
  /** Whether calling twice does no more than calling once. */
  readonly idempotent?: boolean;
  /**
   * Makes one result of those of all hosts, when none was named and there are some. `parts` begins with this machine.
   * Absent: the tool works on one host.
   */
  gather?(parts: readonly Part[]): z.input<O>;
  /** What goes into the terminal, for the audit log's digest. */
  text?(args: z.output<I>): string;
  /** Throws for arguments that no pane could take: asked once the call is allowed, before that is logged. */
  check?(args: z.output<I>): void;
  /**
   * Whether the function needs no facts about the pane from before its first act, so that the lookup can be
   * spared: tmux itself then checks that the target still means the same pane.
   */
  readonly trusting?: boolean;
  /** Whether it may wait for its turn, or look at something, first: what it does is judged, and logged, when it does it. */
  readonly queues?: boolean;
  /** Whether the result tells nothing of what is in the pane: it is then given out whatever has become of that. */
  readonly tellsNothing?: boolean;
  /** Whether the text may answer a question whose answer the terminal hides. */
  readonly answers?: boolean;
}

/** A tool that works on one existing pane. */
export interface PaneTool<A extends Access, I extends z.ZodObject, O extends z.ZodObject> extends Entry<
  I,
  O
> {
  readonly access: A;
  readonly on: 'pane';
  run(args: z.output<I>, pane: HandleFor[A], context: CallContext): Promise<z.input<O> | Linked<z.input<O>>>;
}

/** A tool that works on no single pane. */
export interface PlainTool<I extends z.ZodObject, O extends z.ZodObject> extends Entry<I, O> {
  readonly access: Access;
  readonly on: 'nothing';
  run(args: z.output<I>, context: ToolContext): Promise<z.input<O> | Linked<z.input<O>>>;
}

/** Any tool, its types forgotten: the pipeline parses before it calls. */
export type AnyTool = Omit<Entry<z.ZodObject, z.ZodObject>, 'text' | 'check' | 'gather'> & {
  readonly access: Access;
  readonly on: 'pane' | 'nothing';
  readonly text?: (args: never) => string;
  readonly check?: (args: never) => void;
  readonly gather?: (parts: readonly Part[]) => JsonObject;
  readonly run: (...args: never[]) => Promise<JsonObject | Linked<JsonObject>>;
};

export function paneTool<A extends Access, I extends z.ZodObject, O extends z.ZodObject>(
  tool: Omit<PaneTool<A, I, O>, 'on'>,
): AnyTool {
  return onHosts({ ...tool, on: 'pane' } as unknown as AnyTool);
}

export function plainTool<I extends z.ZodObject, O extends z.ZodObject>(
  tool: Omit<PlainTool<I, O>, 'on'>,
): AnyTool {
  return onHosts({ ...tool, on: 'nothing' } as unknown as AnyTool);
}

/** Every tool works on every host: the pipeline takes the name away before the call and puts it into the result. */
function onHosts(tool: AnyTool): AnyTool {
  return {
    ...tool,
    input: tool.input.extend({
      host: z.string().optional().describe('Configured host; default this machine'),
    }),
    output: tool.output.extend({ host: z.string().optional() }),
  };
}

/** The three arguments that name a pane. */
export const target = {
  session: z.string().min(1).describe('Exact session name'),
  window: z.int().min(0).optional().describe('Window index; default lowest'),
  pane: z
    .union([z.int().min(0), z.string()])
    .optional()
    .describe('Pane index or %id; default lowest'),
};

/** What every result about a pane carries. */
export const place = {
  target: z.string().describe('session:window.pane'),
  pane_id: z.string().describe('tmux pane id, %N'),
};

export const timestamp = z.string().describe('ISO 8601 time of the result');

export const now = (): string => new Date().toISOString();

/** Seconds, to the millisecond. */
export function seconds(from: number, to = performance.now()): number {
  return Math.round(to - from) / 1000;
}
