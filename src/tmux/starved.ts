/**
 * Tells a tmux that will not answer, stopped or hanging, from one that the machine gives no time to. Only where its
 * processes can be seen: on this machine, on Linux.
 */
import { here, type Proc } from './proc.js';

/** Milliseconds from one look to the next. */
export const LOOK_AGAIN_MS = 200;

export class Starved {
  readonly #proc: Proc;
  #idle = 0;

  constructor(proc: Proc = here) {
    this.#proc = proc;
  }

  /**
   * To be asked when an answer is overdue: whether to look again in `LOOK_AGAIN_MS`, because one of the processes that
   * it depends on would run if it were let, or did until just now.
   */
  waitOn(pids: readonly (number | undefined)[]): boolean {
    const states = pids.flatMap((pid) => (pid === undefined ? [] : (this.#state(pid) ?? [])));
    if (states.some((state) => /[Tt]/.test(state))) return false;
    if (states.some((state) => /[RD]/.test(state))) this.#idle = 0;
    else this.#idle++;
    return states.length > 0 && this.#idle < 2;
  }

  /** One letter; undefined where it cannot be told. */
  #state(pid: number): string | undefined {
    try {
      const text = this.#proc(`/proc/${pid}/stat`);
      return text.slice(text.lastIndexOf(')') + 2)[0];
    } catch {
      return undefined;
    }
  }
}
