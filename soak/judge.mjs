/**
 * What may be answered, given what was done to the pane meanwhile. Without a deed there is one right answer; a
 * deed excuses only what it really causes.
 */

/** Which deeds make an error of this code true. */
const EXCUSES = {
  TMUX_LOST: ['stop', 'client', 'kill', 'crash'],
  PANE_NOT_FOUND: ['kill', 'respawn', 'rename', 'crash'],
  SESSION_NOT_FOUND: ['kill', 'rename', 'crash'],
  DRAFT_PRESENT: ['human'],
  PANE_BUSY: ['human', 'respawn', 'kill', 'crash'],
  AGENT_NOT_FOUND: ['kill', 'respawn', 'rename', 'crash'],
};

/** Verdict on a command that a person's keys got into. */
export const COLLISION = 'collision';

/** What shells say of two lines that became one. */
export function mentions(lines) {
  return /No such file|not found|ambiguous|no such|syntax|redirect|fish:|cannot/i.test(lines.join('\n'));
}

/** An error that nothing explains, or undefined. */
export function wrongError({ code, text }, deeds) {
  return (EXCUSES[code] ?? []).some((deed) => deeds.has(deed)) ? undefined : `unexplained error: ${text}`;
}

/** What is wrong with the answer to a command, or undefined. */
export function wrongCommand(command, answer, deeds, ran) {
  const violent = deeds.has('kill') || deeds.has('respawn') || deeds.has('crash');
  if (ran > 1) return `it ran ${ran} times`;
  if (answer.isError) {
    if (ran > 0 && answer.code !== 'TMUX_LOST' && !violent && !deeds.has('rename'))
      return `refused with ${answer.code}, and it ran`;
    return wrongError(answer, deeds);
  }
  const { state, exit_code, output_lines, total_lines, truncated, note } = answer.result;
  if (state === 'pane_closed') return violent ? undefined : 'pane_closed, and the pane is there';
  if (state !== 'completed')
    return violent || deeds.has('human') ? undefined : `it is ${told(answer.result)}`;
  // Keys that a person presses in the very moment between the look at the prompt and the typing cannot be seen.
  // What the shell says of that stands first: of a long output, only the count tells.
  const says = mentions(output_lines) || (truncated && total_lines > (command.total ?? command.lines.length));
  if (ran === 0 && deeds.has('human') && says) return COLLISION;
  if (ran !== 1 && !violent) return `it ran ${ran} times: ${told(answer.result)} of ${command.text}`;
  if (violent) return undefined;
  if (note !== undefined) return deeds.has('client') ? undefined : `unexplained note: ${note}`;
  if (exit_code !== command.code) return `exit code ${exit_code}, not ${command.code}`;
  return wrongLines(command, output_lines, total_lines, deeds);
}

/** The same of a turn of a session. */
export function wrongTurn(command, answer, deeds, ran) {
  if (answer.isError) return wrongCommand(command, answer, deeds, ran);
  const { outcome, failure, response, ...rest } = answer.result;
  const lines = response === '' ? [] : response.split('\n');
  const state = outcome === 'failed' ? failure : outcome;
  const result = { ...rest, state, output_lines: lines, total_lines: lines.length, truncated: false };
  return wrongCommand(command, { ...answer, result }, deeds, ran);
}

function wrongLines({ lines, total }, seen, totalSeen, deeds) {
  // What a person types while a command runs is echoed by the terminal into its output.
  const clean = (list) =>
    list
      .join('\n')
      .replace(/echo human-\d+ >> \$LEDGER/g, '')
      .replace(/[\s^C]/g, '');
  if (deeds.has('human')) {
    const tail = total === undefined ? clean(seen) : clean(seen).slice(-clean(lines).length);
    return tail === clean(lines) ? undefined : `lines beside a person's: ${shown(seen)}`;
  }
  const last = total === undefined ? seen : seen.slice(-lines.length);
  if (JSON.stringify(last) !== JSON.stringify(lines)) return `lines ${shown(seen)}, not ${shown(lines)}`;
  const count = total ?? lines.length;
  return totalSeen === count ? undefined : `${totalSeen} lines counted, not ${count}`;
}

function told({ state, question, exit_code, output_lines, total_lines, note, detection }) {
  const asked = question === undefined ? '' : ` at ${JSON.stringify(question)}`;
  return `${state}${asked}: ${shown(output_lines)} (${total_lines} lines, exit code ${exit_code}, ${detection}, ${note})`;
}

function shown(lines) {
  const text = JSON.stringify(lines);
  return text.length > 300 ? `${text.slice(0, 150)}…${text.slice(-150)}` : text;
}
