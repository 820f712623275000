/**
 * Sessions of shells and of programs with a prompt: a prompt is a command, the answer is its output. A turn is
 * on record before anything is typed, and its end is written down when it comes, asked for or not.
 */
import { PanewrightError } from '../../errors.js';
import type { WritePane } from '../../panes/pane.js';
import { PaneMoved, Untouched } from '../../panes/untouched.js';
import { departureOf, nextOutput, silence } from '../../panes/watch.js';
import type { Engine } from '../engine.js';
import { outcomeOf, type Outcome, type WaitOptions } from '../outcome.js';
import type { Run } from '../run.js';
import { paneState } from '../state.js';
import { waitForEnd } from '../wait.js';
import { within } from '../../tmux/within.js';
import type { Driver, SendOptions, SessionState, Status, Subject, TurnResult } from './driver.js';
import { addTurn, isOver, turnOf, type Turn } from './record.js';
import { hasEnded, standingOf } from './standing.js';
import type { SessionStore } from './store.js';
import { awaitUnseen, placeOf, type TurnOutcome } from './unseen.js';

/** How often a prompt is given to a pane that changes while it is looked at. */
const MOST_TRIES = 4;
/** Characters of an answer that are kept. */
const MAX_ANSWER = 100_000;
/** How long tmux may take to say how the pane stands when the caller's time is over. */
const LATE_MS = 400;

const ENDED: Status = { state: 'exited', alive: false };

/** A turn of this process that has not ended yet. */
interface Kept {
  readonly run: Run;
  /** The turn as it was written down when it ended. */
  readonly settled: Promise<Turn>;
}

export class ProgramDriver implements Driver {
  readonly #engine: Engine;
  readonly #store: SessionStore;
  readonly #kept = new Map<string, Kept>();

  constructor(engine: Engine, store: SessionStore) {
    this.#engine = engine;
    this.#store = store;
  }

