/**
 * A stage for the demo and the benchmarks: a private tmux server in a directory of its own, a configuration
 * that names its socket, and the built Panewright behind a real MCP client over stdio. Nothing outside that
 * directory is touched, and all of it goes when the stage is struck.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { root } from './install.mjs';

const execFileAsync = promisify(execFile);

/** bash without the startup files of whoever runs this. */
export const PLAIN_BASH = ['bash', '--norc', '--noprofile'];

export const CLI = join(root, 'dist/cli.js');

export class Stage {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'pw-'));
  socket = join(this.directory, 's');
  home = join(this.directory, 'home');
  configFile = join(this.directory, 'config.json');
  tmuxArgs = ['-u', '-S', this.socket, '-f', '/dev/null'];
  env = {
    HOME: this.home,
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    SHELL: '/bin/sh',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    PS1: '$ ',
  };
  #clients = [];

  constructor(config = {}) {
    mkdirSync(this.home);
    this.configure(config);
    this.onSignal = () => void this.strike().finally(() => process.exit(130));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, this.onSignal);
  }

  configure(config) {
    const whole = { write_enabled: true, tmux: { socket_path: this.socket }, ...config };
    writeFileSync(this.configFile, JSON.stringify(whole, null, 2));
  }

  /** One tmux command in a process of its own; returns what it printed. */
  async tmux(...args) {
    const options = { env: this.env, maxBuffer: 1 << 28 };
    const { stdout } = await execFileAsync('tmux', [...this.tmuxArgs, ...args], options);
    return stdout.trimEnd();
  }

  async newSession(name, { width = 80, height = 24 } = {}) {
    const size = ['-x', String(width), '-y', String(height)];
    await this.tmux('new-session', '-d', '-s', name, ...size, '-c', this.home, '--', ...PLAIN_BASH);
  }

  /** Starts a Panewright and shakes hands with it. */
  async connect() {
    const client = new Client({ name: 'panewright-stage', version: '1' });
    const args = [CLI, '--config', this.configFile];
    const transport = new StdioClientTransport({
      command: process.execPath,
      args,
      env: this.env,
      stderr: 'ignore',
    });
    this.#clients.push(client);
    await client.connect(transport);
    const call = (name, args = {}) =>
      client.callTool({ name, arguments: args }, CallToolResultSchema, { timeout: 600_000 });
    return { call, pid: transport.pid, close: () => client.close() };
  }

  /** Ends the clients, their servers, the tmux server and everything in it. */
  async strike() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, this.onSignal);
    await Promise.allSettled(this.#clients.map((client) => client.close()));
    const pids = await this.tmux('list-panes', '-a', '-F', '#{pane_pid}').catch(() => '');
    await this.tmux('kill-server').catch(() => undefined);
    // Shells that are hung up still write their history: only then may their home be removed.
    for (const pid of pids.split('\n').filter(Boolean)) await gone(Number(pid));
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** The structured result of a call that must have succeeded. */
export function structured(result) {
  if (result.isError) throw new Error(result.content[0]?.text ?? 'a call failed without a word');
  return result.structuredContent;
}

/** Resolves when a process has ended, or after five seconds; nothing announces that. */
async function gone(pid) {
  for (let tries = 0; tries < 250; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
