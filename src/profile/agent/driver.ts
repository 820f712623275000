/** Sessions of programs that hold a conversation: sends prompts, waits for turns, answers, interrupts. */
import { PanewrightError } from '../../errors.js';
import { parseKey } from '../../panes/keys.js';
import type { WritePane } from '../../panes/pane.js';
import { nextOutput } from '../../panes/watch.js';
import { cancelled, type WaitOptions } from '../outcome.js';
import type { Driver, SendOptions, SessionState, Status, Subject, TurnResult } from '../session/driver.js';
import { turnOf } from '../session/program-driver.js';
import { type SessionRecord, type Turn } from '../session/record.js';
import { answerDialog } from './answer.js';
import { AgentSender } from './sender.js';
import { describe, type Snapshot } from './snapshot.js';
import { clear, until } from './submit.js';
import { findTurn, isDraft, lateVerdict, verdict } from './turns.js';

/** How long an idle program's transcript may stay behind its hooks. */
const LATE_MS = 1_500;
/** How long it may be idle without any trace of a prompt that it took. */
const LOST_MS = 6_000;
/** Bound of a wait between two looks; events come first. */
const LOOK_MS = 1_000;

export class AgentDriver extends AgentSender implements Driver {
  async status(subject: Subject, explain: boolean): Promise<Status> {
    const { status } = await this.look(subject.pane, subject.record);
    if (explain) return status;
    const { evidence: _evidence, ...rest } = status;
    return rest;
  }

  async ready(subject: Subject<WritePane>, options: WaitOptions): Promise<Status> {
    let accepted = false;
    for (;;) {
      const { status, screen } = await this.look(subject.pane, subject.record);
      const trusted = subject.record.trust === 'accept' && screen.dialog?.kind === 'trust';
      if (trusted && !accepted) {
        accepted = true;
        await answerDialog(subject.pane, this.facts, screen.dialog, { choice: 'allow' });
        continue;
      }
      const settled = status.state !== 'starting' && status.state !== 'unknown' && !trusted;
      if (settled || performance.now() >= options.deadline) return status;
      if (options.signal.aborted) throw cancelled();
      await nextOutput(subject.pane.stream, 200, options.signal);
    }
  }

  async send(subject: Subject<WritePane>, options: SendOptions): Promise<TurnResult> {
    const { pane } = subject;
    const release = await this.activities.of(pane.row).turn(options.signal);
    let sent: { record: SessionRecord; turn: Turn };
    try {
      sent = await this.activities.of(pane.row).lock.during(pane, async (type) => {
        await type([]);
        return this.submit(subject, options);
      });
    } finally {
      release();
    }
    return this.await({ ...subject, record: sent.record }, sent.turn.turn_id, options);
  }

  wait(subject: Subject, turnId: string | undefined, options: WaitOptions): Promise<TurnResult> {
    const turn = turnOf(subject.record.turns, turnId, subject.record.name);
    return this.await(subject, turn.turn_id, options);
  }

  async interrupt(
    subject: Subject<WritePane>,
    options: WaitOptions,
  ): Promise<{ interrupted: boolean; was: SessionState; method: string; state: SessionState }> {
    const { pane, record } = subject;
    const was = (await this.look(pane, record)).status.state;
    let state = was;
    const pressed: string[] = [];
    for (const key of this.facts.interrupt) {
      if (state !== 'busy' && state !== 'waiting') break;
      await pane.press([parseKey(key)]);
      pressed.push(key);
      state = await this.settles(pane, record, (now) => now !== 'busy' && now !== 'waiting', 2_000, options);
    }
    const interrupted = pressed.length > 0 && state !== 'busy' && state !== 'waiting';
    if (interrupted) await this.takeBack(subject);
    return { interrupted, was, method: pressed.join(' ') || 'none', state };
  }

  /** Stopped before its first word, a program puts the prompt back into the composer and forgets the turn. */
  protected async takeBack({ pane, record }: Subject<WritePane>): Promise<void> {
    const now = this.store.get(record.name) ?? record;
    const turn = now.turns.findLast((known) => known.outcome === 'running' || known.outcome === 'waiting');
    const { met } = await until(
      pane,
      this.facts,
      (screen) => turn !== undefined && isDraft(screen.draft, turn),
      300,
    );
    if (!met || !turn) return;
    await clear(pane, this.facts, now.events_dir, turn.prompt);
    const snapshot = await this.look(pane, record);
    await this.settle(
      record,
      turn.turn_id,
      { outcome: 'interrupted', response: '', source: 'screen' },
      snapshot,
    );
  }

