/** The line that a call leaves in the audit log: one, before anything is done, or one that says why nothing was. */
import { LOCAL, type LoadedConfig } from '../config/schema.js';
import { ERRORS, type PanewrightError } from '../errors.js';
import type { AuditLog } from '../permission/audit.js';
import { isRefusal } from '../permission/permit.js';
import type { AnyTool } from './tool.js';
import type { JsonObject } from './toolbox.js';

export class Attempt {
  readonly #tool: AnyTool;
  #args: JsonObject;
  #isParsed = false;
  readonly #client: string;
  readonly #audit: AuditLog;
  #isLogged = false;
  /** The terminal does not echo: what is typed may be a password. */
  isHidden = false;

  /** @param args as they came, which may be anything */
  constructor(tool: AnyTool, args: unknown, client: string, audit: AuditLog) {
    this.#tool = tool;
    this.#args = typeof args === 'object' && args !== null ? (args as JsonObject) : {};
    this.#client = client;
    this.#audit = audit;
    this.#isLogged = tool.access === 'read';
  }

  /** The arguments are what they should be. */
  parsed(args: JsonObject): void {
    this.#args = args;
    this.#isParsed = true;
  }

  /** @throws PanewrightError AUDIT_FAILED when it cannot be logged, and must be */
  allowed(rule: string, config: LoadedConfig): void {
    this.#record({ decision: 'allow', rule, hidden: this.isHidden }, config);
  }

  refused(error: PanewrightError, config: LoadedConfig): void {
    // Other messages may quote the caller, or a screen.
    const rule = isRefusal(error) ? error.message : ERRORS[error.code];
    // Mostly nobody has asked the terminal whether it echoes: what may be an answer may be a password.
    const hidden = this.isHidden || this.#tool.answers === true;
    this.#record({ decision: 'deny', rule, hidden, code: error.code }, config);
  }

  #record(
    entry: Pick<Parameters<AuditLog['record']>[0], 'decision' | 'rule' | 'hidden' | 'code'>,
    config: LoadedConfig,
  ): void {
    if (this.#isLogged) return;
    const { host } = this.#args;
    const asked = typeof host === 'string' && host !== LOCAL ? host.slice(0, 80) : undefined;
    this.#audit.record(
      {
        client: this.#client,
        tool: this.#tool.name,
        host: asked,
        target: targetText(this.#args),
        text: this.#text(),
        ...entry,
      },
      config,
    );
    this.#isLogged = true;
  }

  /** What was to be typed, as far as the arguments are what they should be. */
  #text(): string | undefined {
    if (this.#isParsed) return this.#tool.text?.(this.#args as never);
    const parsed = this.#tool.input.strip().safeParse(this.#args);
    return parsed.success ? this.#tool.text?.(parsed.data as never) : undefined;
  }
}

function targetText({ session, window, pane, name }: JsonObject): string | null {
  if (typeof session !== 'string') return typeof name === 'string' ? name : null;
  const index = (mark: string, value: unknown): string =>
    typeof value === 'number' || typeof value === 'string' ? `${mark}${value}` : '';
  return `${session}${index(':', window)}${index('.', pane)}`;
}
