/**
 * Key names, checked before tmux sees them (it would type an unknown name as text), and the bytes that a
 * terminal sends for them, for panes whose mode would swallow tmux's own keys.
 */
import { PanewrightError } from '../errors.js';

/** Named keys: bytes in normal cursor mode; an entry of length 1 after `ESC [` also has an `ESC O` form. */
const NAMED: Readonly<Record<string, string>> = {
  Enter: '\r',
  Escape: '\x1b',
  Tab: '\t',
  BTab: '\x1b[Z',
  Space: ' ',
  BSpace: '\x7f',
  Up: '\x1b[A',
  Down: '\x1b[B',
  Right: '\x1b[C',
  Left: '\x1b[D',
  Home: '\x1b[1~',
  End: '\x1b[4~',
  IC: '\x1b[2~',
  Insert: '\x1b[2~',
  DC: '\x1b[3~',
  Delete: '\x1b[3~',
  PPage: '\x1b[5~',
  PageUp: '\x1b[5~',
  PgUp: '\x1b[5~',
  NPage: '\x1b[6~',
  PageDown: '\x1b[6~',
  PgDn: '\x1b[6~',
  F1: '\x1bOP',
  F2: '\x1bOQ',
  F3: '\x1bOR',
  F4: '\x1bOS',
  F5: '\x1b[15~',
  F6: '\x1b[17~',
  F7: '\x1b[18~',
  F8: '\x1b[19~',
  F9: '\x1b[20~',
  F10: '\x1b[21~',
  F11: '\x1b[23~',
  F12: '\x1b[24~',
};

/** What people write for them elsewhere. */
const ALIASES: Readonly<Record<string, string>> = {
  return: 'Enter',
  cr: 'Enter',
  esc: 'Escape',
  backspace: 'BSpace',
  bs: 'BSpace',
  del: 'Delete',
  ins: 'Insert',
  pgup: 'PageUp',
  pgdown: 'PageDown',
  arrowup: 'Up',
  arrowdown: 'Down',
  arrowleft: 'Left',
  arrowright: 'Right',
  spacebar: 'Space',
  stab: 'BTab',
  shifttab: 'BTab',
};

/** tmux spells fewer of them. */
const TMUX_NAME: Readonly<Record<string, string>> = { Insert: 'IC', Delete: 'DC' };

/** Keys without a sequence of their own that modifiers could go into. */
const PLAIN_KEYS: ReadonlySet<string> = new Set(['Enter', 'Escape', 'Tab', 'BTab', 'Space', 'BSpace']);

export interface Key {
  /** As tmux's send-keys takes it. */
  readonly tmux: string;
  /** Whether it is a character to type, for `send-keys -l`. */
  readonly literal: boolean;
  /** What a terminal would send. */
  bytes(applicationCursor: boolean): string;
}

/** Not what every object has: `constructor` is no key. */
function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const MODIFIED = /^((?:[CMS]-)*)([\s\S]+)$/;

/** Reads a key name as tmux spells it: `Enter`, `C-c`, `M-x`, `S-Up`, `F5`, `^C`, or one character. */
export function parseKey(name: string): Key {
  const caret = /^\^([\x20-\x7e])$/.exec(name);
  if (caret) return parseKey(`C-${(caret[1] as string).toLowerCase()}`);
  if ([...name].length === 1 && name >= ' ' && name !== '\x7f')
    return { tmux: name, literal: true, bytes: () => name };
  const [, prefix = '', base = ''] = MODIFIED.exec(name) ?? [];
  const control = prefix.includes('C-');
  const meta = prefix.includes('M-');
  const shift = prefix.includes('S-');
  const named = own(NAMED, base);
  if (named !== undefined) {
    // A terminal sends one byte for these, which has no room for more than an escape in front; what tmux cannot
    // send it drops without a word, or types the name.
    if (PLAIN_KEYS.has(base) && (shift || (control && base !== 'Space'))) throw unknownKey(name);
    if (base === 'Space' && control)
      return { tmux: prefix + base, literal: false, bytes: () => (meta ? '\x1b\0' : '\0') };
    const modifiers = 1 + (shift ? 1 : 0) + (meta ? 2 : 0) + (control ? 4 : 0);
    return {
      tmux: prefix + (TMUX_NAME[base] ?? base),
      literal: false,
      bytes: (application) => namedBytes(named, modifiers, application),
    };
  }
  const character = /^[\x20-\x7e]$/.test(base) ? base : undefined;
  if (character === undefined || prefix === '' || shift) throw unknownKey(name);
  if (control && !/[a-z@[\\\]^_? ]/i.test(character)) throw unknownKey(name);
  const plain = control ? character.toLowerCase() : character;
  const code = plain === '?' ? '\x7f' : String.fromCharCode(plain.toUpperCase().charCodeAt(0) & 0x1f);
  return {
    tmux: (control ? 'C-' : '') + (meta ? 'M-' : '') + (plain === ' ' ? 'Space' : plain),
    literal: false,
    bytes: () => (meta ? '\x1b' : '') + (control ? code : character),
  };
}

function namedBytes(bytes: string, modifiers: number, application: boolean): string {
  const cursor = /^\x1b[[O]([A-DP-S])$/.exec(bytes);
  const tilde = /^\x1b\[(\d+)~$/.exec(bytes);
  if (modifiers === 1) return application && /^\x1b\[[A-D]$/.test(bytes) ? `\x1bO${bytes[2] ?? ''}` : bytes;
  if (cursor) return `\x1b[1;${modifiers}${cursor[1] ?? ''}`;
  if (tilde?.[1] === '1') return `\x1b[1;${modifiers}H`;
  if (tilde?.[1] === '4') return `\x1b[1;${modifiers}F`;
  if (tilde) return `\x1b[${tilde[1] ?? ''};${modifiers}~`;
  return (modifiers & 2 ? '\x1b' : '') + bytes;
}

/** Up to three known names that resemble the unknown one. */
export function suggestKeys(name: string): string[] {
  const wanted = name.toLowerCase().replace(/^<|>$/g, '');
  const control = /^(?:ctrl|control)[-+ ](.)$/.exec(wanted);
  if (control) return [`C-${control[1] ?? ''}`];
  const alt = /^(?:alt|meta|option)[-+ ](.)$/.exec(wanted);
  if (alt) return [`M-${alt[1] ?? ''}`];
  const alias = own(ALIASES, wanted.replace(/[^a-z]/g, ''));
  if (alias !== undefined) return [alias];
  return Object.keys(NAMED)
    .map((key) => ({ key, distance: distance(wanted, key.toLowerCase()) }))
    .filter(({ key, distance: d }) => d <= Math.max(1, Math.floor(key.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ key }) => key);
}

function unknownKey(name: string): PanewrightError {
  const suggestions = suggestKeys(name);
  const shown = JSON.stringify(name.length > 40 ? name.slice(0, 40) + '…' : name);
  return new PanewrightError(
    'INVALID_ARGUMENT',
    `${shown} is no key name.${suggestions.length > 0 ? ` Did you mean ${suggestions.join(' or ')}?` : ''}`,
    'Keys are written as tmux writes them: Enter, Escape, Tab, Up, C-c, M-x, F5, or one character. To type text use write_pane.',
  );
}

/** Edit distance (Levenshtein), for short words. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 4) return 99;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
