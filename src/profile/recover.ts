/**
 * A run whose connection to tmux was lost: the pane may be gone with its server, or live on. What lives on is
 * followed again; the marks, or failing them the look of the screen, tell how it ended.
 */
import type { WritePane } from '../panes/pane.js';
import { nextOutput, silence } from '../panes/watch.js';
import type { Activity } from './activity.js';
import type { ProfileCatalog } from './catalog.js';
import { promptLook } from './looks.js';
import type { Run } from './run.js';

export async function recover(
  run: Run,
  pane: WritePane,
  activity: Activity,
  catalog: ProfileCatalog,
): Promise<void> {
  const { aid } = activity;
  const fresh = await pane.renewed().catch(() => undefined);
  if (run.finished) return;
  if (!fresh || fresh.row.serverPid !== pane.row.serverPid) {
    run.finish('pane_closed');
    return;
  }
  run.gap = true;
  const { stream } = fresh;
  stream.aid = aid;
  activity.follow(stream);
  let status: number | null = null;
  run.onEnd(
    stream.listen({
      text: (data) => {
        run.output.feed(data);
      },
      mark: (mark) => {
        if (mark.kind === 'D') status ??= Number(mark.values[0] ?? '0');
        if (mark.kind === 'B' && mark.named['k'] !== 's' && status !== null) run.finish('completed', status);
      },
      end: () => {
        void recover(run, fresh, activity, catalog);
      },
    }),
  );
  // It may have ended while nobody listened: then the prompt stands there already.
  while (!run.finished && !stream.ended) {
    await silence(stream, 100, performance.now() + 10_000);
    const now = await fresh.cursorLine().catch(() => undefined);
    if (!now) break;
    const profile = await catalog.ofPane(now.row, fresh.machine);
    if (profile?.shell && promptLook(now.before).kind === 'prompt') {
      run.finish('completed', status);
      break;
    }
    await nextOutput(stream, 2_000);
  }
}
