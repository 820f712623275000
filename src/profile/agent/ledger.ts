/** Keeps the turns on record true: tells how each ended, whether or not somebody waited for it. */
import type { ReadPane } from '../../panes/pane.js';
import type { AgentRecord } from '../contract.js';
import type { SessionRecord, Turn } from '../session/record.js';
import { AgentBase } from './base.js';
import { UNBEGUN_MS, type Snapshot } from './snapshot.js';
import { findTurn, isDraft, isOpen, lateVerdict, verdict } from './turns.js';

/** How long an idle program's transcript may stay behind its hooks. */
const LATE_MS = 1_500;
/** How long it may be idle without any trace of a prompt that it took, or of its answer. */
const LOST_MS = 6_000;
/** The same for a command of its own that leaves no trace. */
const QUIET_MS = 1_000;
/** After so long without a word, whoever was handing a prompt over has been killed. */
const HANDOVER_MS = 60_000;

export abstract class AgentLedger extends AgentBase {
  async catchUp(record: SessionRecord, pane?: ReadPane): Promise<SessionRecord> {
    if (!record.turns.some(isOpen)) return record;
    const snapshot = pane ? await this.look(pane, record) : await this.recall(record);
    return this.settleAll(record, snapshot);
  }

  protected async settleAll(record: SessionRecord, snapshot: Snapshot): Promise<SessionRecord> {
    const ends = record.turns.flatMap((turn) => {
      const idle = Math.min(idleFor(snapshot), sentFor(turn));
      const end = isOpen(turn) && idle >= 0 && this.end(record, turn, snapshot, idle, false);
      return end ? [[turn.turn_id, end] as const] : [];
    });
    for (const [turnId, end] of ends) await this.settle(record, turnId, end, snapshot);
    return ends.length === 0 ? record : (this.store.get(record.name) ?? record);
  }

  /** What is left of a session whose pane is gone. */
  protected async recall(record: SessionRecord): Promise<Snapshot> {
    this.env = await this.machine.environment();
    const home = this.facts.home({ ...this.env, ...record.env });
    const { conversation_id: conversation, working_dir, events_dir, transcript } = record;
    const computed =
      conversation === null ? undefined : this.files.transcriptPath(home, working_dir, conversation);
    await this.files.fetch(events_dir, [transcript, computed]);
    return {
      screen: { phase: 'exited', takesPrompt: false, dialogHeldBack: false, footer: '' },
      registry: undefined,
      events: events_dir === null ? [] : this.files.events(events_dir),
      home,
      conversation,
      transcript: transcript ?? computed,
      status: { state: 'missing', alive: false, conversation_id: conversation, working_dir },
    };
  }

  /** The record in which a turn must be: that of its own conversation, also when another one goes on now. */
  protected written(turn: Turn, snapshot: Snapshot): AgentRecord {
    const { conversation, home, status } = snapshot;
    const own = turn.conversation ?? conversation;
    const elsewhere = own !== conversation && own !== null && turn.command !== true;
    const path = elsewhere
      ? this.files.transcriptPath(home, status.working_dir ?? '', own)
      : snapshot.transcript;
    return path === undefined ? { turns: [], queued: [] } : this.files.record(path);
  }

  protected end(
    record: SessionRecord,
    turn: Turn,
    snapshot: Snapshot,
    idleMs: number,
    seenBusy: boolean,
  ): Partial<Turn> | undefined {
    const written = this.written(turn, snapshot);
    // What was counted in one conversation means nothing in another.
    const strange = turn.command === true && turn.conversation !== snapshot.conversation;
    const counted =
      strange || (turn.after_turns ?? 0) > written.turns.length ? { ...turn, after_turns: 0 } : turn;
    const turns = record.turns.map((other) => (other.turn_id === turn.turn_id ? counted : other));
    const end = verdict(counted, turns, snapshot, written, idleMs < LATE_MS);
    if (end) return end;
    const idle = snapshot.status.state === 'idle';
    if (!idle) return undefined;
    const found = findTurn(written, counted, turns);
    const accepted = this.acceptance(record, turn);
    if (turn.command === true && !accepted && !found) {
      const cleared = snapshot.events.some(
        (event) => event.type === 'started' && event.conversation !== turn.conversation,
      );
      return cleared || idleMs > QUIET_MS
        ? { outcome: 'completed', response: '', source: 'screen' }
        : undefined;
    }
    // Stopped before its first word, it leaves no trace but the prompt in the composer, or none at all. Before it
    // is seen to work, a prompt in the composer is only one that has not been taken out yet.
    const begun = accepted !== undefined || this.hasBegun(turn, snapshot);
    if (seenBusy && begun && idleMs > 500 && isDraft(snapshot.screen.draft, turn))
      return { outcome: 'interrupted', response: '', source: 'screen' };
    const late = idleMs > LATE_MS ? lateVerdict(turn, snapshot) : undefined;
    if (late) return late;
    if (idleMs > (begun ? LOST_MS : UNBEGUN_MS))
      return { outcome: 'interrupted', response: found?.turn.answer ?? '', source: 'transcript' };
    return undefined;
  }

  /** Whether the program, now idle, has become so after it was given the prompt, as far as its status file tells. */
  protected hasBegun(turn: Turn, { registry }: Snapshot): boolean {
    // Of another machine's clock nothing is known.
    return registry?.since === undefined || this.files.isFar || registry.since > Date.parse(turn.started);
  }
}

/** For how long the turn has been the program's, in milliseconds; negative while it is being handed over. */
function sentFor(turn: Turn): number {
  if (turn.sent !== undefined) return Date.now() - Date.parse(turn.sent);
  return Date.now() - Date.parse(turn.started) - HANDOVER_MS;
}

/** For how long the program says that it has been idle, in milliseconds. */
export function idleFor({ status, registry }: Snapshot): number {
  if (status.state !== 'idle' || registry?.state !== 'idle' || registry.since === undefined) return 0;
  return Math.max(0, Date.now() - registry.since);
}
