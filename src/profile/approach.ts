/**
 * Decides, before anything is typed, how a command can be given to what lives in a pane: to a shell that marks
 * its prompts, to a program known by its prompt, or not at all, and then says what is in the way.
 */
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { PanewrightError } from '../errors.js';
import { OutputText } from '../panes/output.js';
import type { WritePane } from '../panes/pane.js';
import type { InputWait } from '../panes/process.js';
import type { PaneStream } from '../panes/stream.js';
import { nextOutput, silence } from '../panes/watch.js';
import type { PaneRow } from '../tmux/formats.js';
import type { ProfileCatalog } from './catalog.js';
import type { Profile, ShellIntegration } from './contract.js';
import { integrate, tidied } from './integrate.js';
import { patternOf, plainPrompt, promptLook, strongQuestion } from './looks.js';
import { waitForMark } from './marks-wait.js';
import { dropStatement } from './repl-drop.js';
import { replFacts, type ReplFacts } from './repl-facts.js';

/** How a command will be given. */
export type Approach =
  | { readonly kind: 'shell'; readonly detection: 'integration'; readonly shell: ShellIntegration }
  /** `program`: name of the process that was in the foreground. */
  | {
      readonly kind: 'repl';
      readonly detection: 'screen';
      readonly facts: ReplFacts;
      readonly program: string;
    };

/** What is asked of a pane besides its handle. */
export interface ApproachOptions {
  readonly catalog: ProfileCatalog;
  /** Discard a draft instead of refusing. */
  readonly force: boolean;
  /** The last command's output made the terminal answer: a draft that reads like that is nobody's. */
  readonly junk: boolean;
  readonly signal: AbortSignal;
  /** performance.now() when the caller's time is over. */
  readonly deadline: number;
  /** The profile of the shell whose marks the stream carries, if known from before. */
  readonly shell?: Profile | undefined;
}

/** Silence after which a screen is taken as settled, in milliseconds. */
const SETTLED_MS = 25;
/** How long a prompt may take to show: in a pane whose program has just started, and in any other. */
const STARTING_MS = 8_000;
/** As much of it as a shorter timeout does not cut. */
const STARTED_MS = 2_500;
const RUNNING_MS = 400;

/** Resolves with the way in, or rejects with what is in the way. */
export async function approach(
  pane: WritePane,
  options: ApproachOptions,
): Promise<{ how: Approach; profile: Profile | undefined }> {
  // What tmux has sent by now is read first: the call may have come later and still have been read before it.
  await nextTurn();
  const { stream } = pane;
  const marked = options.shell?.shell;
  if (stream.phase === 'secondary') await dropDraft(pane, stream, options, marked, 'an unfinished command');
  if (marked && stream.phase === 'prompt' && (await atMarkedPrompt(pane, stream, options, marked)))
    return { how: { kind: 'shell', detection: 'integration', shell: marked }, profile: options.shell };
  let now = await pane.renewed();
  if (now.row.alternate) {
    await tidied(pane);
    now = await pane.renewed();
  }
  if (now.row.dead)
    throw new PanewrightError(
      'PANE_NOT_FOUND',
      `the program in pane ${pane.target} has ended.`,
      'Close the pane or open another with open_pane.',
    );
  if (now.row.alternate) throw await busy(pane, now.row, 'a full-screen program');
  if (stream.aid === '') stream.aid = now.row.integration;
  return byLooks(now, stream, options, await options.catalog.ofPane(now.row, pane.machine));
}

/** At a prompt whose end was marked: is the line still empty? False: the marks cannot tell any more. */
async function atMarkedPrompt(
  pane: WritePane,
  stream: PaneStream,
  options: ApproachOptions,
  shell: ShellIntegration,
): Promise<boolean> {
  const report = shell.keys?.report;
  if (report === undefined && !(await hasReadAll(pane, stream, options))) return false;
  // The terminal's answer, if there is one, reaches the shell before anything that we type: so it is asked.
  if (!stream.touched && !options.junk) return true;
  if (report === undefined) return lineStillEmpty(pane, stream, options);
  // A background job's output looks like typing: only the line editor itself knows what it holds.
  const answered = waitForMark(stream, (mark) => mark.named['draft'] !== undefined, 500);
  await pane.type([{ text: report }]);
  const answer = await answered;
  if (!answer) return false;
  if (answer.named['draft'] !== '0') await dropDraft(pane, stream, options, shell, 'text');
  return true;
}

