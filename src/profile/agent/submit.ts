/**
 * Hands a prompt to an agent: through the files that it exchanges with its editor where we started it, typed in
 * pieces where somebody else did. Enter is repeated when nothing shows that it was taken; the text never is.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { PanewrightError } from '../../errors.js';
import { parseKey } from '../../panes/keys.js';
import type { WritePane } from '../../panes/pane.js';
import { nextOutput, silence } from '../../panes/watch.js';
import type { AgentFacts, PromptExchange, ScreenReading } from '../contract.js';
import { digestOf, type Turn } from '../session/record.js';
import { tryRead, watchFolders } from './files.js';
import { digestOfTurn } from './turns.js';

const FETCH_MS = 5_000;
const SHOWN_MS = 3_000;

/** A short line that no key, menu or mode of a composer could take for anything else: typing it is quickest. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9 .,;:?!'"()_=+*%/-]{0,400}[A-Za-z0-9.;:?!)]$/;

export interface Inserted {
  readonly delivery: 'file' | 'typed';
  /** What is not exact about it. */
  readonly notes: readonly string[];
  /** To be pressed when the text is seen to be there. */
  readonly keys: readonly string[];
}

/** Puts the text into the composer. */
export async function insert(
  pane: WritePane,
  facts: AgentFacts,
  spool: string | null,
  text: string,
): Promise<Inserted> {
  const plain = PLAIN.test(text);
  if (!plain && spool !== null && (await exchange(pane, facts, spool, text)))
    return { delivery: 'file', notes: [], keys: [] };
  const { pieces, keys, notes } = facts.typing(text);
  let typed = '';
  for (const [i, piece] of pieces.entries()) {
    await pane.type([{ text: piece }]);
    typed += piece;
    if (i === pieces.length - 1) break; // that it is all there is seen to in any case
    // Two pieces read as one would no longer count as typed, and a busy machine may take its time to read.
    const shown = ({ draft }: ScreenReading): boolean => draft !== undefined && facts.isDrawn(typed, draft);
    await until(pane, facts, shown, SHOWN_MS);
    await silence(pane.stream, 10, performance.now() + 50);
  }
  return { delivery: 'typed', notes, keys };
}

/** False when the program did not fetch it; nothing is in the composer then. */
async function exchange(pane: WritePane, facts: AgentFacts, spool: string, text: string): Promise<boolean> {
  const files = facts.exchange(spool);
  if (!files) return false;
  for (const path of [files.accepted, files.refused, files.expect, files.draft])
    rmSync(path, { force: true });
  try {
    writeFileSync(`${files.offer}.new`, text, { mode: 0o600 });
    renameSync(`${files.offer}.new`, files.offer);
  } catch {
    return false; // no room, or the folder is gone: typing works without it
  }
  const answer = await fetched(pane, files, spool);
  if (answer === 'refused')
    throw new PanewrightError(
      'DRAFT_PRESENT',
      `somebody has typed something in the composer of ${pane.target} without submitting it.`,
      'Nothing was sent, and the draft is still there. Wait until it is submitted or removed.',
    );
  if (answer === undefined) {
    try {
      renameSync(files.offer, `${files.offer}.withdrawn`);
      return false;
    } catch {
      // Taken in the last moment after all.
    }
  }
  await until(pane, facts, (screen) => screen.draft !== undefined, SHOWN_MS);
  return true;
}

/** Empties the composer of a prompt of ours, and of nothing else; says whether it is empty. */
export async function clear(
  pane: WritePane,
  facts: AgentFacts,
  spool: string | null,
  turn: Turn,
): Promise<boolean> {
  const files = spool === null ? undefined : facts.exchange(spool);
  if (!files || spool === null) await pane.press([parseKey(facts.clear)]);
  else {
    // Refused, because something is there: and says exactly what.
    if ((await trade(pane, files, spool)) === 'accepted') return true;
    const draft = tryRead(files.draft);
    if (draft === undefined || digestOf(draft) !== digestOfTurn(turn)) return false;
    writeFileSync(files.expect, draft, { mode: 0o600 });
    await trade(pane, files, spool);
    rmSync(files.expect, { force: true });
  }
  return (await until(pane, facts, (screen) => screen.draft === undefined, SHOWN_MS)).met;
}

/** Offers nothing in place of what is in the composer. */
async function trade(
  pane: WritePane,
  files: PromptExchange,
  spool: string,
): Promise<'accepted' | 'refused' | undefined> {
  for (const path of [files.accepted, files.refused, files.draft]) rmSync(path, { force: true });
  writeFileSync(`${files.offer}.new`, '', { mode: 0o600 });
  renameSync(`${files.offer}.new`, files.offer);
  const answer = await fetched(pane, files, spool);
  if (answer === undefined) rmSync(files.offer, { force: true });
  return answer;
}

async function fetched(
  pane: WritePane,
  files: { readonly key: string; readonly accepted: string; readonly refused: string },
  spool: string,
): Promise<'accepted' | 'refused' | undefined> {
  const deadline = performance.now() + FETCH_MS;
  let wake: () => void = () => undefined;
  const stop = watchFolders([spool], () => {
    wake();
  });
  try {
    await pane.press([parseKey(files.key)]);
    for (;;) {
      if (exists(files.accepted)) return 'accepted';
      if (exists(files.refused)) return 'refused';
      const rest = deadline - performance.now();
      if (rest <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(rest, 250));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    stop();
  }
}

const exists = (path: string): boolean => tryRead(path) !== undefined;

export async function read(pane: WritePane, facts: AgentFacts): Promise<ScreenReading> {
  return facts.readScreen((await pane.frame()).ansi);
}

/** Resolves with the first screen that fits, or with the last one seen when the time is over. */
export async function until(
  pane: WritePane,
  facts: AgentFacts,
  fits: (screen: ScreenReading) => boolean,
  ms: number,
): Promise<{ screen: ScreenReading; met: boolean }> {
  const deadline = performance.now() + ms;
  for (;;) {
    const screen = await read(pane, facts);
    if (fits(screen)) return { screen, met: true };
    if (performance.now() >= deadline || pane.stream.ended) return { screen, met: false };
    await nextOutput(pane.stream, Math.min(250, deadline - performance.now()));
    await silence(pane.stream, 5, performance.now() + 50);
  }
}
