/**
 * Keeps tmux alive while a control client connects. From the moment at which such a client says what it is until
 * it has finished saying so, any notification makes tmux 3.3a and 3.5a crash (control_write with no state yet;
 * 3.7 has mended it). So one client connects at a time, and nothing else of ours is sent to tmux meanwhile.
 */

/** Longest wait for commands under way before a client connects, in milliseconds. */
const PATIENCE_MS = 2_500;

export interface GateMember {
  /** Resolves when no command is under way. */
  idle(): Promise<void>;
  /** Sends what was held back. */
  flush(): void;
}

export class ConnectGate {
  readonly members = new Set<GateMember>();
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** performance.now() when a client last got in: whoever waits behind it has reason to go on. */
  progressAt = -Infinity;

  /** Whether commands may be sent now. */
  get open(): boolean {
    return this.#waiting === 0;
  }

  /** Resolves when no client is on its way in. */
  async settled(): Promise<void> {
    while (!this.open) await this.#tail.catch(() => undefined);
  }

  /** Runs the action alone: after those before it, when all commands have been answered. */
  async exclusive<T>(action: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const before = this.#tail;
    const run = async (): Promise<T> => {
      await before.catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
      await Promise.race([Promise.all([...this.members].map((member) => member.idle())), patience]);
      clearTimeout(timer);
      return action();
    };
    const result = run();
    this.#tail = result;
    try {
      return await result;
    } finally {
      if (--this.#waiting === 0) for (const member of this.members) member.flush();
    }
  }
}
