/** Sessions of shells and of programs with a prompt: a prompt is a command, the answer is its output. */
import { PanewrightError } from '../../errors.js';
import type { WritePane } from '../../panes/pane.js';
import { nextOutput, silence } from '../../panes/watch.js';
import type { Engine } from '../engine.js';
import type { Outcome, WaitOptions } from '../outcome.js';
import type { Run } from '../run.js';
import { paneState } from '../state.js';
import { waitForEnd } from '../wait.js';
import type { Driver, SendOptions, SessionState, Status, Subject, TurnResult } from './driver.js';
import { addTurn, type Turn } from './record.js';
import type { SessionStore } from './store.js';

/** Characters of an answer that are kept. */
const MAX_ANSWER = 100_000;

export class ProgramDriver implements Driver {
  readonly #engine: Engine;
  readonly #store: SessionStore;
  /** The runs behind turns of this process. */
  readonly #runs = new Map<string, Run>();

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
            signal: pane.stream.phase === 'unknown' ? 'screen' : 'integration',
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
    const { record, pane } = subject;
    if (options.onBusy === 'interrupt' && (await paneState(pane, this.#engine.catalog)) === 'busy')
      await this.interrupt(subject, options);
    const outcome = await this.#engine.execute(pane, options.prompt, { ...options, force: false });
    const written = await this.#store.update(record.name, (now) => {
      const turn = addTurn(now, options.prompt);
      settle(turn, outcome);
      this.#runs.set(`${record.name} ${turn.turn_id}`, outcome.run);
    });
    return this.#result(subject, written.turns.at(-1) as Turn, outcome);
  }

  async wait(subject: Subject, turnId: string | undefined, options: WaitOptions): Promise<TurnResult> {
    const { record, pane } = subject;
    const turn = turnOf(record.turns, turnId, record.name);
    if (turn.outcome !== 'running' && turn.outcome !== 'waiting')
      return { turn, timedOut: false, status: await this.status(subject) };
    const activity = this.#engine.activityOf(pane);
    const known = this.#runs.get(`${record.name} ${turn.turn_id}`);
    if (known) activity.run = known;
    const { outcome } = await waitForEnd(pane, activity, this.#engine, options);
    const written = await this.#store.update(record.name, (now) => {
      settle(turnOf(now.turns, turn.turn_id, record.name), outcome);
    });
    return this.#result(subject, turnOf(written.turns, turn.turn_id, record.name), outcome);
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

  async #result(subject: Subject, turn: Turn, outcome: Outcome): Promise<TurnResult> {
    const status = await this.status(subject).catch((): Status => ({ state: 'exited', alive: false }));
    const waiting = outcome.question !== undefined;
    return { turn, timedOut: outcome.timedOut, status: waiting ? { ...status, state: 'waiting' } : status };
  }
}

export function turnOf(turns: readonly Turn[], turnId: string | undefined, name: string): Turn {
  const turn = turnId === undefined ? turns.at(-1) : turns.find((known) => known.turn_id === turnId);
  if (turn) return turn;
  const known = turns.slice(-5).map((t) => t.turn_id);
  throw new PanewrightError(
    'TURN_NOT_FOUND',
    turnId === undefined
      ? `nothing was sent to session ${JSON.stringify(name)} yet.`
      : `session ${JSON.stringify(name)} has no turn ${JSON.stringify(turnId.slice(0, 40))}. Latest: ${known.join(', ') || 'none'}.`,
    'Use a turn_id that session_send or session_history returned.',
  );
}

function settle(turn: Turn, { run, question }: Outcome): void {
  const { lines } = run.output.lines(100_000, MAX_ANSWER);
  turn.response = [...lines, ...(run.preview?.() ?? [])].join('\n');
  turn.source = run.detection;
  turn.exit_code = run.exitCode;
  if (run.finished) {
    turn.ended = new Date().toISOString();
    turn.outcome =
      run.state === 'completed' ? (run.exitCode === 130 ? 'interrupted' : 'completed') : 'failed';
    if (run.state !== 'completed') turn.failure = run.state;
  } else turn.outcome = question ? 'waiting' : 'running';
}
