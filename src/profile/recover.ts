/**
 * A run whose connection to tmux was lost: the pane may be gone with its server, or live on. What lives on is
 * followed again; the marks, or failing them the look of the screen, tell how it ended.
 */
import { PanewrightError } from '../errors.js';
import type { ReadPane } from '../panes/pane.js';
import type { SpoolShelf } from '../panes/spool.js';
import { departureOf, nextOutput, silence } from '../panes/watch.js';
import { connectionEnded, TmuxSilent, unseen } from '../tmux/lost.js';
import type { PaneRow } from '../tmux/formats.js';
import type { Activity } from './activity.js';
import type { ProfileCatalog } from './catalog.js';
import { hasRead, persistently, regainOutput, regainStatus, type CursorLine } from './regain.js';
import type { Run } from './run.js';
import { showsPrompt } from './state.js';

/** What following panes takes: the engine. */
export interface Observer {
  readonly catalog: ProfileCatalog;
  readonly shelf: SpoolShelf;
  /** Follows the pane's stream from now on, commands of others included. */
  activityOf(pane: ReadPane): Activity;
}

export async function recover(
  run: Run,
  pane: ReadPane,
  activity: Activity,
  observer: Observer,
): Promise<void> {
  const { aid } = activity;
  run.recovering = true;
  const row = await whereabouts(run, pane);
  const departure = departureOf(pane.row, row);
  const fresh = departure ? undefined : await pane.renewed().catch(unseen);
  if (fresh === 'unseen') return recover(run, pane, activity, observer);
  if (!fresh) run.depart(departure ?? { how: 'moved', exitCode: null });
  if (run.finished || !fresh) return;
  run.gap = true;
  const { stream } = fresh;
  stream.aid = aid;
  observer.activityOf(fresh);
  run.onEnd(
    stream.listen({
      end: () => {
        void recover(run, fresh, activity, observer);
      },
    }),
  );
  // What was typed last may not have been read yet: the prompt that shows is the one before.
  if (run.starting || run.resume) await hasRead(fresh).catch(() => undefined);
  await (run.resume ? run.resume(fresh) : follow(run, fresh, activity, observer));
  // If the connection has been lost again, that is recovered from by another call of this.
  run.recovering = stream.ended;
}

/** Follows a command to its end of which all has been typed. */
async function follow(run: Run, pane: ReadPane, activity: Activity, { catalog }: Observer): Promise<void> {
  const { stream } = pane;
  let status: number | null = null;
  /** Until then the stream only repeats what is read from the screen. */
  let regained = false;
  /** Whether the prompt has come back before then. */
  let isBack = false;
  /** Not the echo of its line, and not the next prompt. */
  let isOutput = !run.starting;
  run.onEnd(
    stream.listen({
      text: (data) => {
        if (isOutput && regained) run.output.feed(data);
      },
      mark: (mark) => {
        if (mark.kind === 'C') run.starting = false;
        if (mark.kind === 'C' || mark.kind === 'Z' || mark.kind === 'D') isOutput = mark.kind === 'C';
        if (mark.kind === 'D') status ??= Number(mark.values[0] ?? '0');
        if (mark.kind !== 'B' || mark.named['k'] === 's' || status === null) return;
        // What it printed is still being read from the screen.
        if (regained) run.finish('completed', status);
        else isBack = true;
      },
    }),
  );
  const behind = run.command.split('\n').at(-1) ?? '';
  const gap = {
    output: run.output,
    behind,
    isOver: (look: CursorLine) => showsPrompt(catalog, pane, look),
  };
  await persistently(pane, run, () => regainOutput(pane, gap));
  regained = isOutput = true;
  if (isBack) run.finish('completed', status);
  // It may have ended while nobody listened: then the prompt stands there already.
  while (!run.finished && !stream.ended) {
    await silence(stream, 100, performance.now() + 10_000);
    const now = await pane.cursorLine().catch(() => undefined);
    if (!now) return;
    if (await showsPrompt(catalog, pane, now)) {
      isOutput = false;
      await regainStatus(pane, activity).catch(() => undefined);
      run.finish('completed', status);
      return;
    }
    run.recovering = stream.ended;
    await nextOutput(stream, 2_000);
  }
}

/** How long a host that cannot be reached is tried again for the sake of a command there; the pause between. */
const GIVE_UP_MS = 600_000;
const PAUSE_MS = 500;

/**
 * A tmux that does not answer has lost nothing, nor has a host that cannot be reached for a while: they are asked
 * until they do, or until nobody waits any more.
 */
async function whereabouts(run: Run, pane: ReadPane): Promise<PaneRow | undefined> {
  const giveUp = performance.now() + GIVE_UP_MS;
  for (;;) {
    try {
      const row = await pane.refresh();
      run.lost = undefined;
      return row;
    } catch (error) {
      if (run.finished) return undefined;
      if (error instanceof TmuxSilent) continue;
      if (isUnreachable(error)) run.lost = error;
      else if (!connectionEnded(error)) return undefined;
      if (performance.now() > giveUp) {
        run.gap = true;
        run.finish('running');
        return undefined;
      }
      // The host itself spaces out its attempts; nothing tells when it is back, or why somebody ended what asked.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
    }
  }
}

function isUnreachable(error: unknown): error is PanewrightError {
  return error instanceof PanewrightError && error.code === 'HOST_UNREACHABLE';
}
