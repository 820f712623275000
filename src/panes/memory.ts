/**
 * The last part of a stream of bytes. In blocks of its own: a small piece that is kept as it came would keep the
 * whole slab that it was cut from.
 */

const BLOCK = 16 * 1024;

interface Block {
  readonly bytes: Buffer;
  used: number;
}

export class Memory {
  readonly #most: number;
  #blocks: Block[] = [];
  #kept = 0;

  /** @param most bytes that are kept at least, once there are as many */
  constructor(most: number) {
    this.#most = most;
  }

  add(data: Buffer): void {
    for (let from = 0; from < data.length;) {
      const block = this.#open();
      const copied = data.copy(block.bytes, block.used, from);
      block.used += copied;
      from += copied;
    }
    this.#kept += data.length;
    this.forget(this.#most);
  }

  /** Lets go of what is older than the last bytes, block by block. */
  forget(bytes: number): void {
    while (this.#blocks.length > 1 && this.#kept - (this.#blocks[0]?.used ?? 0) >= bytes)
      this.#kept -= (this.#blocks.shift() as Block).used;
  }

  /** The last bytes, fewer if there are not as many. */
  last(bytes: number): Buffer {
    const wanted = Math.min(this.#kept, Math.max(0, bytes));
    if (wanted === 0) return Buffer.alloc(0);
    const all = Buffer.concat(this.#blocks.map((block) => block.bytes.subarray(0, block.used)));
    return all.subarray(all.length - wanted);
  }

  #open(): Block {
    const last = this.#blocks.at(-1);
    if (last && last.used < BLOCK) return last;
    const block = { bytes: Buffer.allocUnsafeSlow(BLOCK), used: 0 };
    this.#blocks.push(block);
    return block;
  }
}
