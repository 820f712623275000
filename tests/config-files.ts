/** A home directory of its own for tests of the configuration, with files that are old enough to be settled. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Env } from '../src/config/env.js';
import { ConfigSource, type SourceOptions } from '../src/config/source.js';
import { freshDirectory } from './support/run-dir.js';

export class Home {
  readonly directory = freshDirectory();
  readonly policy = join(this.directory, 'etc/policy.json');

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a file below the home, as JSON unless it is text already. Returns its path. */
  write(name: string, content: unknown): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  /** The user's file at its usual place. */
  config(content: unknown): string {
    return this.write('.config/panewright/config.json', content);
  }

  /** Makes a file look as if written a minute ago, so that the source trusts its stamp. */
  age(path: string): void {
    const then = Date.now() / 1000 - 60;
    utimesSync(path, then, then);
  }

  source(options: SourceOptions = {}, env: Env = {}): ConfigSource {
    return new ConfigSource({
      machinePolicy: this.policy,
      ...options,
      env: { HOME: this.directory, ...env },
    });
  }
}
