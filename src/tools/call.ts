/**
 * The one pipeline of every call: parse, judge, log, run, format, catch. A tool's own function contains none of
 * it.
 */
import type * as z from 'zod';
import type { LoadedConfig } from '../config/schema.js';
import { PanewrightError } from '../errors.js';
import type { ReadPane } from '../panes/pane.js';
import { Untouched } from '../panes/untouched.js';
import type { Target } from '../panes/targets.js';
import type { AuditLog } from '../permission/audit.js';
import { configFor, hostNamed, onHost } from '../permission/host.js';
import { judge } from '../permission/policy.js';
import { hidesInput } from '../profile/secret.js';
import { askEverywhere } from './everywhere.js';
import { sessionContext } from './session-context.js';
import type { Terminals, TerminalsBySocket } from './terminals.js';
import type { AnyTool, Linked, ToolContext } from './tool.js';
import type { CallIo, JsonObject, ToolResult } from './toolbox.js';

export interface CallServices {
  readonly terminals: TerminalsBySocket;
  readonly audit: AuditLog;
  readonly version: string;
  log(line: string): void;
}

export async function callTool(
  tool: AnyTool,
  rawArgs: unknown,
  io: CallIo,
  services: CallServices,
  config: LoadedConfig,
): Promise<ToolResult> {
  try {
    const { host: asked, ...args } = parse(tool, rawArgs, config);
    const host = hostNamed(asked as string | undefined, config);
    const whole = asked === undefined && tool.gather && Object.keys(config.config.hosts).length > 0;
    if (whole) return answer(await gathered(tool, args, io, services, config));
    const own = host === undefined ? config : configFor(host, config);
    const done = (await invoke(tool, args, io, services, own)) as JsonObject | Linked<JsonObject>;
    const { result, links } = isLinked(done) ? done : { result: done, links: [] };
    return answer(host === undefined ? result : { host, ...result }, links);
  } catch (error) {
    const known = asKnown(error, io.signal);
    if (known.code === 'INTERNAL') services.log(`[panewright] ${String((error as Error).stack)}`);
    return { text: known.text, isError: true };
  }
}

function answer(structured: JsonObject, links: ToolResult['links'] = []): ToolResult {
  return { structured, text: JSON.stringify(structured), isError: false, links };
}

/** The same call on this machine and on every host, made one result. */
async function gathered(
  tool: AnyTool,
  args: JsonObject,
  io: CallIo,
  services: CallServices,
  config: LoadedConfig,
): Promise<JsonObject> {
  const terminalsFor = (loaded: LoadedConfig): Terminals => services.terminals.for(loaded);
  const parts = await askEverywhere(config, io.signal, terminalsFor, (loaded, signal) =>
    invoke(tool, args, { ...io, signal }, services, loaded),
  );
  const [own] = parts;
  // What is wrong with the configuration is wrong everywhere.
  if (own?.problem && parts.every(({ problem }) => problem)) throw own.problem;
  return tool.gather?.(parts) ?? {};
}

async function invoke(
  tool: AnyTool,
  args: JsonObject,
  io: CallIo,
  services: CallServices,
  config: LoadedConfig,
): Promise<unknown> {
  const terminals = services.terminals.for(config);
  const context: ToolContext = {
    ...sessionContext(terminals, tool.access, config),
    config,
    terminals,
    version: services.version,
    signal: io.signal,
    progress: (message) => {
      services.log(`[panewright ${tool.name}] ${message}`);
      io.progress(message);
    },
    note: (message) => {
      services.log(`[panewright ${tool.name}] ${message}`);
    },
    visibleRows: () => terminals.gate.visibleRows(config),
    mayWrite: (session) => judge({ access: 'write', sessions: [session], config, asked: session }).allow,
  };
  const named = args as unknown as Target;
  const record = (
    decision: 'allow' | 'deny',
    rule: string,
    hidden: boolean,
    refusal?: PanewrightError,
  ): void => {
    if (tool.access === 'read') return;
    const text = tool.text?.(args as never);
    services.audit.record(
      {
        client: io.client,
        tool: tool.name,
        host: config.host,
        target: targetText(named) ?? (typeof args.name === 'string' ? args.name : null),
        decision,
        rule,
        hidden,
        text,
        code: refusal?.code,
      },
      config,
    );
  };
  /**
   * The session tools find their pane by themselves, after the attempt is logged. The error where tmux does not
   * answer: asked again, it would be waited for twice.
   */
  const mayHide = async (session: string): Promise<boolean | PanewrightError> => {
    if (tool.text === undefined) return false;
    try {
      return await hides((await terminals.gate.open({ session }, 'read', config)).pane);
    } catch (error) {
      return error instanceof PanewrightError && error.code === 'TMUX_LOST' ? error : false;
    }
  };
  const run = tool.run as (...rest: unknown[]) => Promise<unknown>;
  try {
    const onNothing = async (): Promise<unknown> => {
      const { name } = args;
      const asked = tool.toolset === 'sessions' && typeof name === 'string' ? name : null;
      const rule = terminals.gate.admit(tool.access, asked, config);
      const hidden = asked !== null && (await mayHide(asked));
      // What cannot be asked may be a password.
      record('allow', rule, hidden !== false);
      if (hidden instanceof PanewrightError) throw hidden;
      return run(args, context);
    };
    let isRecorded = false;
    const onPane = async (trusting: boolean): Promise<unknown> => {
      const { pane, rule, sessions } = await terminals.gate.open(named, tool.access, config, trusting);
      const hidden = tool.text !== undefined && (await hides(pane));
      if (!isRecorded) record('allow', rule, hidden);
      isRecorded = true;
      const done = await run(args, pane, { ...context, hidden });
      for (const { uri } of isLinked(done as JsonObject) ? (done as Linked<JsonObject>).links : [])
        terminals.engine.shelf.noteSessions(
          outputId(uri) ?? '',
          sessions.map((session) => onHost(config.host, session)),
        );
      return done;
    };
    for (let tries = 1; ; tries++) {
      try {
        return await (tool.on === 'nothing' ? onNothing() : onPane(tries === 1 && tool.trusting === true));
      } catch (error) {
        // Nothing was done: look the target up afresh and try again. A window may be resized again and again. A tool
        // that finds its pane by itself may have done something else before.
        const again = tool.on !== 'nothing' || tool.access === 'read';
        if (!(error instanceof Untouched) || !again || tries === MOST_TRIES) throw error;
      }
    }
  } catch (error) {
    // A refusal comes before the terminal is asked whether it echoes: what may be an answer may be a password.
    if (error instanceof PanewrightError && REFUSALS.has(error.code))
      record('deny', error.message, tool.answers === true, error);
    throw error;
  } finally {
    await terminals.tmux.settled();
  }
}

