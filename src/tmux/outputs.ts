/** Who listens to the output of which pane. */

export interface OutputListener {
  output(data: Buffer): void;
  /** Some output went by unseen. */
  lost(): void;
}

export class Outputs {
  readonly #listeners = new Map<string, Set<OutputListener>>();

  /** Calls the listener with every chunk of a pane's output until the returned function is called: true when it was the last. */
  add(paneId: string, listener: OutputListener): () => boolean {
    const listeners = this.#listeners.get(paneId) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(paneId, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(paneId) !== listeners) return false;
      return this.#listeners.delete(paneId);
    };
  }

  has(paneId: string): boolean {
    return this.#listeners.has(paneId);
  }

  deliver(paneId: string, data: Buffer): void {
    for (const listener of this.#listeners.get(paneId) ?? []) listener.output(data);
  }

  lost(paneId: string): void {
    for (const listener of [...(this.#listeners.get(paneId) ?? [])]) listener.lost();
  }

  clear(): void {
    this.#listeners.clear();
  }
}
