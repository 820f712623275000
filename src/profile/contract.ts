/**
 * What a profile is. A profile supplies facts about a program that lives in a pane: how to recognise it, how
 * to submit to it, how its prompt looks. The engine owns timing, retries, state and persistence. An absent
 * member means "not supported". Built-in profiles import this file and nothing else, as a stranger's would.
 */

/**
 * How a shell is made to mark its prompts. See docs/completion.md for the marks.
 *
 * A line editor may redraw its prompt, marks and all, also between Enter and the start of the command. Marks
 * that can come again that way (D and B inside a prompt) carry `n=`, the number of the prompt: one whose `n` was
 * already seen, with neither C, Z nor a D without `n` since Enter, is a redraw and says nothing.
 * Several D of one command agree; the first after C (or Z, where it comes) is where its output ended.
 *
 * X, with the status, is printed when the shell itself exits, and the shell then stays for a moment: tmux drops what
 * it has not passed on of a pane that closes (one exit in three lost its last lines on 3.3a and 3.8).
 */
export interface ShellIntegration {
  /**
   * Name of the variable that only this shell sets, such as `FOO_VERSION`; absent for the shell that is
   * recognised by none of the others' variables being set (plain POSIX sh).
   */
  readonly versionVariable?: string;
  /**
   * Shell code, evaluated once by the shell itself (`eval`), that installs the marks. Plain lines of at most
   * 900 bytes each (a tty in canonical mode cuts longer ones on some systems). Must be idempotent: evaluated
   * again with another `aid` it replaces the marks. Must not fork a process per prompt, must leave `$?` and
   * the user's options as they were, and must not print anything.
   * @param aid the private nonce that every mark carries
   */
  script(aid: string): string;
  /**
   * Shell code that removes the just-typed loader line from the in-memory history, if it got there. The line
   * starts with a space and contains `aid`. Evaluated after `script`. Absent: the shell keeps no history.
   */
  forget?(aid: string): string;
  /**
   * Shell code that prints (to stdout) how many screen rows the primary prompt has above its last row, as a
   * decimal number and nothing else: 0 for a one-line prompt.
   */
  readonly promptRowsAbove: string;
  /**
   * Keys bound by `script` that work only at this shell's prompt, invisible to the person who watches.
   * `report`: the shell answers with the mark `133;P;draft=<length of the edit buffer>`.
   * `clear`: the edit buffer is emptied.  `submit`: run the edit buffer if it is complete, otherwise answer
   * with the mark `133;P;incomplete`, and where the mark B carries `tells=submit`, first of all with
   * `133;P;submitted`: marks before that belong to a line that somebody else entered. Absent: the shell has no
   * line editor that can be asked.
   */
  readonly keys?: { readonly report?: string; readonly clear?: string; readonly submit?: string };
  /**
   * Whether the line editor's echo of a line that was entered ends with that line, so that it tells whose it is. A
   * shell may say so better: C with `ends=`, of the line's last 64 characters
   * those of printable ASCII but for `;[\]`.
   */
  readonly echoesLine?: boolean;
  /**
   * How a command of several lines is entered: `paste` = in one bracketed paste into the line editor;
   * `lines` = one line at a time, waiting for the prompt or the secondary prompt in between.
   */
  readonly multiline: 'paste' | 'lines';
}

/** A program with a prompt that can be told by its looks: `>>> `. Can be written as plain JSON. */
export interface ReplPrompt {
  /** Regular expression that matches the whole last line when the program is ready: `^>>> $`. */
  readonly prompt: string;
  /** The same for the prompt that asks for the rest of an unfinished statement: `^\\.\\.\\. $`. */
  readonly continuation?: string;
  /** Typed to end a block when all lines were sent and the continuation prompt still shows: `"\n"`. */
  readonly finish?: string;
  /** Key that drops an unfinished statement and brings a clean prompt back; default `C-c`. */
  readonly cancel?: string;
  /**
   * For a program in which `cancel` only empties the line: lines submitted one after the other until the prompt
   * is back. They must make the statement an error, whatever is open in it; it must never be run.
   */
  readonly abandon?: readonly string[];
  /** Key pressed before each further line of a statement, in a program that indents it by itself: `C-u`. */
  readonly unindent?: string;
  /** Text that ends the program when submitted: `exit()`. */
  readonly quit?: string;
}

/** Facts about one program. */
export interface Profile {
  readonly name: string;
  /** One line for people. */
  readonly description?: string;
  /** Values of tmux's `pane_current_command` that mean this program; a trailing `*` matches any rest. */
  readonly commands: readonly string[];
  /** Argument list that starts the program in a pane of its own. */
  readonly launch?: readonly string[];
  readonly shell?: ShellIntegration;
  readonly repl?: ReplPrompt;
  /** True for a program behind which a shell may sit: one that leads to another host, user or container. */
  readonly carrier?: boolean;
  readonly agent?: AgentFacts;
}

