/**
 * The one pipeline of every call: parse, judge, log, run, format, catch. A tool's own function contains none of
 * it.
 */
import type * as z from 'zod';
import type { ConfigReader, LoadedConfig } from '../config/schema.js';
import { PanewrightError } from '../errors.js';
import type { ReadPane } from '../panes/pane.js';
import { Untouched } from '../panes/untouched.js';
import type { Target } from '../panes/targets.js';
import type { AuditLog } from '../permission/audit.js';
import { configFor, hostNamed, onHost } from '../permission/host.js';
import { isRefusal, Permit } from '../permission/permit.js';
import { judge } from '../permission/policy.js';
import { Attempt } from './attempt.js';
import { hidesInput } from '../profile/secret.js';
import { askEverywhere } from './everywhere.js';
import { sessionContext } from './session-context.js';
import type { Terminals, TerminalsBySocket } from './terminals.js';
import type { AnyTool, CallContext, Linked } from './tool.js';
import type { CallIo, JsonObject, ToolResult } from './toolbox.js';

export interface CallServices {
  readonly terminals: TerminalsBySocket;
  readonly audit: AuditLog;
  readonly config: ConfigReader;
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
  const attempt = new Attempt(tool, rawArgs, io.client, services.audit);
  try {
    const parsed = parse(tool, rawArgs, config);
    attempt.parsed(parsed);
    const { host: asked, ...args } = parsed;
    const host = hostNamed(asked as string | undefined, config);
    const whole = asked === undefined && tool.gather && Object.keys(config.config.hosts).length > 0;
    if (whole) return answer(await gathered(tool, args, io, services, config, attempt));
    const own = host === undefined ? config : configFor(host, config);
    const done = (await invoke(tool, args, io, services, own, attempt)) as JsonObject | Linked<JsonObject>;
    const { result, links } = isLinked(done) ? done : { result: done, links: [] };
    return answer(host === undefined ? result : { host, ...result }, links);
  } catch (error) {
    const known = asKnown(error, io.signal);
    if (known.code === 'INTERNAL') services.log(`[panewright] ${String((error as Error).stack)}`);
    attempt.refused(known, await services.config.current());
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
  attempt: Attempt,
): Promise<JsonObject> {
  const terminalsFor = (loaded: LoadedConfig): Terminals => services.terminals.for(loaded);
  const parts = await askEverywhere(config, io.signal, terminalsFor, (loaded, signal) =>
    invoke(tool, args, { ...io, signal }, services, loaded, attempt),
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
  attempt: Attempt,
): Promise<unknown> {
  const terminals = services.terminals.for(config);
  const permit = new Permit({
    gate: terminals.gate,
    config,
    reload: () => reloaded(services, config.host),
    looked: async (pane) => {
      if (tool.text !== undefined && !attempt.isHidden) attempt.isHidden = await hides(pane);
    },
    attempted: (rule, now) => attempt.allowed(rule, now),
  });
  const contextOf = (now: LoadedConfig, hidden: boolean): CallContext => ({
    config: now,
    hidden,
    terminals,
    version: services.version,
    signal: io.signal,
    progress: (message) => {
      services.log(`[panewright ${tool.name}] ${message}`);
      if (permit.isLate)
        permit.confirm().then(
          () => io.progress(message),
          () => undefined,
        );
      else io.progress(message);
    },
    note: (message) => {
      services.log(`[panewright ${tool.name}] ${message}`);
    },
    visibleRows: () => terminals.gate.visibleRows(now),
    visiblePanes: () => terminals.gate.visiblePanes(now),
    mayWrite: (session) => judge({ access: 'write', sessions: [session], config: now, asked: session }).allow,
  });
  const run = tool.run as (...rest: unknown[]) => Promise<unknown>;
  const asked = tool.toolset === 'sessions' && typeof args.name === 'string' ? args.name : null;
  const onNothing = async (): Promise<unknown> => {
    await permit.admit(tool.access, asked);
    const now = await permit.config();
    const done = await run(args, {
      ...contextOf(now, false),
      ...sessionContext(terminals, tool, permit, now),
    });
    if (tool.tellsNothing !== true) await permit.confirm();
    return done;
  };
  const onPane = async (trusting: boolean): Promise<unknown> => {
    const { pane, rule, sessions } = await permit.open(args as unknown as Target, tool.access, trusting);
    tool.check?.(args as never);
    if (tool.queues !== true) permit.attempted(rule);
    const done = await run(args, pane, contextOf(await permit.config(), attempt.isHidden));
    if (tool.tellsNothing !== true) await permit.confirm();
    const named = (names: readonly string[]): string[] => names.map((name) => onHost(config.host, name));
    for (const { uri } of isLinked(done as JsonObject) ? (done as Linked<JsonObject>).links : [])
      terminals.engine.shelf.noteSource(outputId(uri) ?? '', named(sessions), async () =>
        named((await terminals.gate.sessionsNow(pane)) ?? []),
      );
    return done;
  };
  try {
    for (let tries = 1; ; tries++) {
      permit.restart();
      try {
        const done = await (tool.on === 'nothing'
          ? onNothing()
          : onPane(tries === 1 && tool.trusting === true));
        permit.attempted('nothing had to be written');
        return done;
      } catch (error) {
        // Nothing was done: look the target up afresh and try again. A window may be resized again and again. A tool
        // that finds its pane by itself may have done something else before: then its line is in the log. A list is
        // made anew without what may not be seen any more.
        const again = tool.on !== 'nothing' || tool.access === 'read' || !permit.hasActed;
        const isStale =
          error instanceof Untouched || (isRefusal(error) && tool.on === 'nothing' && asked === null);
        if (!isStale || !again || tries === MOST_TRIES) throw await allowedError(error, permit);
      }
    }
  } finally {
    await terminals.tmux.settled();
  }
}

/** The configuration as it is now, narrowed for the host, if it still has one of that name. */
async function reloaded({ config }: CallServices, host: string | undefined): Promise<LoadedConfig> {
  const now = await config.current();
  return hostNamed(host, now) === undefined ? now : configFor(host as string, now);
}

/** The error, unless it may tell of what is not allowed any more. */
async function allowedError(error: unknown, permit: Permit): Promise<unknown> {
  if (isRefusal(error) || (error instanceof PanewrightError && TELLS_NOTHING.has(error.code))) return error;
  return permit.confirm(permit.isLate || error instanceof Untouched).then(
    () => error,
    (refusal: unknown) => (isRefusal(refusal) ? refusal : error),
  );
}

/** Codes of errors that hold nothing of what is in a pane. */
const TELLS_NOTHING: ReadonlySet<string> = new Set(['CANCELLED', 'TMUX_LOST', 'HOST_UNREACHABLE']);

/** How often a call is made on a pane that changes while it is looked at. */
const MOST_TRIES = 4;

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
