/** Gives a prompt to an agent and sees that it was taken. */
import { PanewrightError } from '../../errors.js';
import { parseKey } from '../../panes/keys.js';
import type { WritePane } from '../../panes/pane.js';
import { PaneMoved } from '../../panes/untouched.js';
import { nextOutput } from '../../panes/watch.js';
import type { ScreenReading } from '../contract.js';
import { cancelled, type WaitOptions } from '../outcome.js';
import type { SendOptions, Subject } from '../session/driver.js';
import { addTurn, type SessionRecord, type Turn, turnOf } from '../session/record.js';
import { AgentLedger } from './ledger.js';
import { type Snapshot } from './snapshot.js';
import { clear, insert, read, until } from './submit.js';
import { findTurn, isDraft, isQueued } from './turns.js';

/** How long the program may need to show that it took a prompt before Enter is pressed again. */
const ACCEPT_MS = 2_000;
/** How long a prompt that was inserted may need to be drawn; and at all, ten programs on two busy cores take that. */
const DRAWN_MS = 3_000;
const SLOWLY_MS = 10_000;
/** How long somebody's draft must be seen: a screen may be read half drawn, and what is drawn then is none. */
const DRAFTED_MS = 300;
/** How long a prompt that was taken may stay drawn in the composer. */
const VANISHING_MS = 2_000;

export abstract class AgentSender extends AgentLedger {
  abstract interrupt(subject: Subject<WritePane>, options: WaitOptions): Promise<unknown>;

  /** Types the prompt, presses Enter, and resolves when the program has taken it. */
  protected async submit(
    subject: Subject<WritePane>,
    options: SendOptions,
  ): Promise<{ record: SessionRecord; turn: Turn }> {
    const { record } = subject;
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
    const stored = await this.store.update(
      record.name,
      (now) => {
        const turn = addTurn(now, plan.text);
        turn.conversation = before.conversation;
        turn.after_event = before.events.at(-1)?.at ?? '';
        turn.after_turns = this.written(turn, before).turns.length;
        turn.sent_busy = busy;
        if (isCommand) turn.command = true;
        this.follow(now, before);
      },
      () => record,
    );
    const turn = stored.turns.at(-1) as Turn;
    // Should the program end meanwhile, a shell may be what is left: it must not get any of it.
    const pane = subject.pane.whileRunning(before.row?.command ?? '');
    try {
      // A command must be typed for the program to see that it is one.
      // On another machine it is typed: the exchange of files would take as long.
      const spool = isCommand || this.files.isFar ? null : stored.events_dir;
      const { delivery, notes, keys } = await insert(pane, this.facts, spool, plan.text);
      const all = [...keys, ...plan.keysBeforeEnter];
      await this.drawn(pane, plan.text);
      if (all.length > 0) await pane.press(all.map(parseKey));
      await this.enter({ ...subject, pane, record: stored }, turn, plan.text, options);
      const sent = await this.store.update(stored.name, (now) => {
        const saved = turnOf(now.turns, turn.turn_id, now.name);
        saved.delivery = delivery;
        saved.sent = new Date().toISOString();
        if (plan.notes.length + notes.length > 0) saved.notes = [...plan.notes, ...notes];
        // What is handed to a running turn is reported under that turn's id, and it may have begun meanwhile.
        const accepted = this.acceptance(now, saved);
        if (accepted && this.isRunning(now, accepted)) saved.sent_busy = true;
        if (accepted && saved.sent_busy !== true) saved.prompt_id = accepted.turn;
      });
      return { record: sent, turn };
    } catch (error) {
      await this.store.update(stored.name, (now) => {
        const saved = turnOf(now.turns, turn.turn_id, now.name);
        Object.assign(saved, { outcome: 'failed', failure: 'other', ended: new Date().toISOString() });
      });
      if (error instanceof PaneMoved) throw left(record.name);
      throw error;
    }
  }