/*
 * Agents: programs that hold a conversation on a screen of their own. Everything below is facts and pure
 * functions over text; reading files, pressing keys, waiting and remembering are the engine's.
 */

/** A file that must exist before the program starts. */
export interface LaunchFile {
  readonly path: string;
  readonly text: string;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
}

/** What an agent is started with. */
export interface AgentLaunch {
  /** The program; default: its usual name, found on PATH. */
  readonly program?: string;
  /** A directory of this session alone, mode 0700, on the machine where the program runs. */
  readonly spool: string;
  /** The conversation: a new one with an id of our choice, or one to go on with. Absent: the program chooses. */
  readonly conversation?: { readonly id: string; readonly resume: boolean };
  /** Further arguments of the user's. */
  readonly args?: readonly string[];
}

/** How to start it: write the files, then run `argv` as the process of a pane. */
export interface AgentLaunchPlan {
  readonly argv: readonly string[];
  readonly files: readonly LaunchFile[];
}

/** One row of a dialog that can be chosen. */
export interface DialogOption {
  /** The digit that is drawn before it; absent for rows without one. */
  readonly number?: number;
  readonly label: string;
  /** A second, explaining text. */
  readonly description?: string;
  /** True for the row that Enter would take. */
  readonly highlighted: boolean;
  /** For questions that take several answers. */
  readonly checked?: boolean;
  /** True where text is typed instead of choosing. */
  readonly freeText?: boolean;
}

/** A question that the program asks and that keeps it from going on. */
export interface Dialog {
  /** `unknown` also for a screen of which no option can be read: then there are none, and `detail` is its text. */
  readonly kind: 'permission' | 'question' | 'plan' | 'trust' | 'menu' | 'unknown';
  /** The heading: `Bash command`. */
  readonly title: string;
  /** The sentence right above the options. */
  readonly question: string;
  /** What stands between the two: the command, the change to a file. */
  readonly detail: string;
  readonly options: readonly DialogOption[];
}

/** What the screen alone says. It may veto and describe; it never certifies that a turn is over. */
export interface ScreenReading {
  /**
   * `ready`: takes a prompt; `busy`: works, and queues prompts; `dialog`: keys would answer a question;
   * `starting`: nothing drawn yet; `exited`: the program has said goodbye; `unknown`: none of these.
   */
  readonly phase: 'ready' | 'busy' | 'dialog' | 'starting' | 'exited' | 'unknown';
  /** Text that somebody typed and did not submit, as drawn (wrapped); absent when there is none. */
  readonly draft?: string;
  /** False when what is typed would not go to the model: a shell line, a search field. */
  readonly takesPrompt: boolean;
  /** A question is pending, but the program holds its dialog back because somebody was typing. */
  readonly dialogHeldBack: boolean;
  /** With `unknown`: what it is if it should be a dialog, which the screen alone does not tell. */
  readonly dialog?: Dialog;
  readonly footer: string;
}

/** What the program's own status file says. */
export interface AgentStatus {
  readonly pid: number;
  readonly conversation: string;
  readonly state: 'starting' | 'idle' | 'busy' | 'waiting';
  /** What it waits for, in the program's words. */
  readonly waitingFor?: string;
  /** Something still runs in the background although the turn is over. */
  readonly background: boolean;
  readonly directory: string;
  readonly version?: string;
  /** Start time of the process as the system counts it; a reused pid has another. */
  readonly procStart?: string;
  /** When the state was entered, ms since 1970. */
  readonly since?: number;
}

export type FailureClass = 'rate_limit' | 'auth' | 'overloaded' | 'other';

/** What the program reported of itself, one of these per report. */
export type AgentEvent = { readonly conversation: string; readonly transcript: string } & (
  | { readonly type: 'started'; readonly source: string; readonly model?: string }
  /** A prompt was taken, at once or into the queue: then `turn` is the turn that runs already. */
  | { readonly type: 'accepted'; readonly turn: string; readonly prompt: string }
  | { readonly type: 'asked'; readonly turn: string; readonly tool: string; readonly input: unknown }
  /** The turn is over unless a hook of the user's goes on with it; `answer` has lost white space at its ends. */
  | {
      readonly type: 'completed';
      readonly turn: string;
      readonly answer: string;
      readonly background: number;
    }
  | {
      readonly type: 'failed';
      readonly turn: string;
      readonly failure: FailureClass;
      readonly message: string;
    }
  | { readonly type: 'ended'; readonly reason: string }
  | { readonly type: 'other'; readonly name: string }
);

/** Tokens that a turn cost. */
export interface AgentUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
}

