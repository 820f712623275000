/**
 * The whole product on the real Claude Code: the built server, a real MCP client, a tmux server in a namespace
 * that has loopback only, and the scripted API behind it.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bed, type Renderer } from '../claude/harness.js';
import { TestClient, type CallOptions, type Json } from '../support/client.js';

export class Stage {
  private constructor(
    readonly bed: Bed,
    readonly client: TestClient,
    readonly path: string,
  ) {}

  /** As Bed.open. */
  static async open(policy?: object, renderer?: Renderer): Promise<Stage> {
    const bed = await Bed.open(policy, renderer);
    const bin = join(bed.dir, 'bin');
    mkdirSync(bin);
    symlinkSync(bed.binary, join(bin, 'claude'));
    const path = `${bin}:${process.env['PATH'] ?? ''}`;
    await bed.tmux('set-environment', '-g', 'PATH', path);
    return new Stage(bed, await connect(bed, path), path);
  }

  /** Another server process on the same tmux and the same state, as every MCP client starts its own. */
  another(): Promise<TestClient> {
    return connect(this.bed, this.path);
  }

  /** The folder in which a session and its program exchange files. */
  spool(session: string): string {
    return join(this.bed.dir, 'state/panewright/sessions', `${session}.spool`);
  }

  /** What the pane of a session shows. */
  screen(session: string): Promise<string> {
    return this.bed.tmux('capture-pane', '-p', '-t', `=${session}:`);
  }

  call(name: string, args: Json = {}, options: CallOptions = {}): Promise<Json> {
    return this.client.call(name, args, options);
  }

  /** Starts a session in the bed's trusted working directory. */
  start(name: string, more: Json = {}): Promise<Json> {
    return this.call('session_start', { name, working_dir: join(this.bed.dir, 'work'), ...more });
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.bed.close();
  }
}

async function connect(bed: Bed, path: string): Promise<TestClient> {
  const config = join(bed.dir, 'panewright.json');
  writeFileSync(config, JSON.stringify({ write_enabled: true, tmux: { socket_path: bed.socket } }));
  return TestClient.start({
    args: ['--config', config],
    env: { PATH: path, HOME: bed.home, XDG_STATE_HOME: join(bed.dir, 'state'), LANG: 'C.UTF-8' },
    cwd: bed.home,
  });
}
