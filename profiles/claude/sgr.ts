/** Reads rows of `tmux capture-pane -p -e`: text with the few attributes by which chrome is told from content. */

export interface Cell {
  readonly char: string;
  readonly dim: boolean;
  readonly inverse: boolean;
  /** Colour as SGR parameters, `38;5;246`; empty for the default. */
  readonly fg: string;
  readonly bg: string;
}

export interface Row {
  readonly text: string;
  readonly cells: readonly Cell[];
}

interface Style {
  dim: boolean;
  inverse: boolean;
  fg: string;
  bg: string;
}

// SGR; other CSI; OSC (hyperlinks); shifts into the line-drawing set.
const TOKEN = /\x1b\[([\d;:]*)m|\x1b\[[\d;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x0e\x0f]/g;

/** Attributes carry on from row to row, as tmux writes them. Cells are code points, not columns. */
export function readRows(ansi: string): readonly Row[] {
  const style: Style = { dim: false, inverse: false, fg: '', bg: '' };
  return ansi.split('\n').map((line) => {
    const cells: Cell[] = [];
    let at = 0;
    const take = (end: number): void => {
      for (const char of line.slice(at, end)) cells.push({ char, ...style });
    };
    for (const match of line.matchAll(TOKEN)) {
      take(match.index);
      at = match.index + match[0].length;
      if (match[1] !== undefined) apply(style, match[1]);
    }
    take(line.length);
    // tmux leaves out blanks at the end of a row, also the one under a cursor that is drawn inverse.
    if (style.inverse && line.endsWith('m') && at === line.length) cells.push({ char: ' ', ...style });
    return { text: cells.map((cell) => cell.char).join(''), cells };
  });
}

function apply(style: Style, parameters: string): void {
  const codes = parameters === '' ? ['0'] : parameters.split(/[;:]/);
  for (let i = 0; i < codes.length; i += 1) {
    const code = Number(codes[i]);
    if (code === 0) Object.assign(style, { dim: false, inverse: false, fg: '', bg: '' });
    else if (code === 2) style.dim = true;
    else if (code === 22) style.dim = false;
    else if (code === 7) style.inverse = true;
    else if (code === 27) style.inverse = false;
    else if (code === 39) style.fg = '';
    else if (code === 49) style.bg = '';
    else if (code === 38 || code === 48) {
      const length = codes[i + 1] === '2' ? 5 : 3;
      const colour = codes.slice(i, i + length).join(';');
      if (code === 38) style.fg = colour;
      else style.bg = colour;
      i += length - 1;
    } else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) style.fg = String(code);
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) style.bg = String(code);
  }
}