/** How often a call is made on a pane that changes while it is looked at. */
const MOST_TRIES = 4;

const REFUSALS: ReadonlySet<string> = new Set(['WRITE_DISABLED', 'SESSION_NOT_ALLOWED', 'CONFIG_INVALID']);

/**
 * Whether what is typed now stays invisible, as far as that is not known to be otherwise. At a marked prompt it does
 * not, unless somebody has typed there: not every shell says that it starts a command.
 */
async function hides(pane: ReadPane): Promise<boolean> {
  const { phase, touched } = pane.stream;
  if (pane.row.dead || (phase === 'prompt' && !touched)) return false;
  return (await hidesInput(pane)) ?? true;
}

/** The id of the kept output that a resource's URI names. */
export function outputId(uri: string): string | undefined {
  return /^panewright:\/\/output\/([0-9a-f]+)$/.exec(uri)?.[1];
}

function targetText({ session, window, pane }: Partial<Target>): string | null {
  if (session === undefined) return null;
  return `${session}${window === undefined ? '' : `:${window}`}${pane === undefined ? '' : `.${pane}`}`;
}

function parse(tool: AnyTool, raw: unknown, { config }: LoadedConfig): JsonObject {
  const parsed = tool.input.safeParse(raw ?? {});
  if (!parsed.success) throw invalid(tool, parsed.error);
  const args = parsed.data as JsonObject;
  const { timeout } = args;
  if (typeof timeout === 'number' && !(timeout > 0 && timeout <= config.max_timeout)) {
    throw new PanewrightError(
      'INVALID_ARGUMENT',
      `timeout is ${timeout}; it must be more than 0 and at most ${config.max_timeout} seconds.`,
      'A longer job goes on after the timeout: collect it with wait_for.',
    );
  }
  return args;
}

/** One sentence a problem, naming the argument and, for an unknown one, those that exist. */
function invalid(tool: AnyTool, error: z.ZodError): PanewrightError {
  const known = Object.keys(tool.input.shape).join(', ') || 'none';
  const problems = error.issues.map((issue) => {
    const where = issue.path.join('.');
    if (issue.code === 'unrecognized_keys')
      return `unknown argument ${issue.keys.map((key) => JSON.stringify(key.slice(0, 60))).join(', ')} (known: ${known})`;
    if (issue.code === 'invalid_type' && /received undefined/.test(issue.message))
      return `${where} is missing`;
    return `${where || 'arguments'}: ${issue.message}`;
  });
  return new PanewrightError(
    'INVALID_ARGUMENT',
    `${problems.slice(0, 5).join('; ')}.`,
    `See the description of ${tool.name} and call again.`,
  );
}

function isLinked(done: JsonObject | Linked<JsonObject>): done is Linked<JsonObject> {
  return 'links' in done && 'result' in done && Array.isArray(done.links);
}

function asKnown(error: unknown, signal: AbortSignal): PanewrightError {
  if (error instanceof PanewrightError) return error;
  if (signal.aborted)
    return new PanewrightError(
      'CANCELLED',
      'the caller cancelled the request.',
      'What runs in the pane was left alone.',
    );
  return new PanewrightError(
    'INTERNAL',
    `something went wrong inside Panewright: ${error instanceof Error ? error.message : String(error)}.`,
    'Please report it with what you called.',
  );
}
