/**
 * What a fault is measured by: a call ends in time with a true answer or a known error, and after the fault the
 * next call on the same thing works.
 */
import { expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ERRORS } from '../../src/errors.js';
import { textOf, type Json } from '../support/client.js';
import { TestServer, type ServerOptions } from '../support/server.js';
import type { PrivateTmux } from '../support/tmux.js';

/** How long a call may go on after a fault has met it, in milliseconds. */
export const IN_TIME = 3_000;

export interface Ending {
  readonly isError: boolean;
  /** The structured result of a call that succeeded. */
  readonly result: Json;
  /** The error text of one that did not. */
  readonly text: string;
  /** Milliseconds from when it was asked for its ending. */
  readonly after: number;
}

export interface Running {
  /** Waits for the end; `after` counts from this moment, when the fault has happened. */
  ending(): Promise<Ending>;
}

export class Bench {
  private constructor(readonly server: TestServer) {}

  static async start(options: ServerOptions = {}): Promise<Bench> {
    const server = await TestServer.start(options);
    await server.client.mcp.listTools();
    return new Bench(server);
  }

  get tmux(): PrivateTmux {
    return this.server.tmux;
  }

  call(tool: string, args: Json): Promise<Json> {
    return this.server.client.call(tool, args);
  }

  /** Starts a call that a fault is to meet. */
  begin(tool: string, args: Json): Running {
    const answer = this.server.client.raw(tool, args);
    answer.catch(() => undefined);
    return {
      ending: async () => {
        const began = performance.now();
        const result = await answer;
        const ending = {
          isError: result.isError === true,
          result: result.structuredContent ?? {},
          text: textOf(result),
          after: performance.now() - began,
        };
        if (ending.isError) expect(Object.keys(ERRORS)).toContain(ending.text.split(':')[0]);
        expect(ending.text).not.toMatch(/^INTERNAL/);
        return ending;
      },
    };
  }

  /** A call from beginning to end. */
  ending(tool: string, args: Json): Promise<Ending> {
    return this.begin(tool, args).ending();
  }

  /** A session whose shell has been used once, so that its control client is attached. */
  async seat(session: string): Promise<string> {
    const pane = await this.tmux.newSession(session);
    await this.works(session);
    return pane;
  }

  /** The proof that all is well again. */
  async works(session: string, more: Json = {}): Promise<void> {
    const word = `works-${Math.random().toString(36).slice(2, 8)}`;
    const done = await this.call('execute', { session, command: `echo ${word}`, timeout: 30, ...more });
    expect(done).toMatchObject({ state: 'completed', exit_code: 0, output_lines: [word] });
  }

  /** Process ids of the server's control clients. */
  controlClients(): number[] {
    return childrenOf(this.server.client.pid);
  }

  /** Starts an `execute` that waits for a channel; resolves when its command runs. */
  async running(session: string, more: Json = {}): Promise<Running & { readonly go: () => Promise<void> }> {
    const name = `c${Math.random().toString(36).slice(2)}`;
    const tmux = `tmux -S ${this.tmux.socket}`;
    const command = `${tmux} wait-for -S ${name}; ${tmux} wait-for ${name}-go; echo done-${name.length}`;
    const call = this.begin('execute', { session, command, timeout: 15, ...more });
    await this.tmux.channel(name);
    return { ...call, go: () => this.tmux.run('wait-for', '-S', `${name}-go`).then(() => undefined) };
  }

  async close(): Promise<void> {
    await this.tmux.end();
    await this.server.close();
  }
}

export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

export async function serverPid(tmux: PrivateTmux): Promise<number> {
  return Number(await tmux.run('display-message', '-p', '#{pid}'));
}