  async status({ pane }: Subject, explain = false): Promise<Status> {
    const state = await paneState(pane, this.#engine.catalog);
    return {
      state,
      alive: !pane.row.dead,
      working_dir: pane.row.path,
      ...(explain && {
        evidence: [
          {
            signal: (pane.heard?.phase ?? 'unknown') === 'unknown' ? 'screen' : 'integration',
            says: `${pane.row.command}: ${state}`,
            decided: true,
          },
        ],
      }),
    };
  }

  async ready(subject: Subject<WritePane>, options: WaitOptions): Promise<Status> {
    const { stream } = subject.pane;
    for (;;) {
      await silence(stream, 30, options.deadline, options.signal);
      const status = await this.status({ ...subject, pane: await subject.pane.renewed() });
      const over = performance.now() >= options.deadline || options.signal.aborted;
      if (status.state === 'idle' || status.state === 'exited' || over) return status;
      await nextOutput(stream, 250, options.signal);
    }
  }

  async send(subject: Subject<WritePane>, options: SendOptions): Promise<TurnResult> {
    const busy = async (): Promise<boolean> =>
      (await paneState(subject.pane, this.#engine.catalog)) === 'busy';
    if (options.onBusy === 'interrupt' && (await busy())) await this.interrupt(subject, options);
    let now = subject;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#give(now, options);
      } catch (error) {
        // Nothing was typed; the window may only have been resized.
        if (!(error instanceof Untouched) || tries === MOST_TRIES) throw error;
        now = { ...subject, pane: await subject.pane.renewed() };
      }
    }
  }

  async #give(subject: Subject<WritePane>, options: SendOptions): Promise<TurnResult> {
    const { record, pane } = subject;
    let turn: Turn | undefined;
    let began = false;
    try {
      const outcome = await this.#engine.execute(pane, options.prompt.replace(/\r\n?/g, '\n'), {
        ...options,
        force: false,
        admitted: async () => {
          turn = await this.#open(subject, options.prompt);
        },
        began: (run) => {
          began = true;
          if (turn) this.#keep(record.name, turn, run);
        },
      });
      return await this.#result(
        subject,
        await this.#noted(record.name, turn as unknown as Turn, outcome),
        outcome,
      );
    } catch (error) {
      if (turn && !began) await this.#withdraw(record.name, turn, error);
      throw error;
    }
  }

  async wait(subject: Subject, turnId: string | undefined, options: WaitOptions): Promise<TurnResult> {
    const { record, pane } = subject;
    const turn = turnOf(record.turns, turnId, record.name);
    if (isOver(turn)) return { turn, timedOut: false, status: await this.status(subject) };
    const kept = this.#kept.get(keyOf(record.name, turn));
    if (kept) {
      const outcome = await outcomeOf(kept.run, pane, this.#engine.catalog, options);
      return this.#result(subject, await this.#noted(record.name, turn, outcome), outcome);
    }
    const { end, outcome } = await awaitUnseen(subject, turn, this.#engine, options);
    const noted = await this.#write(record.name, turn, (saved) => {
      // Whoever began it knows better, and may have been faster.
      if (!isOver(saved)) Object.assign(saved, end);
    });
    return this.#result(subject, noted, outcome);
  }

  async interrupt(
    subject: Subject<WritePane>,
    options: WaitOptions,
  ): Promise<{ interrupted: boolean; was: SessionState; method: string; state: SessionState }> {
    const { pane } = subject;
    const was = await paneState(pane, this.#engine.catalog);
    if (was === 'idle' || was === 'exited') return { interrupted: false, was, method: 'none', state: was };
    await pane.type([{ text: '\x03' }]);
    const activity = this.#engine.activityOf(pane);
    const deadline = Math.min(options.deadline, performance.now() + 3_000);
    const { outcome } = await waitForEnd(pane, activity, this.#engine, { ...options, deadline });
    const state = await paneState(await pane.renewed(), this.#engine.catalog);
    return { interrupted: outcome.run.finished || state === 'idle', was, method: 'C-c', state };
  }

  async #open({ record, pane }: Subject, prompt: string): Promise<Turn> {
    const written = await this.#store.update(
      record.name,
      (now) => {
        addTurn(now, prompt).place = placeOf(pane.row);
      },
      () => record,
    );
    return written.turns.at(-1) as Turn;
  }

  #keep(name: string, turn: Turn, run: Run): void {
    const key = keyOf(name, turn);
    const settled = run.done.then(() =>
      this.#write(name, turn, (saved) => {
        settle(saved, { run });
      }),
    );
    this.#kept.set(key, { run, settled });
    void settled.then(() => this.#kept.delete(key));
  }

  /** What is known of a turn now, written down. */
  async #noted(name: string, turn: Turn, outcome: Outcome): Promise<Turn> {
    const kept = this.#kept.get(keyOf(name, turn));
    if (outcome.run.finished && kept) return kept.settled;
    return this.#write(name, turn, (saved) => {
      settle(saved, outcome);
    });
  }

  /** Changes a turn on record; of a session that was ended in the meantime only the caller's copy. */
  async #write(name: string, turn: Turn, change: (saved: Turn) => void): Promise<Turn> {
    const isSame = (saved: Turn): boolean => saved.turn_id === turn.turn_id && saved.started === turn.started;
    const copy = { ...turn };
    const record = await this.#store
      .update(name, (now) => {
        const saved = now.turns.find(isSame);
        if (saved) change(saved);
      })
      .catch(() => undefined);
    const saved = record?.turns.find(isSame);
    if (!saved) change(copy);
    return saved ?? copy;
  }

  /** Nothing was typed, so there was no turn; unless nobody knows whether it was. */
  async #withdraw(name: string, turn: Turn, error: unknown): Promise<void> {
    const isUnknown = error instanceof PanewrightError && error.code === 'TMUX_LOST';
    if (isUnknown && !(error instanceof Untouched))
      await this.#write(name, turn, (saved) => {
        Object.assign(saved, { outcome: 'failed', failure: 'tmux_lost', ended: new Date().toISOString() });
      });
    else
      await this.#store
        .update(name, (now) => {
          if (now.turns.at(-1)?.turn_id === turn.turn_id) now.next_turn -= 1;
          now.turns = now.turns.filter((one) => one.turn_id !== turn.turn_id || one.started !== turn.started);
        })
        .catch(() => undefined); // ended in the meantime
  }

  async #result(subject: Subject, turn: Turn, outcome: TurnOutcome): Promise<TurnResult> {
    const { timedOut, question, run, moved = run?.moved === true } = outcome;
    const look = (): Promise<Status> => this.#standing(subject, run, moved);
    const status: Status = question ? { state: 'waiting', alive: true } : await look();
    return { turn, timedOut, status, ...(moved && { moved }) };
  }

  /** How the session stands once a turn is answered; what tmux does not tell in time is not made up. */
  async #standing(subject: Subject, run: Run | undefined, moved: boolean): Promise<Status> {
    if (run?.state === 'pane_closed') return ENDED;
    const isBusy = run !== undefined && !hasEnded(run);
    const untold: Status = { state: isBusy ? 'busy' : 'unknown', alive: true };
    if (moved) return untold;
    const told = this.status(subject)
      .catch(async (error: unknown) => {
        const { pane } = subject;
        // A session that was renamed has not ended.
        const isGone = error instanceof PaneMoved && departureOf(pane.row, await pane.refresh());
        return isGone && isGone.how === 'closed' ? ENDED : untold;
      })
      .catch(() => untold);
    return isBusy ? within(told, LATE_MS, untold) : told;
  }
}

function keyOf(name: string, turn: Turn): string {
  return `${name} ${turn.turn_id} ${turn.started}`;
}

/** Brings a turn to what its run says. */
export function settle(turn: Turn, { run, question }: Pick<Outcome, 'run' | 'question'>): void {
  const { lines } = run.output.lines(100_000, MAX_ANSWER);
  turn.response = [...lines, ...(run.preview?.() ?? [])].join('\n');
  turn.source = run.detection;
  Object.assign(turn, standingOf(run, question));
}