  /** Waits until the program can be given a prompt, or says what is in the way. */
  protected async open(subject: Subject<WritePane>, options: SendOptions): Promise<Snapshot> {
    const { pane, record } = subject;
    let foreignSince: number | undefined;
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
        const draft = await this.draft(subject, snapshot);
        if (draft === 'cleared') continue;
        const now = performance.now();
        foreignSince = draft === 'foreign' ? (foreignSince ?? now) : undefined;
        if (foreignSince !== undefined && now >= Math.min(foreignSince + DRAFTED_MS, options.deadline))
          throw new PanewrightError(
            'DRAFT_PRESENT',
            `somebody has typed ${JSON.stringify(snapshot.screen.draft?.slice(0, 60))} in the composer of session ${name} without submitting it.`,
            'Nothing was sent, and the draft is still there. Wait until it is submitted or removed.',
          );
        if (draft === 'none' && snapshot.screen.takesPrompt) return snapshot;
      }
      if (options.signal.aborted) throw cancelled();
      if (performance.now() >= options.deadline)
        throw new PanewrightError(
          'AGENT_NOT_READY',
          `session ${name} is ${state} and shows no place for a prompt.`,
          'Look at it with read_pane, and send again later.',
        );
      await nextOutput(pane.stream, foreignSince === undefined ? 200 : DRAFTED_MS, options.signal);
    }
  }

  /** Whose text is in the composer. A prompt of ours is removed that was not submitted, after a crash say, or given back. */
  protected async draft(
    { pane, record }: Subject<WritePane>,
    { screen }: Snapshot,
  ): Promise<'none' | 'foreign' | 'cleared' | 'vanishing'> {
    if (screen.draft === undefined) return 'none';
    const known = this.store.get(record.name) ?? record;
    const ours = known.turns.slice(-3).find((turn) => isDraft(screen.draft, turn));
    if (ours?.sent !== undefined && ours.refused !== true)
      // The program reports that it took a prompt before it draws that.
      return Date.now() - Date.parse(ours.sent) < VANISHING_MS ? 'vanishing' : 'foreign';
    return ours && (await clear(pane, this.facts, this.files.isFar ? null : known.events_dir, ours))
      ? 'cleared'
      : 'foreign';
  }

  /** Resolves when the prompt, and nothing else, is seen in the composer. */
  protected async drawn(pane: WritePane, text: string): Promise<void> {
    const shown = ({ draft }: ScreenReading): boolean =>
      draft !== undefined && this.facts.isDrawn(text, draft);
    let { met, screen } = await until(pane, this.facts, shown, DRAWN_MS);
    // Nothing at all: it has not come to read its keys yet.
    const begun = (now: ScreenReading): boolean => now.draft !== undefined || now.phase === 'dialog';
    if (!met && !begun(screen) && (await until(pane, this.facts, begun, SLOWLY_MS - DRAWN_MS)).met)
      ({ met, screen } = await until(pane, this.facts, shown, DRAWN_MS));
    if (met) return;
    if (screen.phase === 'dialog') throw inTheWay(pane);
    if (screen.draft === undefined)
      throw new PanewrightError(
        'PROMPT_NOT_ACCEPTED',
        `the prompt did not appear in the composer of ${pane.target}.`,
        'Nothing was submitted. Look at it with read_pane, and send again.',
      );
    throw new PanewrightError(
      'DRAFT_PRESENT',
      `somebody typed in the composer of ${pane.target} at the same moment: it holds ${JSON.stringify(screen.draft.slice(0, 60))}.`,
      'Nothing was submitted; both texts stand there. Look at it with read_pane, and remove what must go.',
    );
  }

  /** Presses Enter until something shows that the prompt was taken; never types the text again. */
  protected async enter(
    subject: Subject<WritePane>,
    turn: Turn,
    text: string,
    options: WaitOptions,
  ): Promise<void> {
    const { pane, record } = subject;
    for (let tries = 0; tries < 4; tries++) {
      // The first time, the composer has just been seen with the prompt in it.
      if (tries > 0 && !(await this.stands(pane, text))) return;
      await pane.press([parseKey('Enter')]);
      if (await this.taken(pane, record, turn, ACCEPT_MS, options)) return;
    }
    throw new PanewrightError(
      'PROMPT_NOT_ACCEPTED',
      `session ${JSON.stringify(record.name)} did not take the prompt.`,
      'It still stands in the composer. Look at it with read_pane; submit it with send_keys Enter or remove it.',
    );
  }

  /** Whether the prompt is still in the composer; if not, the program has it, and its report is only late. */
  protected async stands(pane: WritePane, text: string): Promise<boolean> {
    const screen = await read(pane, this.facts);
    // Enter would answer it.
    if (screen.phase === 'dialog') throw inTheWay(pane);
    if (screen.draft === undefined) return false;
    await this.drawn(pane, text);
    return true;
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
        const silent =
          turn.command === true ||
          record.events_dir === null ||
          !this.files.events(record.events_dir).some((event) => event.type === 'started');
        if (silent && (await this.seenTaken(pane, record, turn))) return true;
        const rest = deadline - performance.now();
        if (rest <= 0 || options.signal.aborted) return false;
        await (silent ? nextOutput(pane.stream, Math.min(rest, 100)) : watch.next(rest));
      }
    } finally {
      watch.stop();
    }
  }

  /** Without hooks: the composer is empty, and the program's own files say that it works on it, or has. */
  protected async seenTaken(pane: WritePane, record: SessionRecord, turn: Turn): Promise<boolean> {
    const snapshot = await this.look(pane, record);
    const { screen, registry } = snapshot;
    if (screen.draft !== undefined || screen.phase === 'unknown') return false;
    if (turn.command === true || registry === undefined || registry.state === 'busy') return true;
    const written = this.written(turn, snapshot);
    return isQueued(written, turn) || findTurn(written, turn, record.turns) !== undefined;
  }
}

function left(name: string): PanewrightError {
  return new PanewrightError(
    'AGENT_NOT_READY',
    `the program of session ${JSON.stringify(name)} ended, or left the foreground, before the prompt was submitted.`,
    'Look at it with session_status, and send again.',
  );
}

function inTheWay(pane: WritePane): PanewrightError {
  return new PanewrightError(
    'DIALOG_OPEN',
    `a dialog appeared in ${pane.target} before the prompt was submitted.`,
    'Enter was not pressed. Read it with session_status, answer it with session_answer, then send again.',
  );
}
