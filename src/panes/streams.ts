/** The streams of all panes in use: one per pane, made at first need, gone with its connection. */
import type { PaneRow } from '../tmux/formats.js';
import type { TmuxServer } from '../tmux/server.js';
import { PaneStream } from './stream.js';

export class PaneStreams {
  readonly #tmux: TmuxServer;
  readonly #streams = new Map<string, PaneStream>();

  constructor(tmux: TmuxServer) {
    this.#tmux = tmux;
  }

  of(row: PaneRow): PaneStream {
    const known = this.known(row);
    if (known) return known;
    this.#streams.get(row.paneId)?.close();
    const connection = this.#tmux.connect(row.sessionId);
    const stream = new PaneStream(connection, row.paneId, row.pid);
    this.#streams.set(row.paneId, stream);
    stream.listen({
      end: () => {
        if (this.#streams.get(row.paneId) === stream) this.#streams.delete(row.paneId);
      },
    });
    return stream;
  }

  /** The stream that there is. */
  known(row: PaneRow): PaneStream | undefined {
    const known = this.#streams.get(row.paneId);
    // A respawned pane has another program; a moved one speaks through another session's connection.
    const fits = known?.pid === row.pid && known.connection.sessionId === row.sessionId;
    return fits && !known.ended ? known : undefined;
  }

  /** Ends the streams of panes that are not among these, which are all that there are. */
  keep(rows: readonly PaneRow[]): void {
    const ids = new Set(rows.map((row) => row.paneId));
    for (const [paneId, stream] of this.#streams) if (!ids.has(paneId)) stream.close();
  }
}