/**
 * A shell without a mark for the start of a command says of no line that it was entered: one that somebody typed ahead
 * is run before ours, and has a prompt of its own, which would pass for ours. So the shell must be seen to wait for
 * input, and all that it had printed by then must have come. False: it works.
 */
async function hasReadAll(pane: WritePane, stream: PaneStream, options: ApproachOptions): Promise<boolean> {
  const deadline = Math.min(options.deadline, performance.now() + RUNNING_MS);
  let unknown = false;
  for (let ms = 1; ; ms = Math.min(2 * ms, 50)) {
    const { prompts } = stream;
    const wait = await pane.machine.inputWait(pane.row);
    // What tmux had of the pane comes before its answer.
    await pane.renewed();
    // What cannot be told at one moment may be told at the next.
    const told = wait !== 'unknown' || unknown;
    unknown = wait === 'unknown';
    if (wait !== 'working' && told && stream.prompts === prompts) return true;
    options.signal.throwIfAborted();
    if (performance.now() > deadline) return false;
    await delay(ms);
  }
}

/**
 * Whether the line is empty where no line editor can be asked: a background job leaves a fresh line behind, a draft does not.
 */
async function lineStillEmpty(
  pane: WritePane,
  stream: PaneStream,
  options: ApproachOptions,
): Promise<boolean> {
  const { row } = await pane.renewed();
  if ((await options.catalog.ofPane(row, pane.machine)) !== options.shell) return false;
  if ((await pane.machine.inputWait(row)) === 'working') return false;
  const since = new OutputText(row.width, row.height);
  since.feed(stream.since(stream.promptAt));
  const line = since.unfinished;
  if (line.trim() !== '')
    await dropDraft(pane, stream, options, undefined, JSON.stringify(line.slice(0, 60)));
  // Whatever the terminal may still hold of a line that a job's output has pushed away goes with it.
  else await pane.type([{ text: '\x15' }]);
  return true;
}

async function dropDraft(
  pane: WritePane,
  stream: PaneStream,
  options: ApproachOptions,
  shell: ShellIntegration | undefined,
  what: string,
  repl?: ReplFacts,
): Promise<void> {
  if (!options.force && !(options.junk && stream.holdsAnswer)) {
    throw new PanewrightError(
      'DRAFT_PRESENT',
      `somebody has typed ${what} at the prompt of ${pane.target} without submitting it.`,
      'Nothing was typed. Wait until it is submitted, or call again with force: true to discard it.',
    );
  }
  if (repl) return dropStatement(pane, stream, repl);
  const clear = stream.phase === 'secondary' ? undefined : shell?.keys?.clear;
  if (clear !== undefined) {
    await pane.type([{ text: clear }]);
    return;
  }
  const fresh = waitForMark(stream, (mark) => mark.kind === 'B', 1_000);
  await pane.type([{ text: '\x03' }]);
  await (stream.aid === '' ? silence(stream, SETTLED_MS * 4, performance.now() + 1_000) : fresh);
}

/** Without marks: waits until the screen has settled and judges by the line that the cursor is on. */
async function byLooks(
  pane: WritePane,
  stream: PaneStream,
  options: ApproachOptions,
  first: Profile | undefined,
): Promise<{ how: Approach; profile: Profile | undefined }> {
  const known = first?.shell !== undefined || first?.carrier === true || first?.repl !== undefined;
  // The pane's own program decides: what a starting shell runs on the way to its prompt says nothing.
  const own = await pane.machine.nameOf(pane.row.pid);
  const starter = own === undefined ? first : options.catalog.forCommand(own);
  const starting = stream.phase === 'unknown' && starter !== undefined && (await isYoung(pane));
  const began = performance.now();
  const patience = starting ? STARTING_MS : known ? RUNNING_MS * 2 : RUNNING_MS;
  const deadline = Math.min(began + patience, Math.max(options.deadline, began + STARTED_MS));
  for (;;) {
    await silence(stream, SETTLED_MS, deadline, options.signal);
    // Before the screen is looked at: what printed that, and waits now, may have printed more meanwhile.
    const waits = await pane.machine.inputWait(pane.row);
    const { before, row } = await pane.cursorLine();
    if (row.alternate) throw await busy(pane, row, 'a full-screen program');
    const way = await judge(pane, stream, options, { before, row, waits });
    if (way) return way;
    options.signal.throwIfAborted();
    // A shell on the way to its prompt does not ask for a password.
    const asks = strongQuestion(before.trimEnd()) && waits !== 'working';
    if (performance.now() >= (asks ? began + RUNNING_MS : deadline)) throw await busy(pane, row);
    // The name of the foreground program changes without output, hence the bound.
    await nextOutput(stream, Math.min(100, deadline - performance.now()), options.signal);
  }
}

