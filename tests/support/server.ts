/**
 * The whole thing as a user has it: a private tmux server, a configuration file that names its socket, the
 * built Panewright and a client that talks to it. Everything lives in the private server's directory.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestClient } from './client.js';
import { FAR, farConfig, leaveFar, reachFar } from './far.js';
import { cleanEnvironment, PrivateTmux } from './tmux.js';

export interface ServerOptions {
  /** Keys of the configuration file besides the socket; writing is on unless told. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More arguments of the server. */
  readonly args?: readonly string[];
  /** More variables for the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** An existing private tmux server; it then outlives this one. */
  readonly tmux?: PrivateTmux;
  /** Name that the client introduces itself with. */
  readonly clientName?: string;
}

export class TestServer {
  private constructor(
    readonly tmux: PrivateTmux,
    readonly client: TestClient,
    readonly configFile: string,
    readonly ownsTmux: boolean,
    /** Whether tmux is on another host, as far as Panewright knows. */
    readonly isFar: boolean,
  ) {}

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const tmux = options.tmux ?? new PrivateTmux();
    const isFar = await reachFar();
    const configFile = join(tmux.directory, `config-${String(++configFiles)}.json`);
    writeConfig(configFile, tmux, options.config);
    const client = await TestClient.start({
      args: ['--config', configFile, ...(options.args ?? [])],
      env: { ...cleanEnvironment(tmux.home), ...options.env },
      cwd: tmux.home,
      host: isFar ? FAR : undefined,
      ...(options.clientName === undefined ? {} : { name: options.clientName }),
    });
    return new TestServer(tmux, client, configFile, options.tmux === undefined, isFar);
  }

  /** What an argument list needs besides to mean this tmux, for clients that do not add it themselves. */
  get there(): { readonly host?: string } {
    return this.isFar ? { host: FAR } : {};
  }

  /** Replaces the configuration file in one step, as an editor does. */
  configure(config: Readonly<Record<string, unknown>>): void {
    writeConfig(this.configFile, this.tmux, config);
  }

  /** Ends the server, and the private tmux when it was made for it. */
  async close(): Promise<void> {
    await this.client.close();
    if (this.ownsTmux) await this.tmux.dispose();
    if (this.isFar) await leaveFar();
  }
}

let configFiles = 0;

function writeConfig(file: string, tmux: PrivateTmux, config: Readonly<Record<string, unknown>> = {}): void {
  const whole = {
    write_enabled: true,
    ...(farConfig(tmux.socket) ?? { tmux: { socket_path: tmux.socket } }),
    ...config,
  };
  writeFileSync(`${file}.new`, JSON.stringify(whole));
  renameSync(`${file}.new`, file);
}
