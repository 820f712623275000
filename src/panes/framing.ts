/** Whether the program in a pane has asked for bracketed paste (DEC mode 2004), from its output. */

const MODE = Buffer.from('\x1b[?2004');
const ON = 0x68;
/** How the mode is left. */
export const FRAMING_OFF = Buffer.from('\x1b[?2004l');
const NOTHING = Buffer.alloc(0);

export class Framing {
  on = false;
  /** End of the output so far, in which the mode's sequence may have begun. */
  #cut: Buffer = NOTHING;

  feed(data: Buffer): void {
    if (this.#cut.length > 0) this.#scan(Buffer.concat([this.#cut, data.subarray(0, MODE.length)]));
    this.#scan(data);
    const end =
      data.length < MODE.length
        ? Buffer.concat([this.#cut, data]).subarray(-MODE.length)
        : data.subarray(-MODE.length);
    const escape = end.lastIndexOf(MODE[0] as number);
    this.#cut = escape < 0 ? NOTHING : Buffer.from(end.subarray(escape));
  }

  #scan(data: Buffer): void {
    const at = data.lastIndexOf(MODE);
    if (at >= 0 && at + MODE.length < data.length) this.on = data[at + MODE.length] === ON;
  }
}
