/**
 * The closed catalogue of error codes. Every failure that a caller can see carries one of these; the text
 * always reads `CODE: what failed. What to do next.` Docs are generated from here, so code and docs agree.
 */
export const ERRORS = {
  INVALID_ARGUMENT: 'An argument is missing, unknown, of the wrong type or out of range.',
  WRITE_DISABLED:
    'The configuration does not allow writing (write_enabled is false, or the session is read-only).',
  SESSION_NOT_ALLOWED: 'The session is outside allowed_sessions, or the pane also belongs to one that is.',
  SESSION_NOT_FOUND: 'No tmux session has exactly this name.',
  PANE_NOT_FOUND: 'The session has no such window or pane.',
  PANE_BUSY: 'A program is running in the pane, so a command cannot be started there.',
  PANE_IN_USE: 'Another call is using the pane.',
  DRAFT_PRESENT: 'Somebody has typed something at the prompt that has not been submitted.',
  NOT_OWNED: 'Panewright did not create this, so it does not destroy it without force.',
  TMUX_NOT_FOUND: 'The tmux program is not installed or not on PATH.',
  TMUX_TOO_OLD: 'tmux is older than 3.2.',
  TMUX_LOST: 'tmux did not answer in time, or its server went away.',
  TMUX_ERROR: 'tmux refused a command.',
  HOST_UNKNOWN: 'No host of this name is in the configuration.',
  HOST_UNREACHABLE: 'The host cannot be reached, or the connection to it was lost.',
  CONFIG_INVALID: 'The configuration cannot be used; writing stays off until it is mended.',
  PROFILE_UNKNOWN: 'No profile has this name.',
  PROFILE_INVALID: 'A profile file cannot be used.',
  DIRECTORY_NOT_FOUND: 'The working directory does not exist.',
  AGENT_NOT_FOUND: 'No session of this name is known, or its program is not installed.',
  AGENT_NOT_READY: 'The program in the session is not ready for a prompt.',
  CONVERSATION_NOT_FOUND: 'The conversation to resume does not exist in this directory.',
  PROMPT_NOT_ACCEPTED: 'The prompt was typed but the program did not confirm that it took it.',
  DIALOG_OPEN: 'A dialog is waiting for an answer.',
  DIALOG_CHANGED: 'The dialog on the screen is not the one that was to be answered.',
  NO_DIALOG: 'No dialog is open.',
  TURN_NOT_FOUND: 'The session has no such turn.',
  SESSION_EXISTS: 'A session of this name exists already.',
  STATE_DAMAGED: 'A state file could not be read; it was set aside, not overwritten.',
  STATE_LOCKED: 'Another process holds the state of this session.',
  STATE_UNWRITABLE: 'The state directory cannot be written: the disk is full, or it may not be written.',
  STATE_UNTRUSTED:
    'Others than you could have written the state directory, or a record in it, so it is not believed.',
  OUTPUT_NOT_FOUND: 'The output is no longer kept.',
  AUDIT_FAILED: 'The audit log cannot be written and audit_required is set.',
  CANCELLED: 'The caller cancelled the request; what runs in the pane was left alone.',
  INTERNAL: 'A defect in Panewright.',
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** Two sentences for people and models: what failed, and what to do next. */
export class PanewrightError extends Error {
  override readonly name = 'PanewrightError';
  constructor(
    readonly code: ErrorCode,
    /** What failed, with what exists: `no session "wrok". Sessions: work, build.` */
    what: string,
    /** What to do next, as a sentence. */
    next?: string,
    options?: ErrorOptions,
  ) {
    super(next === undefined ? what : `${what} ${next}`, options);
  }
  /** The text that a client reads. */
  get text(): string {
    return `${this.code}: ${this.message}`;
  }
}
