/** What a kind of program must offer for the session tools to work on it. */
import type { ReadPane, WritePane } from '../../panes/pane.js';
import type { WaitOptions } from '../outcome.js';
import type { Profile } from '../contract.js';
import type { SessionRecord, Turn } from './record.js';

export type SessionState = 'missing' | 'starting' | 'idle' | 'busy' | 'waiting' | 'exited' | 'unknown';

/** A question on the screen that only its own tool may answer. */
export interface Dialog {
  /** Changes with the question: an answer must carry it. */
  readonly dialog_id: string;
  readonly kind: string;
  /** The heading, where it is not what is asked. */
  readonly title?: string;
  /** What is asked. */
  readonly question: string;
  /** What the question is about, as the program shows it. */
  readonly detail?: string;
  readonly tool_name?: string;
  readonly tool_input?: unknown;
  readonly options: readonly {
    readonly number: number;
    readonly label: string;
    readonly description?: string;
    readonly highlighted?: boolean;
    /** Where several may be chosen: whether it is. */
    readonly checked?: boolean;
    readonly takes_text?: boolean;
  }[];
}

export interface Status {
  readonly state: SessionState;
  readonly alive: boolean;
  readonly dialog?: Dialog;
  readonly conversation_id?: string | null;
  readonly model?: string;
  /** What goes on in the background: commands, agents. */
  readonly background?: readonly string[];
  readonly working_dir?: string;
  /** What is missing, and why, when a better source of knowledge is not to be had. */
  readonly degraded?: readonly string[];
  /** Which signal said what, the deciding one first. */
  readonly evidence?: readonly {
    readonly signal: string;
    readonly says: string;
    readonly decided?: boolean;
    readonly why?: string;
  }[];
}

export interface TurnResult {
  readonly turn: Turn;
  readonly timedOut: boolean;
  readonly status: Status;
  /** Whether its pane belongs to another session now: it goes on there. */
  readonly moved?: boolean;
}

export interface SendOptions extends WaitOptions {
  readonly prompt: string;
  readonly onBusy: 'steer' | 'refuse' | 'interrupt';
}

/** A session with everything that is known of it. */
export interface Subject<P extends ReadPane = ReadPane> {
  readonly record: SessionRecord;
  readonly profile: Profile;
  readonly pane: P;
}

export interface Driver {
  /** Notes how turns ended that nobody waited for, also of a session that is not alive (no pane). */
  catchUp?(record: SessionRecord, pane?: ReadPane): Promise<SessionRecord>;
  /** Resolves once the program is no longer starting, or at the deadline. Absent: it needs no time. */
  ready?(subject: Subject<WritePane>, options: WaitOptions): Promise<Status>;
  status(subject: Subject, explain: boolean): Promise<Status>;
  send(subject: Subject<WritePane>, options: SendOptions): Promise<TurnResult>;
  /** Waits for a turn to end; without id the newest. */
  wait(subject: Subject, turnId: string | undefined, options: WaitOptions): Promise<TurnResult>;
  interrupt(
    subject: Subject<WritePane>,
    options: WaitOptions,
  ): Promise<{ interrupted: boolean; was: SessionState; method: string; state: SessionState }>;
  /** Absent: the program has no dialogs. */
  answer?(
    subject: Subject<WritePane>,
    answer: { readonly dialog_id?: string; readonly choice: string | number; readonly text?: string },
    options: WaitOptions,
  ): Promise<Status>;
}

/** How a profile's program is started for a record. */
export interface Launch {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}
