/** A text file that another program adds lines to, read from where the last reading ended. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes that are read at once. */
const CHUNK = 4 * 1024 * 1024;

export interface Growth {
  /** Whole lines, in order. */
  readonly lines: Iterable<string>;
  /** The file is not the one that was read before: it was replaced or cut. */
  readonly afresh: boolean;
}

export class GrowingFile {
  readonly #path: string;
  #inode: bigint | undefined;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The lines that were completed since the last call; undefined when there is no file. */
  more(): Growth | undefined {
    let fd: number;
    try {
      fd = openSync(this.#path, 'r');
    } catch {
      return undefined;
    }
    try {
      const { ino, size } = fstatSync(fd, { bigint: true });
      const afresh = this.#inode !== ino || size < BigInt(this.#offset);
      if (afresh) {
        this.#inode = ino;
        this.#offset = 0;
      }
      return { afresh, lines: this.#read(fd, Number(size)) };
    } finally {
      closeSync(fd);
    }
  }

  #read(fd: number, size: number): string[] {
    const found: string[] = [];
    let length = CHUNK;
    while (this.#offset < size) {
      const buffer = Buffer.allocUnsafe(Math.min(length, size - this.#offset));
      const count = readSync(fd, buffer, 0, buffer.length, this.#offset);
      // Half a line, which may end in half a character, is left for the next time.
      const end = buffer.subarray(0, count).lastIndexOf(0x0a) + 1;
      if (end > 0) {
        found.push(buffer.toString('utf8', 0, end));
        this.#offset += end;
      } else if (count < length) break;
      else length *= 2;
    }
    return found;
  }
}