  async answer(
    subject: Subject<WritePane>,
    answer: { readonly dialog_id?: string; readonly choice: string | number; readonly text?: string },
    options: WaitOptions,
  ): Promise<Status> {
    const { pane, record } = subject;
    const { screen, registry, events, status } = await this.look(pane, record);
    const dialog = screen.dialog;
    if (!dialog || status.state !== 'waiting')
      throw new PanewrightError(
        'NO_DIALOG',
        `no dialog is open in session ${JSON.stringify(record.name)}; it is ${status.state}.`,
        'Nothing was pressed.',
      );
    const { dialog_id: now } = describe(dialog, registry, events);
    if (answer.dialog_id !== undefined && answer.dialog_id !== now)
      throw new PanewrightError(
        'DIALOG_CHANGED',
        `the dialog on the screen is ${now}, not ${answer.dialog_id.slice(0, 40)}.`,
        'Nothing was pressed. Read it with session_status and answer that one.',
      );
    await answerDialog(pane, this.facts, dialog, answer);
    const changed = async (): Promise<Snapshot> => {
      const snapshot = await this.look(pane, record);
      return snapshot;
    };
    const deadline = Math.min(options.deadline, performance.now() + 3_000);
    for (;;) {
      const snapshot = await changed();
      if (snapshot.status.dialog?.dialog_id !== now && snapshot.status.state !== 'starting')
        return snapshot.status;
      if (performance.now() >= deadline) return snapshot.status;
      await nextOutput(pane.stream, 100, options.signal);
    }
  }

  protected async await(subject: Subject, turnId: string, options: WaitOptions): Promise<TurnResult> {
    const { pane, record } = subject;
    const release = pane.connection.hold();
    const { transcript } = await this.look(pane, record);
    const watch = this.watch(pane, record, transcript);
    let nextProgress = performance.now() + 5_000;
    let idleSince: number | undefined;
    let seenBusy = false;
    try {
      for (;;) {
        const known = turnOf((this.store.get(record.name) ?? record).turns, turnId, record.name);
        const snapshot = await this.look(pane, record);
        const { status } = snapshot;
        if (known.outcome !== 'running' && known.outcome !== 'waiting')
          return { turn: known, timedOut: false, status };
        const now = performance.now();
        seenBusy ||= status.state === 'busy';
        idleSince = status.state === 'idle' ? (idleSince ?? now) : undefined;
        const end = this.end(
          record,
          known,
          snapshot,
          idleSince === undefined ? 0 : now - idleSince,
          seenBusy,
        );
        if (end) return { turn: await this.settle(record, turnId, end, snapshot), timedOut: false, status };
        if (status.state === 'waiting' && status.dialog)
          return {
            turn: await this.settle(record, turnId, { outcome: 'waiting' }, snapshot),
            timedOut: false,
            status,
          };
        if (options.signal.aborted) throw cancelled();
        if (now >= options.deadline) {
          const turn = await this.settle(record, turnId, { outcome: 'running' }, snapshot);
          return { turn, timedOut: true, status };
        }
        if (now >= nextProgress) {
          nextProgress += 5_000;
          options.progress(`${record.name} is ${status.state}`);
        }
        await watch.next(
          Math.min(options.deadline - now, idleSince === undefined ? LOOK_MS : 100),
          options.signal,
        );
      }
    } finally {
      watch.stop();
      release();
    }
  }

  protected end(
    record: SessionRecord,
    turn: Turn,
    snapshot: Snapshot,
    idleMs: number,
    seenBusy: boolean,
  ): Partial<Turn> | undefined {
    if (turn.command === true)
      return snapshot.status.state === 'idle' && idleMs > 150
        ? { outcome: 'completed', response: '', source: 'screen' }
        : undefined;
    const written =
      snapshot.transcript === undefined ? { turns: [], queued: [] } : this.files.record(snapshot.transcript);
    // The conversation was cleared or changed: what was counted before means nothing in the new one.
    const counted = (turn.after_turns ?? 0) > written.turns.length ? { ...turn, after_turns: 0 } : turn;
    const end = verdict(counted, snapshot, written);
    if (end) return end;
    const idle = snapshot.status.state === 'idle';
    // Stopped before its first word, it leaves no trace but the prompt in the composer, or none at all. Before it
    // is seen to work, a prompt in the composer is only one that has not been taken out yet.
    if (idle && seenBusy && idleMs > 500 && isDraft(snapshot.screen.draft, turn))
      return { outcome: 'interrupted', response: '', source: 'screen' };
    const taken = seenBusy || this.acceptance(record, turn) !== undefined;
    if (idle && taken && idleMs > LOST_MS && !findTurn(written, counted))
      return { outcome: 'interrupted', response: '', source: 'screen' };
    return snapshot.status.state === 'idle' && idleMs > LATE_MS ? lateVerdict(turn, snapshot) : undefined;
  }
}
