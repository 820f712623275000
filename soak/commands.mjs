/** Commands whose output and exit code are known beforehand, whatever the shell. */

const WORDS = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'größe', '漢字'];

const number = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

const MAKERS = {
  word: (random, name) => ({ text: `echo ${name}`, lines: [name], code: 0 }),
  status: (random) => {
    const code = random.int(0, 120);
    return { text: `sh -c 'exit ${code}'`, lines: [], code };
  },
  both: (random, name) => {
    const code = random.int(1, 99);
    return { text: `printf '%s\\n' a ${name} z; sh -c 'exit ${code}'`, lines: ['a', name, 'z'], code };
  },
  many: (random) => {
    const to = random.int(2, 900);
    return { text: `seq 1 ${to}`, lines: number(1, to), code: 0 };
  },
  flood: (random) => {
    const to = random.int(2_000, 30_000);
    return { text: `seq 1 ${to}`, lines: number(to - 99, to), total: to, code: 0 };
  },
  wide: (random, name) => {
    const line = `${name}-`.repeat(random.int(10, 60));
    return { text: `echo ${line}`, lines: [line], code: 0 };
  },
  words: (random) => {
    const words = number(1, random.int(1, 9)).map(() => random.pick(WORDS));
    return { text: `printf '%s\\n' ${words.join(' ')}`, lines: words, code: 0 };
  },
  colour: (random, name) => ({
    text: `printf '\\033[1;3%dm${name}\\033[0m\\n' ${random.int(1, 7)}`,
    lines: [name],
    code: 0,
  }),
  progress: (random, name) => ({
    text: `printf '10%%\\r50%%\\r${name}\\n'`,
    lines: [name.length > 2 ? name : `${name}%`],
    code: 0,
  }),
  marks: (random, name) => ({
    text: `printf '\\033]133;D;7\\007\\033]133;B\\007${name}\\n'`,
    lines: [name],
    code: 0,
  }),
  slow: (random, name) => ({
    text: `sleep 0.${random.int(1, 6)}; echo ${name}`,
    lines: [name],
    code: 0,
  }),
};

/** A command of the name, which first notes in the pane's ledger that it runs. */
export function command(random, name) {
  const kind = random.pick(Object.keys(MAKERS));
  const made = MAKERS[kind](random, name);
  return { ...made, kind, name, text: `echo ${name} >> $LEDGER; ${made.text}` };
}
