/** Values that have walked around the checks of other programs, and calls made of them. */
import fc from 'fast-check';
import type { Json } from '../support/client.js';

/** Session, window and pane syntax of tmux, formats, shells; `CANARY` stands for a file that must never appear. */
export function hostileStrings(canary: string): readonly string[] {
  const run = `touch ${canary}`;
  return [
    ...[
      '',
      ' ',
      '.',
      ':',
      '..',
      '/',
      '~',
      '*',
      '?',
      '[a-z]*',
      '!',
      '+',
      '-',
      '=',
      '@',
      '$',
      '%',
      '#',
      ';',
      '\\',
    ],
    ...['{last}', '{next}', '{mouse}', '{top}', '{marked}', '@0', '@1', '$0', '$1', '%0', '%1', '%2', '%999'],
    ...[
      'wor',
      'work:',
      'work.',
      '=work',
      '=work:',
      'work:0',
      'work:0.0',
      'WORK',
      'work ',
      ' work',
      'w*',
      'wor?',
    ],
    ...['vault', '=vault', 'vault:0', 'vau*', 'vault;', 'work;vault', 'work,vault', 'work\nvault'],
    ...[
      `#(${run})`,
      `#{l:#(${run})}`,
      `#{E:#(${run})}`,
      `#{T:#(${run})}`,
      `#{?1,#(${run}),}`,
      '#{session_name}',
    ],
    ...['#{pane_id}', '#S', '##', '#[fg=red]', '#{', '}', '#,', '%H:%M', '%%', '#{q:session_name}'],
    ...[`; ${run}`, `\`${run}\``, `$(${run})`, `' ; run-shell '${run}' ; '`, `" ; run-shell "${run}" ; "`],
    ...[
      `;run-shell ${run}`,
      `\\; run-shell '${run}'`,
      'x;',
      'x\\;',
      ';kill-server',
      '; kill-server',
      '\n kill-server',
    ],
    ...[
      '\nkill-server\n',
      '}; kill-server; {',
      '-t',
      '-a',
      '--',
      '-F',
      '-X kill-server',
      '--help',
      '-',
      '-S/dev/null',
    ],
    ...[
      '\0',
      'a\0b',
      '\x01',
      '\x03',
      '\x1b',
      '\x1b[201~',
      '\x1bc',
      '\r',
      '\t',
      '\x7f',
      '\u0085',
      '\u2028',
      '\ufeff',
    ],
    ...[
      '\ud800',
      'é',
      '漢字',
      '👩‍👩‍👧',
      'a\u0301',
      '\u202e',
      '../../etc/passwd',
      '/etc/passwd',
      'file:///etc/passwd',
    ],
    ...[
      '__proto__',
      'constructor',
      'toString',
      'null',
      'true',
      '0',
      '-1',
      '1e9',
      'NaN',
      '(a+)+$',
      '(',
      '[',
      '\\',
      '^',
    ],
    ...[
      'x'.repeat(100_000),
      '#('.repeat(50_000),
      ';'.repeat(100_000),
      '\n'.repeat(100_000),
      '%'.repeat(100_000),
    ],
  ];
}

const NUMBERS = [0, 1, 2, -1, 0.5, -0, 7, 99, 2 ** 31, -(2 ** 31), 2 ** 53, 1e30, 1e308, -1e308, 5e-324];
const OTHERS: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  ['work'],
  { session: 'work' },
  [0],
  [null],
  { toString: 1 },
];

/** Anything at all, mostly from the list. */
export function hostile(canary: string): fc.Arbitrary<unknown> {
  const known = fc.constantFrom(...hostileStrings(canary));
  return fc.oneof(
    { weight: 8, arbitrary: known },
    { weight: 2, arbitrary: fc.tuple(known, known).map(([a, b]) => a.slice(0, 1_000) + b.slice(0, 1_000)) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    { weight: 2, arbitrary: fc.constantFrom<unknown>(...NUMBERS) },
    { weight: 2, arbitrary: fc.constantFrom(...OTHERS) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
}

/** The arguments of a tool, each with values that it takes; a call draws some of them and hostile ones besides. */
export type Arguments = Readonly<Record<string, readonly unknown[]>>;

export interface Call {
  readonly tool: string;
  readonly args: Json;
}

/**
 * Calls of a tool. Every argument is drawn from what it takes, from what is hostile, or left out; `always` are
 * given every time.
 */
export function calls(
  tools: Readonly<Record<string, Arguments>>,
  anything: fc.Arbitrary<unknown>,
  always: Json = {},
): fc.Arbitrary<Call> {
  // The more arguments a tool has, the more often it is drawn.
  const drawn = Object.entries(tools).flatMap((entry) => [entry, ...Object.keys(entry[1]).map(() => entry)]);
  return fc.constantFrom(...drawn).chain(([tool, takes]) => {
    const fields = Object.entries(takes).map(([name, valid]) => {
      const value = fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...valid) },
        { weight: 2, arbitrary: anything },
        { weight: 1, arbitrary: fc.constant(undefined) },
      );
      return [name, name in always ? fc.constant(always[name]) : value] as const;
    });
    const unknown = fc.option(fc.dictionary(fc.string({ maxLength: 8 }), anything, { maxKeys: 1 }), {
      freq: 30,
    });
    return fc.tuple(fc.record(Object.fromEntries(fields)), unknown).map(([known, more]) => ({
      tool,
      args: { ...(more ?? {}), ...defined(known) },
    }));
  });
}

function defined(args: Json): Json {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
}
