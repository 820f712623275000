/** The toolbox: what the server offers, made of the registry, the pipeline and the terminals. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { ConfigReader } from '../config/schema.js';
import { PanewrightError } from '../errors.js';
import { SpoolShelf } from '../panes/spool.js';
import { AuditLog } from '../permission/audit.js';
import { visibleAnywhere } from '../permission/host.js';
import { ProfileCatalog } from '../profile/catalog.js';
import type { ProfileLoader } from '../profile/load.js';
import { Attempt } from './attempt.js';
import { callTool, outputId } from './call.js';
import { LIVE_LISTING, liveResources } from './live.js';
import { oldArguments, oldNames, tools } from './registry.js';
import { TerminalsBySocket } from './terminals.js';
import type { AnyTool } from './tool.js';
import type { JsonObject, Toolbox, ToolListing } from './toolbox.js';

export interface ToolboxOptions {
  readonly config: ConfigReader;
  readonly version: string;
  /** Directory for what outlives the process; made when first needed. */
  readonly stateDir: string;
  readonly profiles: Pick<ProfileLoader, 'load'>;
  /** Environment of tmux and other children. */
  readonly env: NodeJS.ProcessEnv;
  /** Socket of the tmux that this process runs in, if it does. */
  readonly defaultSocket: string | null;
  /** Gets lines for people. */
  log(line: string): void;
}

export function createToolbox(options: ToolboxOptions): Toolbox {
  const { config, version, log } = options;
  const shelf = new SpoolShelf(join(tmpdir(), `panewright-${process.pid}-${randomBytes(4).toString('hex')}`));
  const catalog = new ProfileCatalog();
  const terminals = new TerminalsBySocket({
    env: options.env,
    defaultSocket: options.defaultSocket,
    catalog,
    shelf,
    stateDir: options.stateDir,
  });
  const audit = new AuditLog({ log });
  const services = { terminals, audit, config, version, log };
  const call: Toolbox['call'] = async (name, args, io) => {
    const loaded = await config.current();
    catalog.use(await options.profiles.load(loaded.config.profiles));
    const isOffered = ({ toolset }: AnyTool): boolean => loaded.config.toolsets.includes(toolset);
    const tool = tools.find((known) => known.name === (oldNames[name] ?? name));
    if (tool && isOffered(tool)) return callTool(tool, renamed(name, args), io, services, loaded);
    const error = unknownTool(name, tools.filter(isOffered));
    if (tool) new Attempt(tool, renamed(name, args), io.client, audit).refused(error, loaded);
    return { text: error.text, isError: true };
  };
  const live = liveResources({ call, config, terminals, catalog });
  return {
    live,
    async list() {
      const offered = new Set<string>((await config.current()).config.toolsets);
      return tools.filter((tool) => offered.has(tool.toolset)).map(listing);
    },
    call,
    async resources() {
      const loaded = await config.current();
      const ids = await shelf.ids((session) => visibleAnywhere(session, loaded));
      const outputs = ids.map((id) => ({
        uri: `panewright://output/${id}`,
        name: `output ${id}`,
        mimeType: 'text/plain',
      }));
      return [LIVE_LISTING, ...outputs];
    },
    async readResource(uri) {
      const now = await live.read(uri);
      if (now) return now;
      const id = outputId(uri);
      if (id === undefined) throw noResource(uri);
      const loaded = await config.current();
      return {
        text: await shelf.read(id, (session) => visibleAnywhere(session, loaded)),
        mimeType: 'text/plain',
      };
    },
    async close() {
      await terminals.close();
      shelf.close();
    },
  };
}

/** The row that clients list. */
export function listing(tool: AnyTool): ToolListing {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: schema(tool.input, 'input'),
    outputSchema: schema(tool.output, 'output'),
    annotations: {
      title: tool.title,
      readOnlyHint: tool.access === 'read',
      destructiveHint: tool.access === 'destroy',
      idempotentHint: tool.idempotent === true,
      openWorldHint: tool.access !== 'read',
    },
  };
}

function schema(shape: z.ZodObject, io: 'input' | 'output'): JsonObject {
  // Without what costs a model tokens and tells it nothing: the dialect, and the bounds of safe integers.
  const { $schema: _, ...json } = z.toJSONSchema(shape, {
    io,
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return json;
}

function renamed(name: string, args: unknown): unknown {
  const names = oldArguments[name];
  if (!names || typeof args !== 'object' || args === null) return args;
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [names[key] ?? key, value]));
}

function unknownTool(name: string, offered: readonly AnyTool[]): PanewrightError {
  return new PanewrightError(
    'INVALID_ARGUMENT',
    `there is no tool ${JSON.stringify(name.slice(0, 60))}. Tools: ${offered.map((tool) => tool.name).join(', ')}.`,
    'Call one of these.',
  );
}

function noResource(uri: string): PanewrightError {
  return new PanewrightError(
    'OUTPUT_NOT_FOUND',
    `there is no resource ${JSON.stringify(uri.slice(0, 100))}.`,
    'Use a uri that a result has linked.',
  );
}
