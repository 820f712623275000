/**
 * A call that asks all hosts at once: each has a deadline of its own, and one that is dead delays nobody for
 * longer than it takes to notice, and after that not at all.
 */
import * as z from 'zod';
import { PanewrightError } from '../errors.js';
import { LOCAL, type LoadedConfig } from '../config/schema.js';
import { configFor } from '../permission/host.js';
import type { Terminals } from './terminals.js';
import type { JsonObject } from './toolbox.js';

/** How long a host may take to be reached: one that was not known to be dead, and one that was. */
const REACH_MS = 3_000;
const REACH_DEAD_MS = 250;
/** How long it may then take to answer. */
const ANSWER_MS = 10_000;

/** What came of one host. */
export type Part = {
  /** Undefined for this machine. */
  readonly host: string | undefined;
  readonly terminals: Terminals;
} & (
  | { readonly result: JsonObject; readonly problem?: undefined }
  | { readonly result?: undefined; readonly problem: PanewrightError }
);

export const hostRows = z
  .array(
    z.strictObject({
      name: z.string(),
      reachable: z.boolean(),
      via: z.string().optional(),
      round_trip_ms: z.number().optional(),
      tmux_available: z.boolean().optional(),
      claude_available: z.boolean().optional(),
      session_count: z.int().optional(),
      problem: z.string().optional(),
    }),
  )
  .optional()
  .describe('Every configured host, when none was named');

/** The row of a host; only of this machine when something is wrong with it. */
export function hostRow({ host, terminals, problem }: Part): NonNullable<z.input<typeof hostRows>>[number] {
  const state = terminals.host?.state;
  return {
    name: host ?? LOCAL,
    reachable: problem === undefined,
    ...(state && { via: state.way }),
    ...(state?.roundTripMs !== undefined && { round_trip_ms: Math.round(state.roundTripMs * 10) / 10 }),
    ...(problem && { problem: problem.text }),
  };
}

/** The rows of lists of all parts, each row with its host. */
export function rowsOf(parts: readonly Part[], list: string): JsonObject[] {
  return parts.flatMap(({ host, result }) =>
    ((result?.[list] ?? []) as JsonObject[]).map((row) => (host === undefined ? row : { host, ...row })),
  );
}

/** Rows of hosts as results carry them: this machine is only named when it failed. */
export function hostRowsOf(parts: readonly Part[]): NonNullable<z.input<typeof hostRows>> {
  return parts.filter(({ host, problem }) => host !== undefined || problem !== undefined).map(hostRow);
}

/** Asks this machine and every host; rejects only when the caller goes away. */
export function askEverywhere(
  loaded: LoadedConfig,
  signal: AbortSignal,
  terminalsFor: (config: LoadedConfig) => Terminals,
  ask: (config: LoadedConfig, signal: AbortSignal) => Promise<unknown>,
): Promise<Part[]> {
  const one = async (host: string | undefined): Promise<Part> => {
    const config = host === undefined ? loaded : configFor(host, loaded);
    const terminals = terminalsFor(config);
    const giveUp = new AbortController();
    try {
      if (terminals.host) {
        const reachMs = terminals.host.state.state === 'unreachable' ? REACH_DEAD_MS : REACH_MS;
        await within(
          terminals.host.ready(),
          reachMs,
          () => terminals.host?.state.problem ?? silent(host, reachMs),
        );
      }
      const asked = ask(config, AbortSignal.any([signal, giveUp.signal]));
      const answer = host === undefined ? asked : within(asked, ANSWER_MS, () => silent(host, ANSWER_MS));
      return { host, terminals, result: (await answer) as JsonObject };
    } catch (error) {
      if (signal.aborted || !(error instanceof PanewrightError)) throw error;
      return { host, terminals, problem: error };
    } finally {
      giveUp.abort();
    }
  };
  return Promise.all([undefined, ...Object.keys(loaded.config.hosts)].map(one));
}

function silent(host: string | undefined, ms: number): PanewrightError {
  return new PanewrightError(
    'HOST_UNREACHABLE',
    `host ${host ?? LOCAL} did not answer within ${ms / 1000} s.`,
    'Name it in a call of its own to see what is wrong.',
  );
}

/** The promise, or what `late` says after `ms`; the promise is then left alone. */
function within<T>(promise: Promise<T>, ms: number, late: () => PanewrightError): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(late());
    }, ms);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
