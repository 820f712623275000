/** What sending, waiting and answering have in common: how an agent is looked at, watched, and its turns settled. */
import { dirname } from 'node:path';
import type { Machine } from '../../panes/machine.js';
import type { ReadPane, WritePane } from '../../panes/pane.js';
import type { Activities } from '../activity.js';
import type { ProfileCatalog } from '../catalog.js';
import type { AgentFacts, Profile } from '../contract.js';
import { nextOutput } from '../../panes/watch.js';
import { type WaitOptions } from '../outcome.js';
import type { SessionState } from '../session/driver.js';
import { digestOf, type SessionRecord, type Turn, turnOf } from '../session/record.js';
import type { SessionStore } from '../session/store.js';
import { DrawnDialogs } from './drawn.js';
import { AgentFiles, watchFolders, type StampedEvent } from './files.js';
import { takeSnapshot, type Snapshot } from './snapshot.js';
import { digestOfTurn } from './turns.js';

type Accepted = Extract<StampedEvent, { type: 'accepted' }>;

/** How soon a dialog that is being drawn is looked at again, when nothing is drawn. */
const AGAIN_MS = 75;
/** How long a dialog that changes all the time is looked at; then it is told of as it is. */
const STEADY_MS = 1_500;

export abstract class AgentBase {
  protected readonly profile: Profile;
  protected readonly catalog: ProfileCatalog;
  protected readonly facts: AgentFacts;
  protected readonly files: AgentFiles;
  protected readonly store: SessionStore;
  protected readonly activities: Activities;
  protected readonly machine: Machine;
  /** Of the programs that are started, as far as it can be known before; of another machine since the first look. */
  protected env: Readonly<Record<string, string | undefined>> = {};

  protected readonly dialogs = new DrawnDialogs();

  constructor(
    profile: Profile & { readonly agent: AgentFacts },
    store: SessionStore,
    catalog: ProfileCatalog,
    activities: Activities,
    machine: Machine,
  ) {
    this.profile = profile;
    this.catalog = catalog;
    this.facts = profile.agent;
    this.files = new AgentFiles(profile.agent, machine.mirror);
    this.machine = machine;
    this.store = store;
    this.activities = activities;
  }

  /** The report that the program took the prompt of a turn. */
  protected acceptance(record: SessionRecord, turn: Turn): Accepted | undefined {
    const wanted = digestOfTurn(turn);
    return this.reports(record).find(
      (event): event is Accepted =>
        event.type === 'accepted' && event.at > (turn.after_event ?? '') && digestOf(event.prompt) === wanted,
    );
  }

  /** Whether the turn under which a prompt was taken had been reported before. */
  protected isRunning(record: SessionRecord, { at, turn }: Accepted): boolean {
    return this.reports(record).some((event) => event.at < at && 'turn' in event && event.turn === turn);
  }

  protected reports({ events_dir }: SessionRecord): readonly StampedEvent[] {
    return events_dir === null ? [] : this.files.events(events_dir);
  }

  protected async settle(
    record: SessionRecord,
    turnId: string,
    end: Partial<Turn>,
    snapshot: Snapshot,
  ): Promise<Turn> {
    const written = await this.store.update(
      record.name,
      (now) => {
        const turn = turnOf(now.turns, turnId, now.name);
        Object.assign(turn, end);
        if (end.outcome !== 'running' && end.outcome !== 'waiting') turn.ended ??= new Date().toISOString();
        this.follow(now, snapshot);
      },
      () => record,
    );
    const turn = turnOf(written.turns, turnId, record.name);
    if (record.events_dir !== null && turn.ended !== undefined && turn.after_event !== undefined)
      this.files.prune(record.events_dir, turn.after_event);
    return turn;
  }

  /** The conversation changes by itself: `/clear`. */
  protected follow(record: SessionRecord, { conversation, transcript }: Snapshot): void {
    if (conversation !== null) record.conversation_id = conversation;
    if (transcript !== undefined) record.transcript = transcript;
  }

