/** Terminal cells: how wide characters are, as far as finding the cursor in a line needs it. */

// East Asian wide and fullwidth, and what is shown as an emoji (Unicode TR11, TR51).
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation})$/u;
const ZERO = /^(?:\p{Mn}|\p{Me}|[\u200b-\u200f]|\p{Variation_Selector})$/u;

/** The part of a line that stands in its first `columns` cells. */
export function sliceCells(line: string, columns: number): string {
  let used = 0;
  let out = '';
  for (const character of line) {
    const width = character < '\u0300' ? 1 : ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
    if (used + width > columns) break;
    used += width;
    out += character;
  }
  return out;
}
