/** Notices the commands that others start in a pane whose shell marks its prompts: a person, or write_pane. */
import type { ReadPane } from '../panes/pane.js';
import type { Activity } from './activity.js';
import { recover, type Observer } from './recover.js';
import { Run } from './run.js';

/** From now on every command of this stream that no call of ours started becomes the activity's run. */
export function observe(pane: ReadPane, activity: Activity, observer: Observer): void {
  const { shelf } = observer;
  const { stream, row } = pane;
  let run: Run | undefined;
  let open = false;
  /** The terminal's own echo of the line, up to its newline, is still to come. */
  let echo = false;
  const begin = (): void => {
    if (!run || run.finished) {
      const spool = shelf.create();
      run = new Run('', 'integration', row, spool);
      activity.run = run;
    }
    open = true;
  };
  activity.beginsByEcho = () => {
    if (activity.run && !activity.run.finished) return;
    begin();
    echo = true;
  };
  stream.listen({
    text: (data) => {
      const from = echo ? data.indexOf('\n') + 1 : 0;
      if (echo && from === 0) return;
      echo = false;
      if (open) run?.output.feed(data.subarray(from));
    },
    mark: (mark) => {
      if (mark.kind === 'C') {
        if (activity.run && !activity.run.finished && activity.run !== run) return;
        begin();
      } else if (mark.kind === 'X' && run) run.leaving = Number(mark.values[0] ?? '0');
      else if (mark.kind === 'Z' || mark.kind === 'D') open = false;
      else if (mark.kind === 'B' && mark.named['k'] !== 's')
        run?.finish('completed', stream.lastStatus ?? null);
    },
    end: () => {
      if (run && !run.finished) void recover(run, pane, activity, observer);
    },
  });
}