/** What is seen of a pane: its program's way of waiting, and then the line up to the cursor. */
interface Look {
  readonly waits: InputWait;
  readonly before: string;
  readonly row: PaneRow;
}

async function judge(
  pane: WritePane,
  stream: PaneStream,
  options: ApproachOptions,
  { before, row, waits }: Look,
): Promise<{ how: Approach; profile: Profile | undefined } | undefined> {
  const profile = await options.catalog.ofPane(row, pane.machine);
  if (profile?.repl) {
    const facts = replFacts(profile.repl);
    if (facts.prompt.test(before) || facts.promptEnd?.test(before))
      return { how: { kind: 'repl', detection: 'screen', facts, program: row.command }, profile };
    if (facts.continuation?.test(before))
      await dropDraft(pane, stream, options, undefined, 'an unfinished statement', facts);
    const draft = before.length > 0 && waits !== 'working' && startsLikePrompt(profile.repl.prompt, before);
    if (draft) await dropDraft(pane, stream, options, undefined, 'text', facts);
    return undefined;
  }
  if (waits === 'working') return undefined;
  if (profile?.shell || profile?.carrier) {
    let look = promptLook(before);
    if (look.kind === 'draft') {
      await dropDraft(pane, stream, options, undefined, JSON.stringify(look.draft.slice(0, 60)));
      await silence(stream, SETTLED_MS, performance.now() + 500, options.signal);
      const again = await pane.cursorLine();
      look = promptLook(again.before);
    }
    if (look.kind === 'other' && !(await isOddPrompt(before, pane, profile))) return undefined;
    const shell = await integrate(pane, stream, options.catalog, row);
    if (shell?.shell)
      return { how: { kind: 'shell', detection: 'integration', shell: shell.shell }, profile: shell };
    // Not a shell that we know, but something with a prompt: go by the prompt.
    const { before: now } = await pane.cursorLine();
    if (promptLook(now).kind !== 'prompt') return undefined;
    return {
      how: {
        kind: 'repl',
        detection: 'screen',
        facts: { prompt: patternOf(now), cancel: '\x03', abandon: [] },
        program: row.command,
      },
      profile: undefined,
    };
  }
  if (!plainPrompt(before)) return undefined;
  return {
    how: {
      kind: 'repl',
      detection: 'screen',
      facts: { prompt: patternOf(before), cancel: '\x03', abandon: [] },
      program: row.command,
    },
    profile: undefined,
  };
}

/** A prompt like no other: the shell itself is in the foreground and its line editor takes keys. */
async function isOddPrompt(before: string, pane: WritePane, profile: Profile): Promise<boolean> {
  if (profile.shell?.keys === undefined || !/^$|\s$/.test(before)) return false;
  return pane.machine.takesKeys(pane.row.tty);
}

/** A line that begins with what the prompt pattern wants and goes on: `>>> pri`. */
function startsLikePrompt(prompt: string, before: string): boolean {
  if (!prompt.endsWith('$')) return false;
  return new RegExp(prompt.slice(0, -1)).test(before);
}

/** Whether the pane's program was started within the last ten seconds; false where that cannot be told. */
async function isYoung({ row, machine }: WritePane): Promise<boolean> {
  const created = row.sessionCreated - machine.clockOffsetMs / 1000;
  return Date.now() / 1000 - Math.max(created, (await machine.startedAt(row.pid)) ?? 0) < 10;
}

async function busy(pane: WritePane, row: PaneRow, what = 'no prompt shows'): Promise<PanewrightError> {
  const program = (await pane.machine.programs(row))[0] ?? (row.command || 'a program');
  return new PanewrightError(
    'PANE_BUSY',
    `pane ${pane.target} is running ${program} (${what}).`,
    'Nothing was typed. Wait for it with wait_for, answer it with write_pane or send_keys (C-c interrupts), or use another pane.',
  );
}
