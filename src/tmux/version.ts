/** Which tmux will do, and what differs between those that do. */
import { PanewrightError } from '../errors.js';

/**
 * Takes what `tmux -V` prints (`tmux 3.3a`, `tmux next-3.6`, `tmux master`) and returns the version part.
 * 3.2 is the first with `attach -f ignore-size`, on which everything rests.
 */
export function requireSupported(output: string, where = ''): string {
  const version = output.replace(/^tmux\s+/, '');
  if (atLeast(version, [3, 2], [6, 9])) return version;
  throw new PanewrightError(
    'TMUX_TOO_OLD',
    `tmux${where} is ${version}, 3.2 or later is needed.`,
    'Update tmux.',
  );
}

/** Whether a client may attach where a pane shows a program that has ended: 3.3a crashes, 3.5a and 3.8 do not. */
export function attachesToDead(version: string): boolean {
  return atLeast(version, [3, 4], [7, 4]);
}

/** Whether `paste-buffer` replaces control characters unless told not to (`-S`), as it does since 3.7. */
export function pasteNeedsRaw(version: string): boolean {
  return atLeast(version, [3, 7], [7, 9]);
}

/**
 * OpenBSD numbers tmux after the system (openbsd-6.9 is tmux 3.2 and something); master has no number and is
 * newer than any.
 */
function atLeast(
  version: string,
  tmux: readonly [number, number],
  openbsd: readonly [number, number],
): boolean {
  const number = /(\d+)\.(\d+)/.exec(version);
  if (!number) return true;
  const [wantedMajor, wantedMinor] = version.startsWith('openbsd-') ? openbsd : tmux;
  const [major, minor] = [Number(number[1]), Number(number[2])];
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
