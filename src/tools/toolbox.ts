/**
 * What the server room sees of the tools: descriptions to list, one call to make, resources to read. Keeps the
 * MCP SDK out of every other room and the rooms out of the SDK.
 */

/** A JSON object as it goes over the wire. */
export type JsonObject = Record<string, unknown>;

/** One row of `tools/list`. */
export interface ToolListing {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  readonly annotations: {
    readonly title: string;
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
}

/** What a running call can say and must listen to. */
export interface CallIo {
  /** Aborted when the caller cancels or goes away: the wait stops, the program in the pane is left alone. */
  readonly signal: AbortSignal;
  /** Name of the MCP client, for the audit log. */
  readonly client: string;
  /** A progress notification with a message for people; cheap, may be called often, never throws. */
  progress(message: string): void;
}

/** A result as both kinds of clients read it: `structured` and the same JSON as text. */
export interface ToolResult {
  readonly structured?: JsonObject;
  /** The JSON of `structured`, or `CODE: what failed. What to do next.` when `isError`. */
  readonly text: string;
  readonly isError: boolean;
  /** Resources that hold more than the result could. */
  readonly links?: readonly { readonly uri: string; readonly name: string; readonly mimeType: string }[];
}

/** One row of `resources/list`. */
export interface ResourceListing {
  readonly uri: string;
  readonly name: string;
  readonly mimeType: string;
  readonly description?: string;
}

/** A pattern of uris, as `resources/templates/list` shows it. */
export interface ResourceTemplate {
  readonly uriTemplate: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
}

/** What there is to complete. */
export type NameKind = 'session' | 'window' | 'pane' | 'profile';

/** Resources that show what is now, and can be watched. */
export interface LiveResources {
  readonly templates: readonly ResourceTemplate[];
  /** undefined when the uri is none of these; rejects when it is not allowed. */
  read(uri: string): Promise<{ readonly text: string; readonly mimeType: string } | undefined>;
  /** Calls back after changes, until the function is called; undefined when the uri cannot be watched. */
  watch(uri: string, changed: () => void): Promise<(() => void) | undefined>;
  /**
   * Names that may be seen.
   * @param given what has been filled in already: windows are those of the session, panes those of both
   */
  names(
    kind: NameKind,
    given?: { readonly session?: string | undefined; readonly window?: string | undefined },
  ): Promise<readonly string[]>;
}

/** Everything that the server offers to its clients. */
export interface Toolbox {
  list(): Promise<readonly ToolListing[]>;
  /** Never rejects: failures are results with `isError`. Unknown tool names too. */
  call(name: string, args: unknown, io: CallIo): Promise<ToolResult>;
  resources(): Promise<readonly ResourceListing[]>;
  /** Text of a resource; rejects with a PanewrightError when it is gone or not allowed. */
  readResource(uri: string): Promise<{ readonly text: string; readonly mimeType: string }>;
  /** Absent where there is nothing to watch. */
  readonly live?: LiveResources;
  /** Ends control clients and everything else that the tools hold. */
  close(): Promise<void>;
}
