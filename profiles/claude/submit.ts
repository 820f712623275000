/** How a prompt must be given to Claude Code (2.1.329) so that the model reads it byte for byte. */
import type { PromptTyping, SubmitPlan } from '../../src/profile/contract.js';

/** These words alone end the program, whatever white space is around them. */
const FAREWELLS = new Set(['exit', 'quit', ':q', ':q!', ':wq', ':wq!']);
/** What the program may take for one of its commands; `/usr/bin/x` and `/a, b` are text to it. */
const COMMAND = /^\s*\/(?:[\w:-]*)(?:\s|$)/;
/** A larger burst becomes "pasted content" instead of the user's own words. */
const PIECE_BYTES = 700;

/** @param raw the program may interpret the text: `/compact`, `!ls` */
export function planSubmit(prompt: string, raw: boolean): SubmitPlan {
  const refuse = (why: string): SubmitPlan => ({
    way: 'refuse',
    why,
    text: prompt,
    keysBeforeEnter: [],
    notes: [],
  });
  const text = prompt.trimEnd();
  const notes: string[] = [];
  if (text === '') return refuse('the prompt is empty');
  if (!raw && FAREWELLS.has(text.trim()))
    return refuse(`the program ends when it reads ${JSON.stringify(text.trim())} alone`);
  if (!raw && COMMAND.test(text))
    return refuse('the program reads a leading slash and a word as one of its own commands');
  if (text !== prompt) notes.push('white space at the end was dropped: the program drops it');
  if (INVISIBLE.test(text)) notes.push('invisible and control characters are dropped by the program');
  if (/\r(?!\n)/.test(text)) notes.push('the program turns every carriage return into a line end');
  if (text.includes('</pasted_content'))
    notes.push('the program writes <\\/pasted_content for </pasted_content');
  // Enter right behind a backslash would continue the line; from its beginning it submits.
  const keysBeforeEnter = text.endsWith('\\') ? ['C-a'] : [];
  return { way: 'text', text, keysBeforeEnter, notes };
}

// Controls other than tab and line ends; zero-width, bidirectional and tag characters. A joiner between emoji stays.
const INVISIBLE =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/;

/** What stands in a long draft for its middle. */
const ELLIPSIS = /\[\.\.\.Truncated text #\d+ \+\d+ lines\.\.\.\]/;

/** Only letters and digits that every terminal draws as they are can be compared. The end is always in sight. */
export function isDrawn(prompt: string, draft: string): boolean {
  const plain = (text: string): string => text.replace(/[^A-Za-z0-9]+/g, '');
  const all = plain(prompt);
  const parts = draft.split(ELLIPSIS).map(plain);
  const end = parts.pop() ?? '';
  let at = 0;
  const begun = parts.every((part) => {
    const found = all.indexOf(part, at);
    at = found + part.length;
    return found >= 0;
  });
  return begun && all.endsWith(end) && all.length - end.length >= at;
}

/** `!` on the empty line begins a shell line, `?` shows help: a space goes first, `unspace` takes it away. */
export function typing(text: string): PromptTyping {
  const notes = [
    ...(text.includes('\t') ? ['each tab was typed as four spaces: typed, it is a key'] : []),
    ...(text.includes('\r') ? ['carriage returns were left out: typed, they are a key'] : []),
    ...(text.normalize('NFC') === text ? [] : ['combining characters were composed with their letters']),
    ...(/^[!?]/.test(text) && text.includes('\n')
      ? ['a space was put before the first character, which would be a key']
      : []),
  ];
  return { pieces: pieces(text), keys: unspace(text), notes };
}

/** At most 700 bytes each, of what can be typed. */
export function pieces(text: string): readonly string[] {
  const all: string[] = [];
  let piece = /^[!?]/.test(text) ? ' ' : '';
  let bytes = piece.length;
  for (const char of text.replaceAll('\t', '    ').replaceAll(/\r\n?/g, '\n')) {
    const size = Buffer.byteLength(char);
    if (bytes + size > PIECE_BYTES) {
      all.push(piece);
      piece = '';
      bytes = 0;
    }
    piece += char;
    bytes += size;
  }
  return piece === '' ? all : [...all, piece];
}

/** Keys after the pieces: in one line alone it is known how far its beginning is. */
function unspace(text: string): readonly string[] {
  return /^[!?]/.test(text) && !text.includes('\n') ? ['C-a', 'DC'] : [];
}
