/** Watching for the sake of whoever subscribed to a resource: events of tmux, told seldom enough to be read. */
import type { ReadPane } from '../panes/pane.js';
import { onGone } from '../panes/watch.js';

/** How often a watcher is told at most, in milliseconds: a pane may print thousands of times a second. */
const EVERY_MS = 200;

/** Sessions whose windows and panes are watched at most: each costs a control client. */
const MOST_SESSIONS = 32;

/** Notifications of tmux after which the list of sessions may read otherwise. */
const STRUCTURE =
  /^(sessions-changed|session-renamed|session-window-changed|(unlinked-)?window-|layout-change)/;

type Stop = () => void;

/** At once, then at most every EVERY_MS, and once more at the end of a burst. */
function seldom(tell: () => void): { now: () => void; stop: Stop } {
  let timer: NodeJS.Timeout | undefined;
  let isDue = false;
  const now = (): void => {
    isDue = timer !== undefined;
    if (isDue) return;
    tell();
    timer = setTimeout(() => {
      timer = undefined;
      if (isDue) now();
    }, EVERY_MS).unref();
  };
  return { now, stop: () => clearTimeout(timer) };
}

/** Calls back when the screen may have changed, and when the pane is gone. */
export function watchPane(pane: ReadPane, changed: () => void): Stop {
  const told = seldom(changed);
  const release = pane.connection.hold();
  const offStream = pane.stream.listen({ text: told.now, mark: told.now, end: told.now });
  const offGone = onGone(pane, told.now);
  return () => {
    told.stop();
    offStream();
    offGone();
    release();
  };
}

/**
 * Calls back when sessions, windows or panes come, go or are renamed. tmux tells a client of the panes of its
 * own session alone, so there is one for each session.
 * @param panes one pane of each session that may be seen now, asked again after every change
 */
export async function watchSessions(
  panes: () => Promise<readonly ReadPane[]>,
  changed: () => void,
): Promise<Stop> {
  const watched = new Map<string, Stop>();
  let isOver = false;
  const told = seldom(() => {
    changed();
    void follow();
  });
  async function follow(): Promise<void> {
    const found = await panes().catch(() => []);
    for (const pane of isOver ? [] : found.slice(0, MOST_SESSIONS)) {
      const { sessionId } = pane.row;
      if (!watched.has(sessionId)) watched.set(sessionId, one(pane, sessionId));
    }
  }
  function one({ connection }: ReadPane, sessionId: string): Stop {
    const release = connection.hold();
    const off = connection.onNotification((name) => {
      if (STRUCTURE.test(name)) told.now();
    });
    const ended = (): void => {
      watched.delete(sessionId);
      if (!isOver) told.now();
    };
    connection.closed.addEventListener('abort', ended, { once: true });
    return () => {
      connection.closed.removeEventListener('abort', ended);
      off();
      release();
    };
  }
  await follow();
  return () => {
    isOver = true;
    told.stop();
    for (const stop of watched.values()) stop();
  };
}
