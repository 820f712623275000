import { expect, test } from '@jest/globals';
import { Framing } from '../src/panes/framing.js';

const SCREEN = 'a\x1b[?25hb\x1b[?2004h$ \x1b[1mls\x1b[?2004l\r\nout\x1b[?2004';

test.each([1, 2, 3, 5, 7, 8, 9, 100])(
  'bracketed paste is seen in an output that comes %d bytes at a time',
  (n) => {
    for (const end of ['h', 'l', 'h\x1b', 'lx\x1b[?2004', 'l\x1b[?2004h$ ', 'h\x1b[?2004l']) {
      const framing = new Framing();
      const all = SCREEN + end;
      for (let at = 0; at < all.length; at += n) {
        framing.feed(Buffer.from(all.slice(at, at + n)));
        const last = [...all.slice(0, at + n).matchAll(/\x1b\[\?2004([hl])/g)].at(-1);
        expect([at, framing.on]).toEqual([at, last?.[1] === 'h']);
      }
    }
  },
);
