/**
 * Loads the shell integration into whatever shell shows its prompt in a pane, here or behind ssh: it is only
 * text that the shell reads. The person who watches sees the same screen before and after.
 */
import { randomInt } from 'node:crypto';
import type { Mark } from '../panes/marks.js';
import type { ReadPane, WritePane } from '../panes/pane.js';
import { LostBefore, Untouched } from '../panes/untouched.js';
import type { PaneStream } from '../panes/stream.js';
import type { PaneRow } from '../tmux/formats.js';
import { connectionEnded } from '../tmux/lost.js';
import type { ProfileCatalog } from './catalog.js';
import type { Profile } from './contract.js';
import { bootstrapLine, bootstrapRows, CURTAIN, CURTAIN_UP, loaderLines, sentinel } from './loader.js';
import { waitForMark } from './marks-wait.js';

/** How long a shell may take to run the loader; a slow ssh link needs a few round trips. */
const LOAD_DEADLINE_MS = 5_000;
/** How long a shell may take to come to the loader, where nobody sees it any more, and how often it is looked for. */
const READER_MS = 300;
const READER_STEP_MS = 20;
/** How long and how often a tmux that does not answer is asked again, and how long a call waits for that. */
const GIVE_UP_MS = 120_000;
const AGAIN_MS = 100;
const TIDY_MS = 1_000;

/**
 * Resolves with the shell's profile once its prompt is back and marked; with undefined when what runs there is
 * no shell that can be integrated.
 * @param row the pane now, its cursor behind the prompt
 */
export async function integrate(
  pane: WritePane,
  stream: PaneStream,
  catalog: ProfileCatalog,
  row: PaneRow,
): Promise<Profile | undefined> {
  // Several Panewright processes may use the pane: they agree on the nonce that the pane itself carries.
  const aid = stream.aid || row.integration || newNonce();
  stream.aid = aid;
  const cursor = { column: row.cursorX, width: row.width };
  const line = bootstrapLine(aid, catalog.versionVariables(), cursor);
  const rows = bootstrapRows(line, cursor);
  const scrolls = row.cursorY + rows >= row.height;
  const drawn = scrolls && (await pane.machine.draw(row.tty, CURTAIN));
  let curtain = false;
  let profile: Profile | undefined;
  try {
    curtain = drawn && (await isDrawn(pane, row));
    profile = await load({ pane, stream, catalog, aid, line, rows, curtain });
  } catch (error) {
    throw connectionEnded(error) ? new LostBefore() : error;
  } finally {
    // tmux may have drawn the curtain later than it was asked about it.
    if (!profile || (drawn && !curtain)) await tidy(pane, aid, drawn, stream.ended);
  }
  if (!profile && stream.ended) throw new LostBefore();
  if (profile && row.integration !== aid) await pane.noteIntegration(aid);
  return profile;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 47 random bits. Not longer than need be: it stands in every mark, which shells work through byte by byte. */
function newNonce(): string {
  return Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/** Panes that wait for tmux to answer, to be tidied up. */
const untidy = new Map<string, Promise<void>>();

/** Resolves when nothing is left in the pane of a load that broke off, or soon. */
export async function tidied(pane: ReadPane): Promise<void> {
  await Promise.race([
    untidy.get(keyOf(pane)),
    new Promise((resolve) => setTimeout(resolve, TIDY_MS).unref()),
  ]);
}

const keyOf = ({ row }: ReadPane): string => `${row.serverPid} ${row.paneId}`;

/** Resolves when all is cleared away, or at once, if tmux does not answer: it is asked again until it does. */
async function tidy(pane: WritePane, aid: string, drawn: boolean, wasLost: boolean): Promise<void> {
  const once = (): Promise<boolean> =>
    clearAway(pane, aid, drawn, wasLost).then(
      () => true,
      (error: unknown) => error instanceof Untouched,
    );
  if (await once()) return;
  const key = keyOf(pane);
  const later = (async () => {
    const giveUp = performance.now() + GIVE_UP_MS;
    do await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
    while (!(await once()) && performance.now() < giveUp);
    untidy.delete(key);
  })();
  untidy.set(key, later);
}

/**
 * Clears away what a load has left that did not come to its end: the curtain, and a shell that reads the loader with
 * its echo off, or is about to, for the connection to tmux was lost behind the bootstrap line.
 */
async function clearAway(pane: WritePane, aid: string, drawn: boolean, wasLost: boolean): Promise<void> {
  const deadline = performance.now() + (wasLost ? READER_MS : 0);
  for (;;) {
    const now = await pane.refresh();
    if (now?.pid !== pane.row.pid) return;
    const reads = (await pane.machine.programs(now))[0] === 'sed';
    if (!reads && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, READER_STEP_MS));
      continue;
    }
    if (reads) await pane.type([{ text: `${sentinel(aid)}\n` }]);
    if (drawn && now.alternate && now.tty === pane.row.tty) await pane.machine.draw(now.tty, CURTAIN_UP);
    return;
  }
}

/** The option `alternate-screen off` makes tmux ignore the curtain. */
async function isDrawn(pane: WritePane, { tty }: PaneRow): Promise<boolean> {
  const { row } = await pane.renewed();
  return row.alternate && row.tty === tty;
}

interface Load {
  readonly pane: WritePane;
  readonly stream: PaneStream;
  readonly catalog: ProfileCatalog;
  readonly aid: string;
  readonly line: string;
  readonly rows: number;
  readonly curtain: boolean;
}

async function load({ pane, stream, catalog, aid, line, rows, curtain }: Load): Promise<Profile | undefined> {
  const deadline = performance.now() + LOAD_DEADLINE_MS;
  const answered = waitForMark(stream, isShellReport, LOAD_DEADLINE_MS);
  // The first character as a key: a shell may drop the leading space of a paste, and then remembers the line.
  await pane.type([{ text: ' ' }, { text: line.slice(1), framed: true }, { text: '\r' }]);
  const report = await answered;
  const profile = report && catalog.forVersions((report.named['shell'] ?? '').split(','));
  if (!profile?.shell) return undefined;
  const markAid = `${aid}-${profile.name}`;
  const lines = loaderLines({ aid, markAid, integration: profile.shell, rows, curtain });
  const marked = waitForMark(stream, (mark) => mark.kind === 'B', deadline - performance.now());
  await pane.type([{ text: lines.join('\n') + '\n' }]);
  return (await marked) && profile;
}

function isShellReport(mark: Mark): boolean {
  return mark.kind === 'P' && mark.named['shell'] !== undefined;
}
