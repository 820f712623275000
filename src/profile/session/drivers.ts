/** Which driver serves which profile, and how each profile's program is started. */
import { AgentDriver } from '../agent/driver.js';
import { launchAgent } from '../agent/launch.js';
import type { AgentFacts, Profile } from '../contract.js';
import type { Engine } from '../engine.js';
import type { Driver } from './driver.js';
import { ProgramDriver } from './program-driver.js';
import type { SessionRecord } from './record.js';
import type { Launch, SessionDrivers } from './sessions.js';
import type { SessionStore } from './store.js';

export class Drivers implements SessionDrivers {
  readonly #engine: Engine;
  readonly #store: SessionStore;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #program: ProgramDriver;
  readonly #agents = new Map<Profile, AgentDriver>();

  /** @param env of the programs that are started, as far as it can be known before */
  constructor(engine: Engine, store: SessionStore, env: Readonly<Record<string, string | undefined>>) {
    this.#engine = engine;
    this.#store = store;
    this.#env = env;
    this.#program = new ProgramDriver(engine, store);
  }

  for(profile: Profile): Driver {
    if (!isAgent(profile)) return this.#program;
    let driver = this.#agents.get(profile);
    if (!driver) {
      driver = new AgentDriver(
        profile,
        this.#store,
        this.#engine.catalog,
        this.#engine.activities,
        this.#env,
      );
      this.#agents.set(profile, driver);
    }
    return driver;
  }

  launch(record: SessionRecord, profile: Profile): Launch {
    return isAgent(profile)
      ? launchAgent(record, profile, this.#store, this.#env)
      : { argv: [...(profile.launch ?? []), ...record.args], env: {} };
  }
}

function isAgent(profile: Profile): profile is Profile & { readonly agent: AgentFacts } {
  return profile.agent !== undefined;
}
