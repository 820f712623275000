/** Gives a prompt to an agent and sees that it was taken. */
import { PanewrightError } from '../../errors.js';
import { parseKey } from '../../panes/keys.js';
import type { WritePane } from '../../panes/pane.js';
import { nextOutput } from '../../panes/watch.js';
import { cancelled, type WaitOptions } from '../outcome.js';
import type { SendOptions, Subject } from '../session/driver.js';
import { turnOf } from '../session/program-driver.js';
import { addTurn, type SessionRecord, type Turn } from '../session/record.js';
import { AgentBase } from './base.js';
import { type Snapshot } from './snapshot.js';
import { insert, until } from './submit.js';

/** How long the program may need to show that it took a prompt before Enter is pressed again. */
const ACCEPT_MS = 2_000;

export abstract class AgentSender extends AgentBase {
  abstract interrupt(subject: Subject<WritePane>, options: WaitOptions): Promise<unknown>;

  /** Types the prompt, presses Enter, and resolves when the program has taken it. */
  protected async submit(
    subject: Subject<WritePane>,
    options: SendOptions,
  ): Promise<{ record: SessionRecord; turn: Turn }> {
    const { pane, record } = subject;
    const isCommand = /^\/[\w:-]+(?: [^\n]*)?$/.test(options.prompt);
    const plan = this.facts.planSubmit(options.prompt, isCommand);
    if (plan.way === 'refuse')
      throw new PanewrightError(
        'PROMPT_NOT_ACCEPTED',
        `${plan.why ?? 'the prompt cannot be sent'}.`,
        'Nothing was typed. Word it differently.',
      );
    const before = await this.open(subject, options);
    const busy = before.status.state === 'busy';
    const written = before.transcript === undefined ? 0 : this.files.record(before.transcript).turns.length;
    const stored = await this.store.update(
      record.name,
      (now) => {
        const turn = addTurn(now, plan.text);
        turn.after_event = before.events.at(-1)?.at ?? '';
        turn.after_turns = written;
        turn.sent_busy = busy;
        if (isCommand) turn.command = true;
        if (before.conversation !== null) now.conversation_id = before.conversation;
      },
      () => record,
    );
    const turn = stored.turns.at(-1) as Turn;
    try {
      // A command must be typed for the program to see that it is one.
      const spool = isCommand ? null : stored.events_dir;
      const delivery = await insert(pane, this.facts, spool, plan.text);
      if (plan.keysBeforeEnter.length > 0) await pane.press(plan.keysBeforeEnter.map(parseKey));
      await this.enter(pane, stored, turn, options);
      const record = await this.store.update(stored.name, (now) => {
        const saved = turnOf(now.turns, turn.turn_id, now.name);
        saved.delivery = delivery;
        const accepted = this.acceptance(now, saved);
        // What is handed to a running turn is reported under that turn's id.
        if (accepted?.type === 'accepted' && !busy) saved.prompt_id = accepted.turn;
      });
      return { record, turn };
    } catch (error) {
      await this.store.update(stored.name, (now) => {
        const saved = turnOf(now.turns, turn.turn_id, now.name);
        Object.assign(saved, { outcome: 'failed', failure: 'other', ended: new Date().toISOString() });
      });
      throw error;
    }
  }

  /** Waits until the program can be given a prompt, or says what is in the way. */
  protected async open(subject: Subject<WritePane>, options: SendOptions): Promise<Snapshot> {
    const { pane, record } = subject;
    for (;;) {
      const snapshot = await this.look(pane, record);
      const { state, dialog } = snapshot.status;
      const name = JSON.stringify(record.name);
      if (state === 'waiting' || snapshot.screen.phase === 'dialog')
        throw new PanewrightError(
          'DIALOG_OPEN',
          `session ${name} waits for an answer${dialog ? ` to ${JSON.stringify(dialog.question)} (dialog_id ${dialog.dialog_id})` : ''}.`,
          'Nothing was typed. Answer with session_answer first.',
        );
      if (state === 'exited')
        throw new PanewrightError(
          'AGENT_NOT_READY',
          `the program of session ${name} has ended.`,
          'Send again: it will be started anew.',
        );
      if (state === 'busy' && options.onBusy === 'refuse')
        throw new PanewrightError(
          'AGENT_NOT_READY',
          `session ${name} is busy.`,
          'Wait with session_wait, or send with on_busy: steer or interrupt.',
        );
      if (state === 'busy' && options.onBusy === 'interrupt') {
        await this.interrupt(subject, options);
        continue;
      }
      if (state === 'idle' || state === 'busy') {
        if (snapshot.screen.draft !== undefined)
          throw new PanewrightError(
            'DRAFT_PRESENT',
            `somebody has typed ${JSON.stringify(snapshot.screen.draft.slice(0, 60))} in the composer of session ${name} without submitting it.`,
            'Nothing was sent, and the draft is still there. Wait until it is submitted or removed.',
          );
        if (snapshot.screen.takesPrompt) return snapshot;
      }
      if (options.signal.aborted) throw cancelled();
      if (performance.now() >= options.deadline)
        throw new PanewrightError(
          'AGENT_NOT_READY',
          `session ${name} is ${state} and shows no place for a prompt.`,
          'Look at it with read_pane, and send again later.',
        );
      await nextOutput(pane.stream, 200, options.signal);
    }
  }

  /** Presses Enter until something shows that the prompt was taken; never types the text again. */
  protected async enter(
    pane: WritePane,
    record: SessionRecord,
    turn: Turn,
    options: WaitOptions,
  ): Promise<void> {
    for (let tries = 0; tries < 4; tries++) {
      await pane.press([parseKey('Enter')]);
      const taken = await this.taken(pane, record, turn, ACCEPT_MS, options);
      if (taken) return;
      const { screen } = await until(pane, this.facts, () => true, 0);
      // The composer is empty: the program has it, its report is only late.
      if (screen.draft === undefined && screen.phase !== 'dialog') return;
    }
    throw new PanewrightError(
      'PROMPT_NOT_ACCEPTED',
      `session ${JSON.stringify(record.name)} did not take the prompt.`,
      'It still stands in the composer. Look at it with read_pane; submit it with send_keys Enter or remove it.',
    );
  }

  protected async taken(
    pane: WritePane,
    record: SessionRecord,
    turn: Turn,
    ms: number,
    options: WaitOptions,
  ): Promise<boolean> {
    const deadline = performance.now() + ms;
    const watch = this.watch(pane, record);
    try {
      for (;;) {
        if (this.acceptance(record, turn)) return true;
        if (record.events_dir === null || turn.command === true) {
          const { screen } = await until(pane, this.facts, (now) => now.draft === undefined, ms);
          return screen.draft === undefined;
        }
        const rest = deadline - performance.now();
        if (rest <= 0 || options.signal.aborted) return false;
        await watch.next(rest);
      }
    } finally {
      watch.stop();
    }
  }
}
