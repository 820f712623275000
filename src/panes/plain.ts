/** The fast way for the output that is by far the most: printable ASCII, tabs and newlines. */

export interface PlainText {
  /** The text with its newlines alone, without carriage returns. */
  readonly text: string;
  readonly newlines: number;
  /** Carriage returns at the end, of which only what follows tells what they mean. */
  readonly returns: string;
}

let scratch = Buffer.allocUnsafeSlow(32 * 1024);

/**
 * Reads a chunk in one pass; undefined when it holds anything else.
 * @param follows whether a carriage return came right before
 */
export function plainText(data: Buffer, follows: boolean): PlainText | undefined {
  if (follows && data[0] !== 0x0a && data[0] !== 0x0d) return undefined;
  if (scratch.length < data.length) scratch = Buffer.allocUnsafeSlow(2 * data.length);
  const out = scratch;
  const { length } = data;
  let used = 0;
  let newlines = 0;
  let at = 0;
  for (; at < length; at++) {
    const byte = data[at] as number;
    if (byte === 0x0a) newlines++;
    else if (byte === 0x0d) {
      // A terminal's newline is \r\n, and \r\r\n where a program has written \r\n.
      let next = at + 1;
      while (data[next] === 0x0d) next++;
      if (next === length) break;
      if (data[next] !== 0x0a) return undefined;
      at = next;
      newlines++;
      out[used++] = 0x0a;
      continue;
    } else if ((byte < 0x20 && byte !== 0x09) || byte > 0x7e) return undefined;
    out[used++] = byte;
  }
  return { text: out.toString('latin1', 0, used), newlines, returns: '\r'.repeat(length - at) };
}
