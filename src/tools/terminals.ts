/** Everything that belongs to one tmux server: its transport, streams, gate and engine. One set per socket. */
import type { LoadedConfig } from '../config/schema.js';
import type { Terminal } from '../panes/pane.js';
import type { SpoolShelf } from '../panes/spool.js';
import { PaneStreams } from '../panes/streams.js';
import { Gate } from '../permission/gate.js';
import type { ProfileCatalog } from '../profile/catalog.js';
import { Engine } from '../profile/engine.js';
import { Drivers } from '../profile/session/drivers.js';
import { Sessions } from '../profile/session/sessions.js';
import { SessionStore } from '../profile/session/store.js';
import { TmuxServer } from '../tmux/server.js';

export interface Terminals {
  readonly tmux: TmuxServer;
  readonly gate: Gate;
  readonly engine: Engine;
  readonly terminal: Terminal;
  readonly sessions: Sessions;
  /** Path or name of the socket, as configured. */
  readonly socket: string;
}

export interface TerminalsOptions {
  /** Environment of the tmux processes. */
  readonly env: NodeJS.ProcessEnv;
  /** Socket to use where the configuration names none; null: tmux's default. */
  readonly defaultSocket: string | null;
  readonly catalog: ProfileCatalog;
  readonly shelf: SpoolShelf;
  readonly stateDir: string;
}

export class TerminalsBySocket {
  readonly #options: TerminalsOptions;
  readonly #open = new Map<string, Terminals>();

  constructor(options: TerminalsOptions) {
    this.#options = options;
  }

  /** The set for the socket that the configuration names now. */
  for({ config }: LoadedConfig): Terminals {
    const { env, defaultSocket, catalog, shelf, stateDir } = this.#options;
    const path = config.tmux.socket_path ?? (config.tmux.socket_name === null ? defaultSocket : null);
    const name = config.tmux.socket_name;
    const socket = path ?? name ?? 'default';
    const key = `${path ?? ''}\n${name ?? ''}`;
    const known = this.#open.get(key);
    if (known) return known;
    const tmux = new TmuxServer({
      env,
      ...(path !== null ? { socketPath: path } : name !== null ? { socketName: name } : {}),
    });
    const terminal = { tmux, streams: new PaneStreams(tmux) };
    const engine = new Engine(catalog, shelf);
    const store = new SessionStore(stateDir);
    const sessions = new Sessions(engine, store, new Drivers(engine, store, env));
    const made = { tmux, terminal, gate: new Gate(terminal), engine, sessions, socket };
    this.#open.set(key, made);
    return made;
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(({ tmux }) => tmux.close()));
  }
}
