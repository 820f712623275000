/**
 * Gives commands to what lives in panes and waits for what comes of them. Timing, order and bookkeeping are here;
 * facts about programs come from profiles.
 */
import { PanewrightError } from '../errors.js';
import type { ReadPane, WritePane } from '../panes/pane.js';
import type { Piece } from '../panes/paste.js';
import type { SpoolShelf } from '../panes/spool.js';
import { LostBefore } from '../panes/untouched.js';
import { onGone } from '../panes/watch.js';
import { isRefusal } from '../permission/permit.js';
import { TmuxSilent } from '../tmux/lost.js';
import { Activities, type Activity } from './activity.js';
import { approach, type Approach } from './approach.js';
import type { ProfileCatalog } from './catalog.js';
import { observe } from './observe.js';
import { outcomeOf, type Outcome, type WaitOptions } from './outcome.js';
import { recover } from './recover.js';
import { ReplRun } from './repl-run.js';
import { Run } from './run.js';
import { ShellRun } from './shell-run.js';

export interface ExecuteOptions extends WaitOptions {
  /** Discard a half-typed draft instead of refusing. */
  readonly force: boolean;
  /** Called when nothing is in the way, before anything of the command is typed. */
  admitted?(): Promise<void>;
  /** Called when the command has been typed. */
  began?(run: Run): void;
}

/** What a command has in it by which its shell may end. */
const LEAVES = /\b(?:exit|exec|logout|bye)\b/;

export class Engine {
  readonly catalog: ProfileCatalog;
  readonly shelf: SpoolShelf;
  readonly activities = new Activities();

  constructor(catalog: ProfileCatalog, shelf: SpoolShelf) {
    this.catalog = catalog;
    this.shelf = shelf;
  }

  /** Runs a command; resolves when it is done, asks something, or the time is over. Calls on a pane queue up. */
  async execute(handle: WritePane, command: string, options: ExecuteOptions): Promise<Outcome> {
    const activity = this.activities.of(handle.row);
    const { release, waited } = await this.#turn(activity, handle, options);
    const letGo = handle.connection.hold();
    try {
      // What was true when the call came in may have changed while it queued.
      const pane = waited ? await handle.renewed() : handle;
      if (waited) await pane.stillAllowed();
      await pane.connection.pipes.inOrder(pane.id);
      return await activity.lock.during(pane, async (type) => {
        this.activityOf(pane);
        const { stream } = pane;
        // The lock first: its answer comes behind everything that another process's command has printed, so what
        // the stream says from here on is true until we type.
        await type([]);
        const { how, profile } = await this.#admit(pane, activity, options);
        // Answers may have come over another connection, whose stream knows nothing of the marks that were seen.
        if (stream.ended) throw new LostBefore();
        if (how.kind === 'shell') activity.shell = profile;
        // The prompt is back, so whatever was given to it before is done, noticed or not.
        if (activity.run?.detection === how.detection) activity.run.finish('completed');
        const run = this.#begin(pane, activity, command, how);
        try {
          await this.#start(run, pane, how, type);
        } catch (error) {
          run.finish('pane_closed');
          throw error;
        }
        options.began?.(run);
        return outcomeOf(run, pane, this.catalog, options);
      });
    } finally {
      const { run } = activity;
      activity.markSeen(run?.starting === true && !run.finished ? run.command : '');
      letGo();
      release();
    }
  }

  async #turn(
    activity: Activity,
    pane: WritePane,
    options: ExecuteOptions,
  ): Promise<{ release: () => void; waited: boolean }> {
    if (activity.free) return { release: await activity.turn(options.signal), waited: false };
    const patience = AbortSignal.timeout(Math.max(1, Math.ceil(options.deadline - performance.now())));
    try {
      const release = await activity.turn(AbortSignal.any([options.signal, patience]));
      return { release, waited: true };
    } catch (error) {
      if (options.signal.aborted) throw error;
      throw new PanewrightError(
        'PANE_IN_USE',
        `another call was using ${pane.target} all the time.`,
        'Nothing was typed. Wait for it with wait_for, or use another pane.',
      );
    }
  }

  /** Finds the way in and lets the caller take note; what has happened in the pane meanwhile is looked at again. */
  async #admit(pane: WritePane, activity: Activity, options: ExecuteOptions): ReturnType<typeof approach> {
    const look = (): ReturnType<typeof approach> =>
      approach(pane, {
        catalog: this.catalog,
        force: options.force,
        junk: activity.run?.output.asked === true,
        signal: options.signal,
        deadline: options.deadline,
        shell: this.catalog.named(pane.stream.shell),
      });
    const way = await look();
    if (!options.admitted) return way;
    const { stream } = pane;
    const { position } = stream;
    await options.admitted();
    return stream.ended || stream.position === position ? way : look();
  }

  #begin(pane: WritePane, activity: Activity, command: string, how: Approach): Run {
    const spool = this.shelf.create();
    const run = new Run(command, how.detection, pane.row, spool);
    run.starting = true;
    activity.run = run;
    run.onEnd(pane.connection.hold());
    run.onEnd(
      onGone(pane, (departure) => {
        run.depart(departure);
      }),
    );
    const { stream } = pane;
    run.onEnd(
      stream.listen({
        end: () => {
          // A shell that has said that it exits has nothing more to say.
          if (stream.hasGap && run.leaving === null) run.gap = true;
          void recover(run, pane, activity, this);
        },
      }),
    );
    return run;
  }

  async #start(
    run: Run,
    pane: WritePane,
    how: Approach,
    type: (pieces: readonly Piece[]) => Promise<void>,
  ): Promise<void> {
    if (how.kind === 'shell') {
      // Its marks are in the output itself. But the last words of a shell may be lost in a pipe of tmux's.
      if (!LEAVES.test(run.command)) run.onEnd(pane.quicken());
      await type(new ShellRun(run, pane, pane.stream, how.shell).first());
      return;
    }
    run.prompt = how.facts.prompt;
    const driver = new ReplRun(run, pane, pane.stream, how.facts, async (row) => {
      if (row.command === how.program) return false;
      return (await this.catalog.ofPane(row, pane.machine))?.shell !== undefined;
    });
    await driver.begin(type);
    driver.drive().catch((error: unknown) => {
      if (isRefusal(error) || error instanceof TmuxSilent) run.refuse(error);
      else run.finish('pane_closed');
    });
  }

  /** What is known of a pane without typing anything. */
  activityOf(pane: ReadPane): Activity {
    const activity = this.activities.of(pane.row);
    if (this.activities.isDue())
      void pane.sweep().then(
        (rows) => {
          this.activities.keep(rows);
        },
        () => undefined, // tmux does not answer; there is a next time
      );
    if (activity.follow(pane.stream)) observe(pane, activity, this);
    if (pane.stream.aid === '') pane.stream.aid = pane.row.integration;
    return activity;
  }
}
