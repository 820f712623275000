/** What a client does: each move makes calls on a pane and says what is wrong with the answers. */
import { command } from './commands.mjs';
import { COLLISION, mentions, wrongCommand, wrongError, wrongTurn } from './judge.mjs';
import { life } from './life.mjs';

/** Moves that type; they have the pane to themselves. Weights as in real use. */
export const TYPING = { execute: 10, unattended: 2, question: 2, typed: 2, session: 2, queued: 1, keys: 1 };
/** Moves that only look, at any pane at any time. */
export const LOOKING = { read: 8, info: 4, list: 4, status: 2, sessions: 1 };

/** How long a command may take on a loaded machine, in seconds. */
const TIMEOUT = 20;

const moves = {
  life,

  async execute({ pane, random, calls, name }) {
    const wanted = command(random, name);
    const began = performance.now();
    const answer = await calls.make('execute', { ...pane.target, command: wanted.text, timeout: TIMEOUT });
    return () => wrongCommand(wanted, answer, pane.since(began), pane.ran(name)) ?? '';
  },

  /** A command that outlives its timeout and is collected by wait_for. */
  async unattended({ pane, random, calls, name }) {
    const began = performance.now();
    const code = random.int(0, 9);
    const text = `echo ${name} >> $LEDGER; echo ${name}-1; sleep 0.6; echo ${name}-2; sh -c 'exit ${code}'`;
    let answer = await calls.make('execute', { ...pane.target, command: text, timeout: 0.3 });
    if (answer.result?.state === 'running')
      answer = await calls.make('wait_for', { ...pane.target, timeout: TIMEOUT });
    const wanted = { name, lines: [`${name}-1`, `${name}-2`], code };
    return () => wrongCommand(wanted, answer, pane.since(began), pane.ran(name)) ?? '';
  },

  /** A question is reported as such, and answered. */
  async question({ pane, calls, name }) {
    const began = performance.now();
    const ask = `sh -c 'printf "Go on? [y/N] "; read x; echo got-$x'`;
    const text = `echo ${name} >> $LEDGER; ${ask}`;
    const asked = await calls.make('execute', { ...pane.target, command: text, timeout: TIMEOUT });
    if (asked.result?.state === 'waiting_for_input') {
      const written = await calls.make('write_pane', { ...pane.target, text: `${name}\n` });
      const ended = await calls.make('wait_for', { ...pane.target, timeout: TIMEOUT });
      return () => {
        const deeds = pane.since(began);
        if (asked.result.question !== 'Go on? [y/N]' && !deeds.has('human'))
          return `it asked ${JSON.stringify(asked.result.question)}`;
        if (written.isError) return wrongError(written, deeds) ?? '';
        const wanted = { lines: [`Go on? [y/N] ${name}`, `got-${name}`], code: 0 };
        return deeds.has('human') ? '' : (wrongCommand(wanted, ended, deeds, pane.ran(name)) ?? '');
      };
    }
    return () => {
      const deeds = pane.since(began);
      if (asked.isError) return wrongCommand({}, asked, deeds, pane.ran(name)) ?? '';
      const excused = ['human', 'kill', 'respawn', 'crash'].some((deed) => deeds.has(deed));
      return excused ? '' : `asked, and the state is ${asked.result.state}`;
    };
  },

  /** Typed text runs, and its output is waited for by a pattern that its echo does not match. */
  async typed({ pane, calls, name }) {
    const began = performance.now();
    const ready = await calls.make('execute', { ...pane.target, command: 'true', timeout: TIMEOUT });
    if (ready.isError) return () => wrongError(ready, pane.since(began)) ?? '';
    const text = `echo ${name} >> $LEDGER; echo "<"${name}">"\n`;
    const written = await calls.make('write_pane', { ...pane.target, text });
    if (written.isError) return () => wrongError(written, pane.since(began)) ?? '';
    const pattern = `<${name}>`;
    const seen = await calls.make('wait_for', { ...pane.target, pattern, timeout: 5 });
    return () => {
      const deeds = pane.since(began);
      if (seen.isError) return wrongError(seen, deeds) ?? '';
      if (seen.result.matched) {
        const ran = pane.ran(name);
        if (ran === 0 && deeds.has('human') && mentions(seen.result.output_lines)) return COLLISION;
        return ran === 1 ? '' : `matched, and it ran ${ran} times`;
      }
      return deeds.size > 0 ? '' : `typed, and not seen: ${JSON.stringify(seen.result)}`;
    };
  },

  /** The session tools on the same shells. */
  async session(move) {
    const { pane, calls, name } = move;
    if (!pane.field.isSingle(pane.session)) return moves.execute(move);
    const began = performance.now();
    const prompt = `echo ${name} >> $LEDGER; echo ${name}; sh -c 'exit 4'`;
    const sent = await calls.make('session_send', { name: pane.session, prompt, timeout: TIMEOUT });
    const turn_id = sent.result?.turn_id;
    const again =
      turn_id && (await calls.make('session_wait', { name: pane.session, turn_id, timeout: TIMEOUT }));
    return () => {
      const deeds = pane.since(began);
      if (sent.isError) return wrongCommand({}, sent, deeds, pane.ran(name)) ?? '';
      const wanted = { name, text: prompt, lines: [name], code: 4 };
      const wrong = wrongTurn(wanted, sent, deeds, pane.ran(name));
      if (wrong !== undefined) return wrong;
      if (again.isError) return wrongError(again, deeds) ?? '';
      if (sent.result.outcome !== 'completed') return '';
      const same = again.result.response === sent.result.response;
      return same
        ? ''
        : `collected again: ${JSON.stringify(again.result)}, not ${JSON.stringify(sent.result)}`;
    };
  },

  /** Several calls at once on one pane queue, and none gets the output of another. */
  async queued({ pane, random, calls, name }) {
    const began = performance.now();
    const wanted = [1, 2, 3].map((i) => command(random, `${name}-${i}`));
    const answers = await Promise.all(
      wanted.map(({ text }) =>
        calls.make('execute', { ...pane.target, command: text, timeout: 2 * TIMEOUT }),
      ),
    );
    return () =>
      wanted
        .map((one, i) => wrongCommand(one, answers[i], pane.since(began), pane.ran(one.name)))
        .find((wrong) => wrong !== undefined) ?? '';
  },

  /** Keys reach the line editor: what is typed and erased leaves nothing behind. */
  async keys({ pane, calls, name }) {
    const began = performance.now();
    const pressed = await calls.make('send_keys', { ...pane.target, key: [...`x${name}`, 'C-u'] });
    return () => (pressed.isError ? (wrongError(pressed, pane.since(began)) ?? '') : '');
  },

  async read({ pane, calls }) {
    const began = performance.now();
    const capture = () => pane.field.tmux('capture-pane', '-p', '-J', '-t', pane.id).catch(() => undefined);
    const before = await capture();
    const answer = await calls.make('read_pane', pane.target);
    const after = await capture();
    return () => {
      if (answer.isError) return wrongError(answer, pane.since(began)) ?? '';
      if (before !== after || before === undefined || pane.since(began).size > 0) return '';
      const lines = before.split('\n').map((line) => line.trimEnd());
      while (lines.at(-1) === '') lines.pop();
      return JSON.stringify(lines) === JSON.stringify(answer.result.lines)
        ? ''
        : `read ${JSON.stringify(answer.result.lines)}, and it shows ${JSON.stringify(lines)}`;
    };
  },

  async info({ pane, calls }) {
    const began = performance.now();
    const format = '#{pane_id} #{pane_pid} #{pane_width} #{pane_height} #{pane_in_mode}';
    const ask = () => pane.field.tmux('display-message', '-p', '-t', pane.id, format).catch(() => undefined);
    const before = await ask();
    const answer = await calls.make('pane_info', pane.target);
    const after = await ask();
    return () => {
      if (answer.isError) return wrongError(answer, pane.since(began)) ?? '';
      if (before !== after || before === undefined || pane.since(began).size > 0) return '';
      const { pane_id, pid, width, height, mode } = answer.result;
      const told = `${pane_id} ${pid} ${width} ${height} ${mode === null ? 0 : 1}`;
      return told === before ? '' : `told ${told}, and it is ${before}`;
    };
  },

  async list({ pane, calls }) {
    const began = performance.now();
    const ask = async () =>
      (await pane.field.tmux('list-sessions', '-F', '#{session_name} #{session_windows}').catch(() => ''))
        .split('\n')
        .sort()
        .join('\n');
    const before = await ask();
    const { result: answer, steady } = await pane.field.observed(() => calls.make('list_sessions', {}));
    const after = await ask();
    return () => {
      if (answer.isError) return wrongError(answer, pane.since(began)) ?? '';
      if (before !== after || before === '' || !steady) return '';
      const told = answer.result.sessions
        .map(({ name, windows }) => `${name} ${windows}`)
        .sort()
        .join('\n');
      return told === before ? '' : `told ${told}, and there are ${before}`;
    };
  },

  /** What is on record and what is alive, listed together. */
  async sessions({ pane, calls }) {
    const began = performance.now();
    const { result: answer, steady } = await pane.field.observed(() => calls.make('session_list', {}));
    return () => {
      if (answer.isError) return wrongError(answer, pane.since(began)) ?? '';
      if (!steady) return '';
      const names = new Set(answer.result.sessions.map(({ name }) => name));
      const missing = pane.field.panes.find(({ session }) => !names.has(session));
      return missing === undefined || pane.since(began).size > 0 ? '' : `${missing.session} is not listed`;
    };
  },

  async status({ pane, calls }) {
    const began = performance.now();
    const answer = await calls.make('session_status', { name: pane.session });
    return () => {
      if (answer.isError) return wrongError(answer, pane.since(began)) ?? '';
      return answer.result.name === pane.session ? '' : `told of ${answer.result.name}`;
    };
  },
};

/** Makes a move; resolves with a function that judges it once the pane has come to rest: '' when all is right. */
export function play(kind, move) {
  return moves[kind](move);
}
