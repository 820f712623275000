/**
 * A tmux server with what there is in real life: shells, programs that wait for a line or a password, a pane in
 * copy mode, a dead one, linked windows, groups; and a session `vault` of which nobody may learn anything. All
 * that is secret carries the word LEAK.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrivateTmux } from '../support/tmux.js';

export const LEAK = 'LEAK7F3A';

export class Terrain {
  readonly tmux = new PrivateTmux();
  readonly canary = join(this.tmux.directory, 'canary');
  /** Where the server keeps its records: one of a session that may be seen, others of those that may not. */
  readonly stateDir = join(this.tmux.home, '.local/state/panewright');

  static async make(): Promise<Terrain> {
    const terrain = new Terrain();
    await terrain.#panes();
    terrain.#records();
    return terrain;
  }

  async #panes(): Promise<void> {
    const { tmux } = this;
    const secret = join(tmux.home, LEAK);
    mkdirSync(secret);
    await tmux.newSession('work');
    await tmux.run('split-window', '-d', '-t', '=work:', '--', ...waiting('read -r line'));
    await tmux.run(
      'new-window',
      '-d',
      '-t',
      '=work:',
      '-n',
      'hidden',
      '--',
      ...waiting('stty -echo; read -r line'),
    );
    await tmux.run('new-window', '-d', '-t', '=work:', '-n', 'quiet', '--', 'sleep', '600');
    await tmux.newSession('work-2', { shell: ['sh'] });
    await tmux.newSession('frozen');
    await tmux.run('set-option', '-p', '-t', '=frozen:', 'remain-on-exit', 'on');
    const dead = await tmux.run(...split('=frozen:'), '--', 'true');
    await tmux.run('set-option', '-p', '-t', dead, 'remain-on-exit', 'on').catch(() => undefined);
    const scrolled = await tmux.run(...split('=work-2:'), '--', ...waiting('seq 1 100; read -r line'));
    await tmux.run('copy-mode', '-t', scrolled);
    await tmux.newSession('vault', { cwd: secret, shell: waiting(`echo ${LEAK}; read -r line`) });
    await tmux.run('rename-window', '-t', '=vault:', `${LEAK}-window`);
    await tmux.run('select-pane', '-t', '=vault:', '-T', `${LEAK}-title`);
    await tmux.newSession(`${LEAK}-session`, { shell: ['sleep', '600'] });
    await tmux.newSession('guest', { shell: ['sleep', '600'] });
    await tmux.run('link-window', '-d', '-s', '=vault:0', '-t', '=guest:5');
    await tmux.newSession('twin', { shell: ['sleep', '600'] });
    await tmux.run('new-session', '-d', '-s', `${LEAK}-twin`, '-t', '=twin');
    await tmux.run('set-buffer', '-b', 'kept', 'a buffer');
    for (const pane of ['work:', 'work-2:', 'frozen:']) await tmux.until(`=${pane}`, /[$#] ?$/m);
  }

  /**
   * The panes of which nobody may learn, given the sessions of this terrain that may be seen: one that is not allowed
   * is enough to hide them.
   */
  async hiddenPanes(allowed: RegExp): Promise<string[]> {
    const rows = (await this.tmux.run('list-panes', '-a', '-F', '#{pane_id} #{session_name}')).split('\n');
    const places = rows.map((row) => row.split(' ') as [pane: string, session: string]);
    return [...new Set(places.filter(([, session]) => !allowed.test(session)).map(([pane]) => pane))];
  }

  #records(): void {
    const folder = join(this.stateDir, 'sessions');
    mkdirSync(folder, { recursive: true });
    for (const name of ['old', 'vault', `${LEAK}-old`])
      writeFileSync(
        join(folder, `${name}.json`),
        JSON.stringify(record(name, name === 'old' ? 'fine' : LEAK)),
      );
  }

  dispose(): Promise<void> {
    return this.tmux.dispose();
  }
}

/** A program that prints nothing but its words and stays until a line comes. */
function waiting(script: string): string[] {
  return ['sh', '-c', `${script}; exec sleep 600`];
}

function split(target: string): string[] {
  return ['split-window', '-d', '-t', target, '-P', '-F', '#{pane_id}'];
}

/** A record of a session whose one turn was asked, and answered, so. */
export function record(name: string, said: string): object {
  const turn = {
    turn_id: 't1',
    prompt: said,
    response: said,
    started: '2026-01-01T00:00:00.000Z',
    outcome: 'completed',
  };
  return {
    version: 1,
    name,
    profile: 'bash',
    created: '2026-01-01T00:00:00.000Z',
    working_dir: `/tmp/${said}`,
    args: [],
    env: {},
    conversation_id: null,
    owned: null,
    trust: 'ask',
    events_dir: null,
    turns: [turn],
    next_turn: 2,
  };
}
