import { expect, test } from '@jest/globals';
import { inputWait } from '../src/panes/process.js';

const row = { pid: 10, tty: '/dev/pts/1' };

/** A shell 10 with a child 11 in the foreground, as /proc shows them. */
function files(child: Record<string, string>): Record<string, string> {
  return {
    '/proc/10/stat': '10 (sh) S 1 10 10 7 11 0',
    '/proc/10/wchan': 'do_wait',
    '/proc/10/syscall': '61 0xffffffff',
    '/proc/10/task/10/children': '11 ',
    '/proc/11/task/11/children': '',
    ...Object.fromEntries(Object.entries(child).map(([name, text]) => [`/proc/11/${name}`, text])),
  };
}

/** @param looks what the files hold at the first look, the second, ...; a file that is missing is gone */
function reader(...looks: Record<string, string>[]): (path: string) => string {
  const seen = new Map<string, number>();
  return (path) => {
    const n = seen.get(path) ?? 0;
    seen.set(path, n + 1);
    const text = looks[Math.min(n, looks.length - 1)]?.[path];
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  };
}

const asleep = '11 (cat) S 10 11 10 7 11 0';
const awake = '11 (cat) R 10 11 10 7 11 0';

test.each([
  ['reading', reader(files({ stat: asleep, wchan: 'n_tty_read', syscall: '0 0x0 0x7f' }))],
  ['polling', reader(files({ stat: asleep, wchan: 'do_sys_poll' }))],
  ['working', reader(files({ stat: asleep, wchan: 'hrtimer_nanosleep' }))],
  // It fell asleep between two looks.
  ['reading', reader(files({ stat: asleep, wchan: '0' }), files({ stat: asleep, wchan: 'n_tty_read' }))],
  // It woke up between two looks, or ended.
  ['working', reader(files({ stat: asleep, wchan: '0', syscall: 'running' }))],
  ['working', reader(files({ stat: asleep, wchan: '0' }), files({ stat: awake, wchan: '0' }))],
  ['working', reader(files({ stat: asleep }), files({}))],
  ['working', reader(files({}))],
  // The kernel keeps it to itself.
  ['unknown', reader(files({ stat: asleep, wchan: '0' }))],
  ['unknown', reader(files({ stat: asleep, wchan: '0', syscall: '0 0x0 0x7f' }))],
  ['unknown', reader({})],
] as const)('a program in the foreground is %s', (wait, proc) => {
  expect(inputWait(row, proc)).toBe(wait);
});
