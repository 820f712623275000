/** Which driver serves which profile, and how each profile's program is started. */
import { AgentDriver } from '../agent/driver.js';
import { launchAgent, launchSite, type LaunchSite } from '../agent/launch.js';
import type { Machine } from '../../panes/machine.js';
import type { AgentFacts, Profile } from '../contract.js';
import type { Engine } from '../engine.js';
import type { Driver, Launch } from './driver.js';
import { ProgramDriver } from './program-driver.js';
import type { SessionRecord } from './record.js';
import type { SessionDrivers } from './sessions.js';
import type { SessionStore } from './store.js';

export class Drivers implements SessionDrivers {
  readonly #engine: Engine;
  readonly #store: SessionStore;
  readonly #machine: Machine;
  readonly #program: ProgramDriver;
  readonly #agents = new Map<Profile, AgentDriver>();

  /** @param machine on which the programs run */
  constructor(engine: Engine, store: SessionStore, machine: Machine) {
    this.#engine = engine;
    this.#store = store;
    this.#machine = machine;
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
        this.#machine,
      );
      this.#agents.set(profile, driver);
    }
    return driver;
  }

  async site(record: SessionRecord, profile: Profile): Promise<LaunchSite | undefined> {
    return isAgent(profile) ? launchSite(record, profile, this.#store, this.#machine) : undefined;
  }

  launch(record: SessionRecord, profile: Profile, site: LaunchSite | undefined): Launch {
    return isAgent(profile) && site
      ? launchAgent(record, profile, site)
      : { argv: [...(profile.launch ?? []), ...record.args], env: {} };
  }
}

function isAgent(profile: Profile): profile is Profile & { readonly agent: AgentFacts } {
  return profile.agent !== undefined;
}
