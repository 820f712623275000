/** What each program is asked in the contract test: facts about the programs, where their profiles have none. */

export interface Sample {
  /** A statement and what it prints, exactly. */
  readonly statement: readonly [statement: string, lines: readonly string[]];
  /** More of them, such as statements of several lines. */
  readonly more?: readonly (readonly [statement: string, lines: readonly string[]])[];
  /** Asked after each unfinished statement: nothing of it may have been run. */
  readonly untouched?: readonly [statement: string, lines: readonly string[]];
  /** Statements that are not finished. Empty for a program that never asks for the rest. */
  readonly unfinished: readonly string[];
  /** How its prompt looks to a person, for programs whose profile has no pattern. */
  readonly ready?: RegExp;
  /** What ends it, where its profile does not say. */
  readonly quit?: string;
}

const POSIX: Sample = {
  statement: ['echo "$((6 * 7))"', ['42']],
  more: [['for i in 1 2; do\n  echo "$i"\ndone', ['1', '2']]],
  unfinished: ['echo "half', 'for i in 1 2; do'],
  ready: /[$#%] $/m,
  quit: 'exit',
};

export const SAMPLES: Readonly<Record<string, Sample>> = {
  bash: POSIX,
  zsh: POSIX,
  sh: POSIX,
  fish: {
    ...POSIX,
    statement: ['math 6 x 7', ['42']],
    more: [['for i in 1 2\n  echo $i\nend', ['1', '2']]],
    unfinished: ['echo "half', 'for i in 1 2'],
    ready: /[>#] $/m,
  },
  python: {
    statement: ['print(6 * 7)', ['42']],
    more: [
      ['def double(n):\n    return n * 2', []],
      ['double(21)', ['42']],
      [
        'for i in range(2):\n    if i:\n        print("odd")\n    else:\n        print("even")',
        ['even', 'odd'],
      ],
      ['print(\n  1,\n  2,\n)', ['1 2']],
      ['print("""a\n  b""")', ['a', '  b']],
    ],
    unfinished: ['print((1,', 'text = """half', 'for i in (1,\n  2'],
  },
  node: {
    statement: ['6 * 7', ['42']],
    more: [
      ['const double = (n) => {\n  return n * 2;\n};', ['undefined']],
      ['double(21)', ['42']],
      ['console.log(`a\n  b`)', ['a', '  b', 'undefined']],
      ['[\n  1,\n  2,\n].length', ['2']],
      ['Math.PI > 3', ['true']],
    ],
    unfinished: ['[1,', 'double(', 'const text = `half', 'for (;;) {\n  break;'],
  },
  sqlite3: {
    statement: ['select 6 * 7;', ['42']],
    more: [
      ['create table t(a, b);', []],
      ["insert into t values\n  (1, 'one'),\n  (2, 'two');", []],
      ['select * from t\norder by a;', ['1|one', '2|two']],
      ["select 'a\n  b';", ['a', '  b']],
      ['.tables', ['t']],
    ],
    untouched: ['select count(*) from t;', ['2']],
    unfinished: [
      'delete from t',
      'select (',
      'delete from t where a in (1',
      "select 'half",
      'select "half',
      'delete from t /* half',
      'select [half',
      'create trigger half after insert on t begin delete from t;',
    ],
  },
  psql: {
    statement: ['select 6 * 7 as answer;', [' answer ', '--------', '     42', '(1 row)', '']],
    more: [
      ['\\pset format unaligned', ['Output format is unaligned.']],
      ['create table t(a int, b text);', ['CREATE TABLE']],
      ["insert into t values\n  (1, 'one'),\n  (2, 'two');", ['INSERT 0 2']],
      ['begin;', ['BEGIN']],
      ['select b from t\norder by a;', ['b', 'one', 'two', '(2 rows)']],
      ['rollback;', ['ROLLBACK']],
      [
        'copy t from stdin;\n3\tthree\n\\.',
        [
          'Enter data to be copied followed by a newline.',
          'End with a backslash and a period on a line by itself, or an EOF signal.',
          'COPY 1',
        ],
      ],
      ['select count(*) from t, generate_series(1, 100);', ['count', '300', '(1 row)']],
      ['\\pset tuples_only on', []],
      ['select n from generate_series(1, 60) n;', Array.from({ length: 60 }, (_, i) => String(i + 1))],
    ],
    untouched: ['select count(*) from t;', ['3']],
    unfinished: [
      'delete from t',
      'select (',
      "select 'half",
      'select "half',
      'select $$half',
      'select 1 /* half',
      'copy t from stdin;',
    ],
  },
  gdb: {
    statement: ['print 6 * 7', ['$1 = 42']],
    more: [
      [
        'define greet\necho hi\\n\nend',
        ['Type commands for definition of "greet".', 'End with a line saying just "end".'],
      ],
      ['greet', ['hi']],
      ['python\nfor i in range(2):\n  print(i)\nend', ['0', '1']],
      ['print (1', ["A syntax error in expression, near `'."]],
    ],
    untouched: ['greet', ['hi']],
    unfinished: ['define half', 'python\nprint(1)', 'if 1\n  if 1\n    echo x'],
  },
  tally: {
    statement: ['6 7 =', ['sum 13']],
    more: [['1\n2\n3 =', ['sum 6']]],
    unfinished: ['1', '1\n2'],
  },
  'perl-debugger': {
    statement: ['p 6 * 7', ['42']],
    unfinished: [],
  },
};
