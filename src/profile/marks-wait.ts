/** Waits for one of the shell's marks. */
import type { Mark } from '../panes/marks.js';
import { shellOf, type PaneStream } from '../panes/stream.js';

/** Resolves with the first mark that fits, or with undefined after `ms` or when the stream ends or has ended. */
export function waitForMark(
  stream: PaneStream,
  fits: (mark: Mark) => boolean,
  ms: number,
): Promise<Mark | undefined> {
  if (stream.ended) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const done = (mark?: Mark): void => {
      clearTimeout(timer);
      off();
      resolve(mark);
    };
    const timer = setTimeout(done, Math.max(0, ms));
    const off = stream.listen({
      mark: (mark) => {
        if (shellOf(mark, stream.aid) !== undefined && fits(mark)) done(mark);
      },
      end: () => {
        done();
      },
    });
  });
}
