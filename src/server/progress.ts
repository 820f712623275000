/** Progress notifications of one call, sent only when the client asked for them. */
import type { CallExtra } from './lane.js';

export interface Progress {
  /** Never throws and never waits. */
  readonly report: (message: string) => void;
  /** After this nothing is sent: a progress notification behind its result is a protocol error. */
  readonly end: () => void;
}

/** `progress` counts the seconds since the call began, always growing as the protocol demands. */
export function progressOf(extra: Pick<CallExtra, '_meta' | 'sendNotification'>): Progress {
  const token = extra._meta?.progressToken;
  const began = performance.now();
  let last = 0;
  let hasEnded = token === undefined;
  /** A client that does not read gets fewer messages, not a growing queue. */
  let isSending = false;
  return {
    report(message) {
      if (hasEnded || isSending || token === undefined) return;
      const elapsed = Math.round(performance.now() - began) / 1000;
      last = elapsed > last ? elapsed : last + 0.001;
      isSending = true;
      const sent = (): void => void (isSending = false);
      extra
        .sendNotification({
          method: 'notifications/progress',
          params: { progressToken: token, progress: last, message },
        })
        .then(sent, sent);
    },
    end() {
      hasEnded = true;
    },
  };
}
