import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { PanewrightError } from '../../src/errors.js';
import { parseKey, type Key } from '../../src/panes/keys.js';
import { PrivateTmux } from '../support/tmux.js';
import { PURE, REAL } from './chunks.js';

const NAMES = [
  ...[
    'Enter',
    'Escape',
    'Tab',
    'BTab',
    'Space',
    'BSpace',
    'Up',
    'Down',
    'Left',
    'Right',
    'Home',
    'End',
    'IC',
    'Insert',
  ],
  ...[
    'DC',
    'Delete',
    'PPage',
    'PageUp',
    'PgUp',
    'NPage',
    'PageDown',
    'PgDn',
    ...[...Array(12).keys()].map((i) => `F${i + 1}`),
  ],
];

const modifiers = fc.subarray(['C-', 'M-', 'S-']).map((list) => list.join(''));
const character = fc.oneof(
  fc.constantFrom(...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))),
  fc.constantFrom('é', '漢', '😀', 'ß'),
);
/** Names of keys, and what only looks like one. */
const name = fc.oneof(
  fc.tuple(modifiers, fc.oneof(fc.constantFrom(...NAMES), character)).map((parts) => parts.join('')),
  character.map((one) => `^${one}`),
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '',
    'Ctrl-c',
    'FooBar',
    'C-',
    'M-',
    '--',
    '-t',
    'C-C-c',
    'Any',
    'MouseDown1Pane',
    'User0',
    '0x41',
    'KP5',
    'C-é',
  ),
);

function parsed(text: string): Key | PanewrightError {
  try {
    return parseKey(text);
  } catch (error) {
    if (error instanceof PanewrightError) return error;
    throw error;
  }
}

test('a name is a key or is refused with what to do, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(name, fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
      const key = parsed(text);
      if (key instanceof PanewrightError) {
        expect(key.code).toBe('INVALID_ARGUMENT');
        expect(key.message.length).toBeLessThan(500);
      } else expect(key.bytes(false)).not.toBe('');
    }),
    PURE,
  );
});

describe('on a real terminal', () => {
  const tmux = new PrivateTmux();
  const file = join(tmux.directory, 'got');
  let pane: string;
  beforeAll(async () => {
    const reader = `: >${file}; stty raw -echo; tmux -S ${tmux.socket} wait-for -S raw; exec cat >${file}`;
    pane = await tmux.newSession('keys', { shell: ['sh', '-c', reader] });
    await tmux.channel('raw');
  });
  afterAll(() => tmux.dispose());

  /** What a program gets, between two characters that mark its ends. */
  async function pressed(key: Key): Promise<string> {
    const from = readFileSync(file).length;
    const send = ['send-keys', '-t', pane, ...(key.literal ? ['-l'] : []), '--', key.tmux];
    await tmux.run(...send.map((one) => (one.endsWith(';') ? `${one.slice(0, -1)}\\;` : one)));
    await tmux.run('send-keys', '-t', pane, '-l', '\u0001');
    for (;;) {
      const got = readFileSync(file).subarray(from).toString();
      if (got.endsWith('\u0001') && got.length > 1) return got.slice(0, -1);
      if (got === '\u0001') return '';
      await later(1);
    }
  }

  test('every name that is taken is a key to tmux as well, and sends what we would send', async () => {
    await fc.assert(
      fc.asyncProperty(name, async (text) => {
        const key = parsed(text);
        // The character that ends a reading cannot be read itself.
        fc.pre(!(key instanceof PanewrightError) && !key.bytes(false).includes('\u0001'));
        expect([text, await pressed(key)]).toEqual([text, key.bytes(false)]);
      }),
      REAL,
    );
  }, 180_000);
});
