/**
 * Tells a dialog that is drawn from one that is being drawn, or that the status file or the report which belong to
 * it do not tell of yet: its id would change with them, and an answer to the first be refused.
 */
import type { SessionRecord } from '../session/record.js';
import type { Snapshot } from './snapshot.js';

/** How long a dialog must stand as it is. */
const STANDING_MS = 150;
/** The same of one without options, or of which file and report do not tell: they may never do. */
const BARE_MS = 700;

export class DrawnDialogs {
  /** By session: which dialog was seen last, and since when. */
  readonly #seen = new Map<string, { readonly id: string; readonly since: number }>();

  /** To be told of every look at a session; says whether there is no dialog, or a whole one. */
  saw(record: SessionRecord, { status: { dialog }, registry }: Snapshot): boolean {
    if (!dialog) {
      this.#seen.delete(record.name);
      return true;
    }
    const now = performance.now();
    const known = this.#seen.get(record.name);
    const { since } = known?.id === dialog.dialog_id ? known : { since: now };
    this.#seen.set(record.name, { id: dialog.dialog_id, since });
    const complete =
      (registry === undefined || registry.state === 'waiting') &&
      dialog.options.length > 0 &&
      (dialog.kind !== 'permission' || dialog.tool_name !== undefined || record.events_dir === null);
    return now - since >= (complete ? STANDING_MS : BARE_MS);
  }
}
