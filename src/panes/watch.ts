/** Waits on a pane's stream: silence, the next output, the end of the pane. Events first; timers only bound them. */
import { PROGRAMS_FORMAT, type PaneRow } from '../tmux/formats.js';
import type { ReadPane } from './pane.js';
import type { PaneStream } from './stream.js';

/** Resolves when the stream ends, says something new, the time is over or the signal aborts; never rejects. */
export function nextOutput(stream: PaneStream, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      off();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const off = stream.listen({ text: done, mark: done, end: done });
    if (signal?.aborted || stream.ended) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}

/** Resolves once the pane has been silent for `quietMs`, or at `deadline` (as of performance.now()). */
export async function silence(
  stream: PaneStream,
  quietMs: number,
  deadline: number,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    const now = performance.now();
    const rest = Math.min(stream.lastOutput + quietMs, deadline) - now;
    if (rest <= 0 || signal?.aborted || stream.ended) return;
    await nextOutput(stream, rest, signal);
  }
}

/** How a pane went from under those who wait on it. */
export interface Departure {
  /**
   * `closed`: the pane is gone, or its program is: it stays dead, or with another program in it. `moved`: the
   * program runs on, in a pane that belongs to another session now.
   */
  readonly how: 'closed' | 'moved';
  /** Status with which the program ended, where tmux knows it. */
  readonly exitCode: number | null;
  /** What another program shows that runs in the pane now: it may have come as output of the one before. */
  readonly shown?: string;
}

/** What has happened to a pane between two looks; undefined while it is where it was. */
export function departureOf(before: PaneRow, now: PaneRow | undefined): Departure | undefined {
  const same = now?.serverPid === before.serverPid && now.pid === before.pid;
  if (!same || now.dead) return { how: 'closed', exitCode: same ? now.deadStatus : null };
  return now.sessionId === before.sessionId ? undefined : { how: 'moved', exitCode: null };
}

/** Notifications after which a pane may be gone. */
const STRUCTURE = new Set(['window-close', 'unlinked-window-close', 'layout-change', 'sessions-changed']);

/**
 * Calls back once when the pane has gone.
 * @param atOnce look now, too: it may have gone since it was found
 */
export function onGone(pane: ReadPane, gone: (departure: Departure) => void, atOnce = false): () => void {
  const { connection } = pane;
  let over = false;
  const check = async (): Promise<void> => {
    const row = await pane.refresh().catch(() => pane.row);
    if (!row) await connection.pipes.drained(pane.id);
    const departure = departureOf(pane.row, row);
    if (over || !departure) return;
    stop();
    const isReplaced = row?.serverPid === pane.row.serverPid && row.pid !== pane.row.pid && !row.dead;
    const shown = isReplaced ? await pane.shownInstead(row).catch(() => '') : '';
    gone({ ...departure, shown });
  };
  const name = `panewright-${pane.id.slice(1)}`;
  const off = connection.onNotification((event, rest) => {
    if (STRUCTURE.has(event) || (event === 'subscription-changed' && rest.startsWith(name))) void check();
  });
  // No notification tells of a program that ended or was replaced in a pane that remains; this asks tmux to watch,
  // once a second, and say so.
  let subscribed = false;
  const late = setTimeout(() => {
    subscribed = true;
    connection
      .run(['refresh-client', '-B', `${name}:${pane.row.windowId}:${PROGRAMS_FORMAT}`])
      .catch(() => undefined);
  }, 500);
  const stop = (): void => {
    over = true;
    off();
    clearTimeout(late);
    if (subscribed && !connection.closed.aborted)
      connection.run(['refresh-client', '-B', name]).catch(() => undefined);
  };
  if (atOnce) void check();
  return stop;
}
