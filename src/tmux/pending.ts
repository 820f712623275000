/** A command that tmux has not answered yet, and what its answers say. */
import { PanewrightError } from '../errors.js';
import type { Reply } from './protocol.js';

export interface Pending {
  /** Replies still to come. */
  remaining: number;
  readonly replies: Reply[];
  readonly resolve: (replies: Reply[]) => void;
  readonly reject: (error: Error) => void;
  timer?: NodeJS.Timeout;
  /** performance.now() when it went to tmux. */
  sent?: number;
  /** Called as soon as the last reply is read, before any output that came behind it. */
  readonly replied: ((replies: readonly Reply[]) => void) | undefined;
}

export interface GuardedOptions {
  /** Whether it may still be done when nobody waits for it any more. */
  readonly late?: boolean;
  /** Called as soon as tmux's answer that it is done is read, before any output that came behind it. */
  readonly done?: () => void;
}

export function textOf(reply: Reply): string {
  return Buffer.concat(
    reply.body.flatMap((line, i) => (i === 0 ? [line] : [Buffer.from('\n'), line])),
  ).toString();
}

/** What a command printed; throws what tmux said against it. */
export function bodyOf(reply: Reply | undefined): string {
  if (reply?.ok) return textOf(reply);
  throw new PanewrightError('TMUX_ERROR', `tmux said: ${reply ? textOf(reply) : 'nothing'}.`);
}
