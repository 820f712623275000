/**
 * The configuration as it stands now. Asked at the start of every call, it looks whether a file changed (a few
 * stat calls) and reads again only then. Whatever goes wrong closes the door: writing off, a reason for people.
 */
import { dirname } from 'node:path';
import { processEnv, type Env } from './env.js';
import { lookup, readGuarded, readSettled, stampOf, type Lookup } from './file.js';
import { combine, type Layer } from './layers.js';
import { isYaml, parseJson, parseYaml } from './parse.js';
import { ConfigProblem } from './problem.js';
import type { ConfigReader, LoadedConfig } from './schema.js';
import type { Flags } from './text.js';

/** Where the administrator of a machine narrows what its users' configurations may allow. */
export const MACHINE_POLICY = '/etc/panewright/policy.json';

/**
 * A file written less than this many ms ago is not settled: the clock of a file system is coarse, so a second
 * write of the same size would leave no trace.
 */
const SETTLED_MS = 100;

export interface SourceOptions {
  /** Value of `--config`. */
  readonly configFlag?: string | undefined;
  readonly flags?: Flags;
  readonly env?: Env;
  /** Replaced in tests only. */
  readonly machinePolicy?: string;
}

/** The files that exist now, and what would change if one of them did. */
interface Found {
  readonly file: string | null;
  readonly policies: readonly string[];
  readonly stamps: string;
}

export class ConfigSource implements ConfigReader {
  readonly #env: Env;
  readonly #flags: Flags;
  readonly #lookup: Lookup;
  readonly #policies: readonly string[];
  #stamps = '';
  #unsettledUntil = 0;
  #loaded: Promise<LoadedConfig> | undefined;
  #lastGood: LoadedConfig | undefined;

  constructor(options: SourceOptions = {}) {
    this.#env = options.env ?? processEnv();
    this.#flags = options.flags ?? {};
    this.#lookup = lookup(options.configFlag, this.#env);
    const named = this.#env['PANEWRIGHT_POLICY'];
    // The variable adds a policy; it does not replace the machine's, or it could be used to widen.
    this.#policies = [
      options.machinePolicy ?? MACHINE_POLICY,
      ...(named !== undefined && named !== '' ? [named] : []),
    ];
  }

  current(): Promise<LoadedConfig> {
    const found = this.#find();
    if (this.#loaded && found.stamps === this.#stamps && Date.now() > this.#unsettledUntil)
      return this.#loaded;
    this.#stamps = found.stamps;
    const reading = this.#read(found);
    this.#loaded = reading;
    // What is mended may leave no trace in the file: the rights of a folder on the way to it.
    void reading.then(({ invalid }) => {
      if (invalid !== undefined && this.#loaded === reading) this.#loaded = undefined;
    });
    return reading;
  }

  #find(): Found {
    const seen: string[] = [];
    const exists = (path: string): boolean => {
      const stamp = stampOf(path);
      seen.push(stamp ?? '-');
      return stamp !== null;
    };
    const file = this.#lookup.paths.find(exists) ?? null;
    const policies = this.#policies.filter(exists);
    return { file, policies, stamps: seen.join(' ') };
  }

  async #read({ file, policies, stamps }: Found): Promise<LoadedConfig> {
    const [first = ''] = this.#lookup.paths;
    const path = file ?? (this.#lookup.explicit ? first : null);
    const about = {
      path,
      editPath: path ?? first,
      policyPath: policies.length > 0 ? policies.join(', ') : null,
    };
    try {
      this.#refuseVanished(path, policies);
      const layers: Layer[] = [];
      for (const policy of policies) layers.push({ path: policy, data: await this.#data(policy) });
      const mine = path === null ? undefined : { path, data: await this.#data(path) };
      const loaded = { ...about, ...combine(mine, this.#env, this.#flags, layers) };
      // A slow read that a newer one has overtaken is for its own caller only.
      if (stamps === this.#stamps) this.#lastGood = loaded;
      return loaded;
    } catch (error) {
      const reason = error instanceof ConfigProblem ? error.message : `unexpected: ${String(error)}`;
      return this.#closed(about, reason);
    }
  }

  /** Deleting a file must not lift the limits that it set; a restart shows that it was meant. */
  #refuseVanished(path: string | null, policies: readonly string[]): void {
    const before = this.#lastGood;
    const advice = 'was removed; put it back, or restart the server to do without';
    const mine = before?.path ?? null;
    // config.json replaced by config.yaml beside it is a change of mind; falling back to another folder is not.
    const isElsewhere = mine !== null && (path === null || dirname(mine) !== dirname(path));
    if (isElsewhere && stampOf(mine) === null) throw new ConfigProblem(mine, advice);
    const gone = before?.policy.find((policy) => !policies.includes(policy.path));
    if (gone) throw new ConfigProblem(gone.path, advice);
  }

  async #data(path: string): Promise<unknown> {
    if (isYaml(path)) return parseYaml(path, (await readSettled(path)).text);
    const { text, modified } = readGuarded(path);
    this.#unsettledUntil = Math.max(this.#unsettledUntil, modified + SETTLED_MS);
    return parseJson(path, text);
  }

  #closed(about: Pick<LoadedConfig, 'path' | 'editPath' | 'policyPath'>, invalid: string): LoadedConfig {
    const basis = this.#lastGood ?? { ...combine(undefined, {}, {}), sealed: true };
    return { ...basis, ...about, config: { ...basis.config, write_enabled: false }, invalid };
  }
}