/** A turn as the program wrote it down. */
export interface AgentTurn {
  /** What the model was told in this turn, in order. Several queued prompts can become one turn. */
  readonly prompts: readonly {
    /** The program's id; a steered prompt has none. */
    readonly id?: string;
    readonly text: string;
    /** `command`: one of the program's own; then `answer` is what it printed, if it asked no model. */
    readonly how: 'typed' | 'queued' | 'steered' | 'command';
  }[];
  /** `running` also when the record breaks off. */
  readonly outcome: 'running' | 'completed' | 'interrupted' | 'failed';
  /** The last message of the model, byte for byte; what there is of it when interrupted. */
  readonly answer: string;
  readonly failure?: { readonly class: FailureClass; readonly message: string };
  /** The prompt was not taken after all: it stands in the composer again. */
  readonly refused?: boolean;
  readonly usage: AgentUsage;
  readonly model?: string;
}

/** The record of a conversation. */
export interface AgentRecord {
  readonly turns: readonly AgentTurn[];
  /** Prompts that were taken and are still waiting for their turn. */
  readonly queued: readonly string[];
  /** Whether anything was said, by anyone; false: only notes stand there, and nothing can be resumed. */
  readonly said?: boolean;
}

/** Reads the record of a conversation while it grows: a day-long one has tens of megabytes. */
export interface RecordReader {
  /** @param lines whole lines, which follow those that were added before */
  add(lines: string): void;
  readonly record: AgentRecord;
}

/** How a prompt is given to the program. */
export interface SubmitPlan {
  /** `refuse`: the program would not read this as a message to the model; `why` says so. */
  readonly way: 'text' | 'refuse';
  readonly why?: string;
  /** What is inserted. */
  readonly text: string;
  /** Keys pressed after the text is there and before Enter. */
  readonly keysBeforeEnter: readonly string[];
  /** What differs from the prompt, for the result: trailing white space, tabs. */
  readonly notes: readonly string[];
}

/** How a prompt is typed. */
export interface PromptTyping {
  /** The program takes each as typed; each must be seen on the screen before the next. */
  readonly pieces: readonly string[];
  /** Keys pressed when all are there. */
  readonly keys: readonly string[];
  /** What differs from the prompt, for the result. */
  readonly notes: readonly string[];
}

/** How a prompt is handed over through files; see `AgentFacts.exchange`. */
export interface PromptExchange {
  /** Key that makes the program fetch it. */
  readonly key: string;
  /** Write the text here (whole: under another name first, then renamed). Take it back by renaming it away. */
  readonly offer: string;
  /** With this file there, the draft must equal it and is replaced; without it, there must be no draft. */
  readonly expect: string;
  /** The offer's name once it was taken. */
  readonly accepted: string;
  /** The offer's name when the draft was not as expected. */
  readonly refused: string;
  /** The draft that was found, exact; written before the decision. */
  readonly draft: string;
}

/** The facts about an agent. */
export interface AgentFacts {
  launch(request: AgentLaunch): AgentLaunchPlan;
  /**
   * How prompts are handed over byte for byte, for sessions that were launched with this spool; undefined when
   * its path does not allow it (then they are typed).
   */
  exchange(spool: string): PromptExchange | undefined;
  /** Directory of the spool in which one file per event appears, whole, to be read in order of mtime. */
  eventFolder(spool: string): string;
  readEvent(text: string): AgentEvent | undefined;
  /** Where the program keeps its files, given the environment that it runs in. */
  home(env: Readonly<Record<string, string | undefined>>): string;
  statusFile(home: string, pid: number): string;
  readStatus(text: string): AgentStatus | undefined;
  transcriptFile(home: string, directory: string, conversation: string): string;
  recordReader(): RecordReader;
  /** Reads `tmux capture-pane -p -e`. */
  readScreen(ansi: string): ScreenReading;
  /** @param raw the program may interpret it: a command, a shell line */
  planSubmit(prompt: string, raw: boolean): SubmitPlan;
  /**
   * Whether a draft, as `readScreen` gives it, is this prompt to its end and nothing else, as far as that can be
   * told: a long one is drawn in part.
   */
  isDrawn(prompt: string, draft: string): boolean;
  /** For typing, where no exchange is to be had. */
  typing(text: string): PromptTyping;
  /** Keys that stop a running turn, to be pressed in this order, each verified, and only while it runs. */
  readonly interrupt: readonly string[];
  /** Key that closes a dialog without choosing anything. */
  readonly cancel: string;
  /** Key that empties the composer; pressed only when a draft of ours must go. */
  readonly clear: string;
  /** Command that ends the program, submitted raw. */
  readonly quit: string;
}

/** Checks and returns a profile; exists so that an editor can help whoever writes one. */
export function defineProfile(profile: Profile): Profile {
  return profile;
}
