/**
 * What one call may do, as the configuration and the panes are at each moment. A call may wait for long, for its turn
 * or for output: what was allowed when it came may be forbidden when it acts, and when it answers.
 */
import type { LoadedConfig } from '../config/schema.js';
import { PanewrightError } from '../errors.js';
import type { Leave, ReadPane, WritePane } from '../panes/pane.js';
import type { SessionOptions } from '../panes/session.js';
import type { Target } from '../panes/targets.js';
import { within } from '../tmux/within.js';
import { judgeOrThrow, type Admission, type Gate } from './gate.js';
import type { Access } from './policy.js';

/** For how long a judgement holds, in milliseconds: no call that neither queues nor waits takes longer. */
const INSTANT_MS = 100;

/** How long tmux is waited for where the answer of the call is ready, in milliseconds. */
const SILENT_MS = 750;

export interface PermitOptions {
  readonly gate: Gate;
  /** The configuration that the call came in under. */
  readonly config: LoadedConfig;
  /** Reads it anew. */
  reload(): Promise<LoadedConfig>;
  /** Called for each pane that was found, and again before it is written where the call has waited. */
  looked(pane: ReadPane): Promise<void>;
  /** Notes the attempt, once, before anything is done. */
  attempted(rule: string, config: LoadedConfig): void;
}

/** A pane that the call has to do with. */
interface Opened {
  readonly pane: ReadPane;
  readonly sessions: readonly string[];
  /** The session that the caller named. */
  readonly asked: string;
}

export class Permit {
  readonly #options: PermitOptions;
  readonly #began = performance.now();
  #config: LoadedConfig;
  #readAt = this.#began;
  #opened: Opened[] = [];
  #isNoted = false;

  constructor(options: PermitOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** The configuration as it was an instant ago at most. */
  async config(): Promise<LoadedConfig> {
    if (isOld(this.#readAt)) await this.#reload();
    return this.#config;
  }

  /** Whether the call takes so long that what was judged at its beginning does not hold any more. */
  get isLate(): boolean {
    return isOld(this.#began);
  }

  /** See Gate.open. */
  async open<A extends Access>(target: Target, access: A, trusting = false): Promise<Admission<A>> {
    const asked = target.session;
    const leaveFor = (sessions: readonly string[], rule: string): Leave =>
      this.#leave(access, asked, sessions, rule);
    const admission = await this.#options.gate.open(target, access, await this.config(), trusting, leaveFor);
    this.#opened.push({ pane: admission.pane, sessions: admission.sessions, asked });
    await this.#options.looked(admission.pane);
    return admission;
  }

  /** See Gate.create. */
  async create(options: SessionOptions): Promise<WritePane> {
    const sessions = [options.name];
    const pane = await this.#options.gate.create(
      options,
      await this.config(),
      (_, rule) => this.#leave('write', options.name, sessions, rule),
      (rule) => this.attempted(rule),
    );
    this.#opened.push({ pane, sessions, asked: options.name });
    return pane;
  }

  /** Judges what touches no existing pane; resolves with the rule. */
  async admit(access: Access, session: string | null): Promise<string> {
    return this.#options.gate.admit(access, session, await this.config());
  }

  /** To be called before anything is done that is not done through a handle. */
  attempted(rule: string): void {
    if (this.#isNoted) return;
    this.#options.attempted(rule, this.#config);
    this.#isNoted = true;
  }

  /** Whether the call has come to where it does something. */
  get hasActed(): boolean {
    return this.#isNoted;
  }

  /** Forgets what was opened: the call begins anew. */
  restart(): void {
    this.#opened = [];
  }

  /** Rejects when what the call has seen may not be read any more, as things are now; at once where it was quick. */
  async confirm(atOnce = this.isLate): Promise<void> {
    if (!atOnce) return;
    await this.#reload();
    // Of a tmux that stands still, what it last said holds: an answer that is ready is not lost, nor late, for that.
    const now = await Promise.all(
      this.#opened.map(({ pane }) => within(this.#sessionsNow(pane), SILENT_MS, undefined)),
    );
    for (const [i, { sessions, asked }] of this.#opened.entries())
      judgeOrThrow('read', now[i] ?? sessions, this.#config, asked);
  }

  async #sessionsNow(pane: ReadPane): Promise<readonly string[] | undefined> {
    try {
      return await this.#options.gate.sessionsNow(pane);
    } catch (error) {
      if (error instanceof PanewrightError && SILENT.has(error.code)) return undefined;
      throw error;
    }
  }

  #leave(access: Access, asked: string, sessions: readonly string[], first: string): Leave {
    let rule = first;
    let judgedAt = performance.now();
    let late = false;
    const judge = async (): Promise<void> => {
      await this.#reload();
      rule = judgeOrThrow(access, sessions, this.#config, asked);
      judgedAt = performance.now();
      late = true;
    };
    return {
      judge,
      ask: async (pane) => {
        if (isOld(judgedAt)) await judge();
        if (late && !this.#isNoted) await this.#options.looked(pane);
        this.attempted(rule);
      },
    };
  }

  async #reload(): Promise<void> {
    this.#config = await this.#options.reload();
    this.#readAt = performance.now();
  }
}

/** Codes of errors that say that tmux does not answer. */
const SILENT: ReadonlySet<string> = new Set(['TMUX_LOST', 'HOST_UNREACHABLE']);

function isOld(time: number): boolean {
  return performance.now() - time > INSTANT_MS;
}

/** Codes of what the policy says: nothing of what they refuse may be told. */
export function isRefusal(error: unknown): error is PanewrightError & { readonly code: Refusal } {
  return error instanceof PanewrightError && REFUSALS.has(error.code);
}

type Refusal = 'WRITE_DISABLED' | 'SESSION_NOT_ALLOWED' | 'CONFIG_INVALID';
const REFUSALS: ReadonlySet<string> = new Set<Refusal>([
  'WRITE_DISABLED',
  'SESSION_NOT_ALLOWED',
  'CONFIG_INVALID',
]);
