/** How a connection to tmux can be lost, or never come about. */
import { PanewrightError } from '../errors.js';

/** What a connection must know of the server that it attaches to. */
export interface Attached {
  /** Its process id, where it is on this machine and known. */
  pid(): number | undefined;
  /** Asked right before a client attaches; when not, the connection ends with AttachUnsafe. */
  mayAttach(sessionId: string): Promise<boolean>;
}

/** What a client that could not be started means to the caller. */
export function notStarted(error: NodeJS.ErrnoException, file = 'tmux'): PanewrightError {
  return error.code === 'ENOENT'
    ? new PanewrightError('TMUX_NOT_FOUND', `cannot start ${file}.`, 'Install tmux 3.2 or later.')
    : new PanewrightError('TMUX_LOST', `cannot start tmux: ${error.message}.`, 'Try again.');
}

/** The client ended before tmux had answered anything: the session is not there (any more); nothing was done. */
export class AttachFailed extends PanewrightError {}

/**
 * Nobody may attach to the session: the active pane of its window shows a program that has ended, and this tmux would
 * tell that program of the focus, and crash. Commands still work, each by a process of its own.
 */
export class AttachUnsafe extends PanewrightError {
  constructor() {
    super(
      'TMUX_LOST',
      'the program of the pane in front has ended, and this tmux (before 3.4) crashes when a client attaches there.',
      'Close that pane with close_pane, or update tmux.',
    );
  }
}

/** tmux did not answer in time: it may be stopped or overloaded, and nothing is known of what it holds. */
export class TmuxSilent extends PanewrightError {
  /** @param where ` on host build`, or nothing */
  constructor(ms: number, where = '') {
    super(
      'TMUX_LOST',
      `tmux${where} did not answer within ${(ms / 1000).toFixed(1)} s; it may be stopped or overloaded.`,
      'Nothing is known to be lost: try again.',
    );
  }
}

/** Of a look that failed: whether it says nothing of the pane, and may be taken again. */
export function unseen(error: unknown): 'unseen' | undefined {
  return error instanceof TmuxSilent || connectionEnded(error) ? 'unseen' : undefined;
}

/** Whether the error says that the connection is gone, and nothing about tmux or the pane. */
export function connectionEnded(error: unknown): boolean {
  return error instanceof PanewrightError && error.code === 'TMUX_LOST' && !(error instanceof TmuxSilent);
}
