/** Drives the real REPL through its states and writes a golden file for each; started by record.mjs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Bed, version } from './bed.js';
import { Repl, type HookEvent, type ReplOptions } from './repl.js';
import { SCENES } from './scenes.js';

const here = dirname(fileURLToPath(import.meta.url));
const only = process.argv.slice(2);

/** What a state must be read as; written by hand in scenes.ts, never taken from the reader under test. */
export type Phase = 'starting' | 'ready' | 'busy' | 'dialog' | 'exited';

/** One state, as it is stored. */
export interface Golden {
  readonly version: string;
  readonly state: string;
  readonly phase: Phase;
  readonly title: string;
  readonly registry: { readonly status: string; readonly waitingFor?: string } | null;
  /** Hook events since the state before, in order. */
  readonly hooks: readonly object[];
  readonly text: readonly string[];
  /** The same rows with their colours. */
  readonly ansi: readonly string[];
}

/** A REPL that is being recorded. */
export class Recorder {
  #seen = 0;
  constructor(
    readonly bed: Bed,
    readonly repl: Repl,
  ) {}

  static async start(bed: Bed, options: ReplOptions): Promise<Recorder> {
    return new Recorder(bed, await Repl.start(bed, options));
  }

  /** Records the present state under this name. */
  async take(state: string, phase: Phase): Promise<void> {
    const { repl, bed } = this;
    const hooks = repl.hooks();
    const registry = repl.registry();
    const golden: Golden = {
      version,
      state,
      phase,
      title: (await bed.tmux('display-message', '-p', '-t', repl.pane, '#{pane_title}')).replace(
        hostname(),
        '',
      ),
      registry: registry
        ? { status: registry.status, ...(registry.waitingFor ? { waitingFor: registry.waitingFor } : {}) }
        : null,
      hooks: hooks.slice(this.#seen).map(facts),
      text: rows(await repl.screen()),
      ansi: rows(await repl.screen(true)),
    };
    this.#seen = hooks.length;
    const folder = join(here, 'golden', version);
    mkdirSync(folder, { recursive: true });
    const json = `${JSON.stringify(golden, null, 1)}\n`;
    writeFileSync(join(folder, `${state}.json`), normalise(json, bed.dir));
    process.stdout.write(`${state}\n`);
  }
}

/** Without what differs from run to run. */
function facts(event: HookEvent): object {
  const { session_id: _id, transcript_path: _path, cwd: _cwd, prompt_id: _prompt, ...rest } = event;
  return rest;
}

function rows(screen: string): string[] {
  return screen.replace(/\n+$/, '').split('\n');
}

/** Same lengths, so that the layout stays as it was. */
function normalise(json: string, dir: string): string {
  const path = dir.slice(0, -6) + '000000';
  return json
    .replaceAll(dir, path)
    .replaceAll(dir.replaceAll(/[/.]/g, '-'), path.replaceAll(/[/.]/g, '-'))
    .replace(
      /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
      '00000000-0000-4000-8000-000000000000',
    )
    .replace(/toolu_[0-9a-f]{32}/g, 'toolu_0')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:4000')
    .replace(/"duration_ms": \d+/g, '"duration_ms": 0')
    .replace(/\d+:\d\d [AP]M/g, '1:00 AM')
    .replace(/\b[A-Z][a-zé]+ed for \d+s/g, 'Worked for 1s')
    .replace(/(?<=\S )[A-Z][a-zé]+ing… \(\d+s/g, 'Working… (1s')
    .replace(/Mon|Tue|Wed|Thu|Fri|Sat|Sun/g, 'Sat')
    .replace(/Sat \w+ +\d+ \d\d:\d\d:\d\d \d{4}/g, 'Sat Nov 21 01:00:00 2026');
}

/** Runs the scenes; when this file is the program, that is all it does. */
async function main(): Promise<void> {
  const wanted = Object.entries(SCENES).filter(([name]) => only.length === 0 || only.includes(name));
  for (const [name, scene] of wanted) {
    const bed = await Bed.open();
    try {
      await scene(bed);
    } catch (error) {
      process.stderr.write(`scene ${name}: ${String(error)}\n`);
      process.exitCode = 1;
    } finally {
      await bed.close();
    }
  }
}

await main();
