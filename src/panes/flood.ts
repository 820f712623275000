/** Tells a flood: so much output in so short a time that it pays to have the rest come by a quicker way. */

/** Bytes within `SPAN_MS` milliseconds. */
const MUCH = 128 * 1024;
const SPAN_MS = 500;

export class Flood {
  #since = -Infinity;
  #bytes = 0;

  /** @param now performance.now() */
  add(bytes: number, now: number): void {
    if (now - this.#since > SPAN_MS) {
      this.#since = now;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
  }

  get is(): boolean {
    return this.#bytes > MUCH;
  }
}
