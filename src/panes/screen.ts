/** What a person would see in a pane, and its scrollback. */

/** Wrapped lines come joined from tmux; what it pads or leaves empty below is dropped here. */
export function screenLines(body: string): string[] {
  const lines = body.split('\n').map((line) => line.replace(/[ \t]+$/, ''));
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * The same with attributes kept as SGR sequences; a row is empty when nothing but sequences and blanks is left.
 */
export function ansiLines(body: string): string[] {
  const bare = (line: string): string => line.replace(/\x1b\[[0-9;:]*m|\x1b\([0B]|[\x0e\x0f]/g, '').trim();
  const lines = body.split('\n');
  while (lines.length > 0 && bare(lines.at(-1) ?? '') === '') lines.pop();
  return lines;
}
