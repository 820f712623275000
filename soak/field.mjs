/**
 * A hundred panes in sessions of several shapes, with what is needed to check results from outside: every pane
 * has a ledger, a file into which each command that really ran writes its name, and a list of what has been done
 * to it besides.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stage } from '../scripts/stage.mjs';

const SHELLS = {
  bash: ['bash', '--norc', '--noprofile'],
  zsh: ['zsh', '-f'],
  sh: ['sh'],
  fish: ['fish', '--no-config'],
};

export class Pane {
  /** Whether a call that may type is under way; one at a time, so that each knows what to expect. */
  taken = false;
  /** What was done to it by others: `{ kind, at, until }`, in performance.now(). */
  deeds = [];

  constructor(field, number, session, shell) {
    Object.assign(this, { field, number, session, shell, id: undefined });
    this.ledger = join(field.stage.directory, `ledger-${number}`);
  }

  /** Arguments that name it to a tool. */
  get target() {
    return this.field.isSingle(this.session)
      ? { session: this.session }
      : { session: this.session, pane: this.id };
  }

  get argv() {
    return ['env', `LEDGER=${this.ledger}`, ...SHELLS[this.shell]];
  }

  /** How often the command of this name has really run. */
  ran(name) {
    try {
      return readFileSync(this.ledger, 'utf8')
        .split('\n')
        .filter((line) => line === name).length;
    } catch {
      return 0;
    }
  }

  /** What was done to it, its session or its server since a moment. */
  since(moment) {
    const deeds = [...this.deeds, ...this.field.deedsOf(this.session), ...this.field.deeds];
    return new Set(deeds.filter((deed) => (deed.until ?? Infinity) >= moment).map((deed) => deed.kind));
  }
}

export class Field {
  stage = new Stage();
  panes = [];
  /** What was done to tmux as a whole. */
  deeds = [];
  /** Times at which tmux itself died. */
  crashes = 0;
  #changes = 0;
  #changing = 0;
  #deedsOf = new Map();
  #mended;

  constructor(size) {
    mkdirSync(join(this.stage.home, '.local/share/fish/generated_completions'), { recursive: true });
    const shells = ['bash', 'bash', 'bash', 'zsh', 'sh', 'bash', 'fish'];
    for (let number = 0, session = 0; number < size; session += 1) {
      const panes = session % 6 === 4 ? 3 : session % 6 === 5 ? 4 : 1;
      for (let i = 0; i < panes && number < size; i += 1, number += 1)
        this.panes.push(new Pane(this, number, `s${session}`, shells[number % shells.length]));
    }
  }

  /** Resolves with what an action did, and with whether the same sessions and windows were there all along. */
  async observed(action) {
    const before = this.#changes;
    const amid = this.#changing > 0;
    const result = await action();
    return { result, steady: !amid && before === this.#changes };
  }

  /** Does what changes them. */
  async reshape(action) {
    this.#changing += 1;
    this.#changes += 1;
    try {
      return await action();
    } finally {
      this.#changing -= 1;
    }
  }

  /** Makes all that is not there. */
  async make() {
    const found = (await this.tmux('list-panes', '-a', '-F', '#{pane_id}').catch(() => '')).split('\n');
    for (const pane of this.panes)
      if (pane.id === undefined || !found.includes(pane.id)) await this.remake(pane);
  }

  /** Makes a pane anew, with its session if need be. */
  remake(pane) {
    const format = ['-P', '-F', '#{pane_id}'];
    const size = ['-x', '90', '-y', '30'];
    const at = ['-d', '-c', this.stage.home, ...format];
    const session = () => this.tmux('new-session', '-s', pane.session, ...size, ...at, '--', ...pane.argv);
    const again = async () => {
      // A session_send under way has started the session that was just killed again: this is another program.
      if (this.isSingle(pane.session)) {
        await this.tmux('kill-session', '-t', `=${pane.session}`);
        return session();
      }
      return this.tmux('new-window', '-t', `=${pane.session}:`, ...at, '--', ...pane.argv);
    };
    return this.reshape(async () => (pane.id = await session().catch(again)));
  }

  tmux(...args) {
    return this.stage.tmux(...args);
  }

  isSingle(session) {
    return this.panes.filter((pane) => pane.session === session).length === 1;
  }

  deedsOf(session) {
    const deeds = this.#deedsOf.get(session) ?? [];
    this.#deedsOf.set(session, deeds);
    return deeds;
  }

  /** Makes everything anew when tmux has died, of itself: 3.3a does while a control client connects. */
  async mend() {
    // It answers again from the first session on that is made, and the others are still to come.
    if (this.#mended) return this.#mended;
    if (
      await this.tmux('list-sessions').then(
        () => true,
        (error) => error.killed,
      )
    )
      return;
    this.#mended ??= (async () => {
      const deed = { kind: 'crash', at: performance.now() };
      this.deeds.push(deed);
      this.crashes += 1;
      // It may die again while it is made: that is tried a few times.
      for (let tries = 1; ; tries += 1) {
        for (const pane of this.panes) pane.id = undefined;
        const made = await this.make().then(
          () => true,
          (error) => error,
        );
        if (made === true) break;
        if (tries === 5) throw made;
        await this.tmux('kill-server').catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      deed.until = performance.now() + 500;
      this.#mended = undefined;
    })();
    await this.#mended;
  }
}