  protected async look(pane: ReadPane, record: SessionRecord): Promise<Snapshot> {
    this.env = await this.machine.environment();
    await this.files.pull(pane, record);
    const snapshot = await takeSnapshot(pane, record, this.facts, this.files, {
      ...this.env,
      ...record.env,
    });
    const { row, registry, screen, status } = snapshot;
    const running = row && (await this.catalog.ofPane(row, pane.machine));
    if (!row || running === this.profile || screen.phase === 'starting') return snapshot;
    // The shell from which it was started is back, even if what it drew last still stands on the screen: whatever
    // is typed now would be a command.
    if (!registry && (running?.shell !== undefined || record.events_dir === null))
      return { ...snapshot, status: { ...status, state: 'exited', alive: false } };
    if (screen.phase !== 'unknown' || running?.shell === undefined) return snapshot;
    const degraded = [...(status.degraded ?? []), 'it is suspended, and a shell is in the foreground: fg'];
    return { ...snapshot, status: { ...status, state: 'unknown', degraded } };
  }

  /** A look at a screen that is not being drawn: a dialog that has just appeared, or changed, is looked at again. */
  protected async lookSteady(pane: ReadPane, record: SessionRecord): Promise<Snapshot> {
    const deadline = performance.now() + STEADY_MS;
    for (;;) {
      const snapshot = await this.look(pane, record);
      const whole = this.dialogs.saw(record, snapshot);
      if (whole || performance.now() >= deadline || pane.stream.ended) return snapshot;
      await nextOutput(pane.stream, AGAIN_MS);
    }
  }

  protected async settles(
    pane: WritePane,
    record: SessionRecord,
    fits: (state: SessionState) => boolean,
    ms: number,
    options: WaitOptions,
  ): Promise<SessionState> {
    const deadline = Math.min(performance.now() + ms, options.deadline);
    const watch = this.watch(pane, record);
    try {
      for (;;) {
        const { state } = (await this.look(pane, record)).status;
        if (fits(state) || performance.now() >= deadline) return state;
        await watch.next(Math.min(100, deadline - performance.now()), options.signal);
      }
    } finally {
      watch.stop();
    }
  }

  /** Wakes up on reports, on the status file and on the screen. */
  protected watch(
    pane: ReadPane,
    record: SessionRecord,
    transcript?: string,
  ): { next(ms: number, signal?: AbortSignal): Promise<void>; stop(): void } {
    const folders = [
      this.files.statusFolder(this.files.home(pane.row, { ...this.env, ...record.env })),
      ...(record.events_dir === null ? [] : [this.facts.eventFolder(record.events_dir)]),
      ...(transcript === undefined ? [] : [dirname(transcript)]),
    ];
    let changed = false;
    let wake: (() => void) | undefined;
    const onChange = (): void => {
      changed = true;
      wake?.();
    };
    // What the program writes over there is followed by what it draws.
    const stopFiles = this.files.isFar ? watchScreen(pane, onChange) : watchFolders(folders, onChange);
    const next = (ms: number, signal?: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          wake = undefined;
          changed = false;
          resolve();
        };
        const timer = setTimeout(done, Math.max(1, ms));
        wake = done;
        signal?.addEventListener('abort', done, { once: true });
        if (changed || signal?.aborted === true) done();
      });
    return {
      next: async (ms, signal) => {
        await next(ms, signal);
        await this.files.pull(pane, record);
      },
      stop: stopFiles,
    };
  }
}

/** How often a screen that changes all the time makes somebody look, in milliseconds. */
const SCREEN_MS = 150;

function watchScreen({ stream }: ReadPane, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const text = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      changed();
    }, SCREEN_MS);
  };
  const off = stream.listen({ text, end: text });
  return () => {
    clearTimeout(timer);
    off();
  };
}
