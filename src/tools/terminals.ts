/** Everything that belongs to one tmux server: its transport, streams, gate and engine. One set per host and socket. */
import { join } from 'node:path';
import type { HostConfig, LoadedConfig } from '../config/schema.js';
import { LocalMachine } from '../panes/machine.js';
import type { Terminal } from '../panes/pane.js';
import { RemoteMachine } from '../panes/remote-machine.js';
import type { SpoolShelf } from '../panes/spool.js';
import { PaneStreams } from '../panes/streams.js';
import { Gate } from '../permission/gate.js';
import type { ProfileCatalog } from '../profile/catalog.js';
import { Engine } from '../profile/engine.js';
import { Drivers } from '../profile/session/drivers.js';
import { Sessions } from '../profile/session/sessions.js';
import { SessionStore } from '../profile/session/store.js';
import { RemoteHost } from '../tmux/remote/host.js';
import { TmuxServer } from '../tmux/server.js';
import { LocalTransport } from '../tmux/transport.js';

export interface Terminals {
  readonly tmux: TmuxServer;
  /** The other machine; undefined for this one. */
  readonly host: RemoteHost | undefined;
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

  /** The set for the host that the configuration is narrowed for, or for the socket here that it names now. */
  for(loaded: LoadedConfig): Terminals {
    const { host, config } = loaded;
    if (host !== undefined) return this.#onHost(host, config.hosts[host] as HostConfig);
    const { env, defaultSocket } = this.#options;
    const name = config.tmux.socket_name;
    const path = config.tmux.socket_path ?? (name === null ? defaultSocket : null);
    return this.#known(`${path ?? ''}\n${name ?? ''}`, () => {
      const tmux = new TmuxServer({ transport: new LocalTransport(env), ...socketOf(path, name) });
      return this.#make(tmux, undefined, path ?? name ?? 'default');
    });
  }

  #onHost(name: string, config: HostConfig): Terminals {
    // A host that the file describes otherwise is another one.
    const { ssh, command, tmux: over } = config;
    return this.#known(`host ${name}\n${JSON.stringify([ssh, command, over])}`, () => {
      const host = new RemoteHost(name, config, this.#options.env);
      const { program, socket_path: path, socket_name: socket } = over;
      const tmux = new TmuxServer({ transport: host, command: [program], ...socketOf(path, socket) });
      return this.#make(tmux, host, path ?? socket ?? 'default');
    });
  }

  #known(key: string, make: () => Terminals): Terminals {
    const known = this.#open.get(key) ?? make();
    this.#open.set(key, known);
    return known;
  }

  #make(tmux: TmuxServer, host: RemoteHost | undefined, socket: string): Terminals {
    const { env, catalog, shelf, stateDir } = this.#options;
    const machine = host
      ? new RemoteMachine(host, join(stateDir, 'hosts', host.host, 'copies'))
      : new LocalMachine(env);
    const terminal = { tmux, machine, streams: new PaneStreams(tmux) };
    const engine = new Engine(catalog, shelf);
    const store = new SessionStore(stateDir, host?.host);
    const sessions = new Sessions(engine, store, new Drivers(engine, store, machine), machine);
    return { tmux, host, terminal, gate: new Gate(terminal), engine, sessions, socket };
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map(({ tmux, host }) => tmux.close().then(() => host?.close())));
  }
}

function socketOf(path: string | null, name: string | null): { socketPath?: string; socketName?: string } {
  if (path !== null) return { socketPath: path };
  return name === null ? {} : { socketName: name };
}
