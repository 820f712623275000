/** Sessions of programs that hold a conversation: sends prompts, waits for turns, answers, interrupts. */
import { PanewrightError } from '../../errors.js';
import { parseKey } from '../../panes/keys.js';
import type { WritePane } from '../../panes/pane.js';
import { PaneMoved } from '../../panes/untouched.js';
import { nextOutput } from '../../panes/watch.js';
import { TmuxSilent } from '../../tmux/lost.js';
import { cancelled, type WaitOptions } from '../outcome.js';
import type { Driver, SendOptions, SessionState, Status, Subject, TurnResult } from '../session/driver.js';
import { type SessionRecord, type Turn, turnOf } from '../session/record.js';
import { answerDialog } from './answer.js';
import { describe } from './dialogs.js';
import { AgentSender } from './sender.js';
import type { Snapshot } from './snapshot.js';
import { clear, until } from './submit.js';
import { isDraft, isOpen } from './turns.js';

/** Bound of a wait between two looks; events come first. */
const LOOK_MS = 1_000;
/** The same while the end of a turn is to be written down, or a dialog to be drawn. */
const SOON_MS = 75;
const PROGRESS_MS = 5_000;

export class AgentDriver extends AgentSender implements Driver {
  async status(subject: Subject, explain: boolean): Promise<Status> {
    const snapshot = await this.lookSteady(subject.pane, subject.record);
    await this.settleAll(subject.record, snapshot);
    await this.followed(subject.record, snapshot);
    return explain ? snapshot.status : withoutEvidence(snapshot.status);
  }

  async ready(subject: Subject<WritePane>, options: WaitOptions): Promise<Status> {
    let accepted = false;
    for (;;) {
      const seen = await this.lookSteady(subject.pane, subject.record).catch((error: unknown) => {
        // It is started already. Where many are at once, tmux may need longer to answer than a call is given.
        if (!(error instanceof TmuxSilent) || performance.now() >= options.deadline) throw error;
        return undefined;
      });
      if (options.signal.aborted) throw cancelled();
      if (!seen) continue;
      const { status, screen } = seen;
      const trusted = subject.record.trust === 'accept' && screen.dialog?.kind === 'trust';
      if (trusted && !accepted) {
        accepted = true;
        await answerDialog(subject.pane, this.facts, screen.dialog, { choice: 'allow' });
        continue;
      }
      const settled = status.state !== 'starting' && status.state !== 'unknown' && !trusted;
      if (settled || performance.now() >= options.deadline) return withoutEvidence(status);
      await nextOutput(subject.pane.stream, 200, options.signal);
    }
  }

  async send(subject: Subject<WritePane>, options: SendOptions): Promise<TurnResult> {
    const { pane } = subject;
    const activity = this.activities.of(pane.row);
    const waited = !activity.free;
    const release = await activity.turn(options.signal);
    let sent: { record: SessionRecord; turn: Turn } | undefined;
    try {
      if (waited) await pane.stillAllowed();
      for (let here = subject; !sent;) {
        let locked = false;
        sent = await activity.lock
          .during(here.pane, async (type) => {
            await type([]);
            locked = true;
            return this.submit(here, options);
          })
          .catch((error: unknown) => {
            // Nothing was typed. It may only have another size now; another server's prompt takes its time.
            const inUse = error instanceof PanewrightError && error.code === 'PANE_IN_USE';
            const patient = inUse && performance.now() < options.deadline && !options.signal.aborted;
            if (locked || !(patient || error instanceof PaneMoved)) throw error;
            return undefined;
          });
        if (!sent) here = { ...here, pane: await here.pane.renewed() };
      }
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
    const before = await this.look(pane, record);
    const was = before.status.state;
    let state = was;
    // Before it may start at all there is nothing to stop, and the key that stops would end it.
    if (before.screen.dialog?.kind === 'trust') return { interrupted: false, was, method: 'none', state };
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
    const turn = now.turns.findLast(isOpen);
    const { met } = await until(
      pane,
      this.facts,
      (screen) => turn !== undefined && isDraft(screen.draft, turn),
      300,
    );
    if (!met || !turn) return;
    await clear(pane, this.facts, this.files.isFar ? null : now.events_dir, turn);
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
    const { screen, registry, events, status } = await this.lookSteady(pane, record);
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
    const deadline = Math.min(options.deadline, performance.now() + 3_000);
    for (;;) {
      const snapshot = await this.lookSteady(pane, record);
      const { status } = snapshot;
      const settled =
        status.dialog?.dialog_id !== now &&
        status.state !== 'starting' &&
        (status.state !== 'waiting' || (status.dialog?.options.length ?? 0) > 0);
      if (settled || performance.now() >= deadline) {
        await this.settleAll(this.store.get(record.name) ?? record, snapshot);
        return withoutEvidence(status);
      }
      await nextOutput(pane.stream, 100, options.signal);
    }
  }

  protected async await(subject: Subject, turnId: string, options: WaitOptions): Promise<TurnResult> {
    const { pane } = subject;
    const started = performance.now();
    const release = pane.connection.hold();
    const watch = this.watch(pane, subject.record, subject.record.transcript);
    let nextProgress = started + PROGRESS_MS;
    let idleSince: number | undefined;
    let seenBusy = false;
    try {
      for (;;) {
        const record = this.store.get(subject.record.name) ?? subject.record;
        const known = turnOf(record.turns, turnId, record.name);
        const snapshot = await this.look(pane, record);
        const { status } = snapshot;
        if (!isOpen(known)) return { turn: known, timedOut: false, status };
        const now = performance.now();
        seenBusy ||= status.state === 'busy';
        idleSince = status.state === 'idle' ? (idleSince ?? now) : undefined;
        const idle = idleSince === undefined ? 0 : now - idleSince;
        const end = this.end(record, known, snapshot, idle, seenBusy);
        if (end) return { turn: await this.settle(record, turnId, end, snapshot), timedOut: false, status };
        const { dialog } = status;
        if (this.dialogs.saw(record, snapshot) && dialog) {
          const turn = await this.settle(record, turnId, { outcome: 'waiting' }, snapshot);
          return { turn, timedOut: false, status };
        }
        if (options.signal.aborted) throw cancelled();
        if (now >= options.deadline) {
          const turn = await this.settle(record, turnId, { outcome: 'running' }, snapshot);
          return { turn, timedOut: true, status };
        }
        if (now >= nextProgress) {
          nextProgress += PROGRESS_MS;
          options.progress(waitingFor(record.name, status, (now - started) / 1000));
        }
        const bound = status.state === 'idle' || status.state === 'waiting' ? SOON_MS : LOOK_MS;
        await watch.next(Math.min(options.deadline - now, nextProgress - now, bound), options.signal);
      }
    } finally {
      watch.stop();
      release();
    }
  }

  /** Notes a conversation that was changed in the pane, so that it is the one to go on with after a restart. */
  protected async followed(record: SessionRecord, snapshot: Snapshot): Promise<void> {
    const { conversation } = snapshot;
    if (conversation === null || conversation === record.conversation_id) return;
    if (this.store.get(record.name) === undefined) return;
    await this.store.update(record.name, (now) => {
      this.follow(now, snapshot);
    });
  }
}

function withoutEvidence({ evidence: _evidence, ...status }: Status): Status {
  return status;
}

function waitingFor(name: string, status: Status, seconds: number): string {
  const what =
    status.state === 'busy' ? 'is working' : status.state === 'idle' ? 'is finishing' : `is ${status.state}`;
  return `${name} ${what}; waiting for its answer for ${Math.round(seconds)} s`;
}
