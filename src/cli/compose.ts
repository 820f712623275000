/**
 * The composition root: the one place that knows all the rooms. Called at the first request that needs a tool,
 * so what is imported here costs nothing before `initialize` is answered.
 */
import { join } from 'node:path';
import { childEnv, configHome, processEnv, stateDir, surroundingSocket } from '../config/env.js';
import { readGuarded, stampOf } from '../config/file.js';
import { ConfigSource } from '../config/source.js';
import { strayVariables, type Flags } from '../config/text.js';
import { builtinProfiles } from '../../profiles/index.js';
import type { Toolbox } from '../tools/toolbox.js';

export interface ComposeOptions {
  readonly version: string;
  /** Value of `--config`. */
  readonly config: string | undefined;
  readonly flags: Flags;
  readonly log: (line: string) => void;
}

export async function composeToolbox({ version, config, flags, log }: ComposeOptions): Promise<Toolbox> {
  for (const name of strayVariables(processEnv())) log(`[panewright] ${name} is set but means nothing`);
  const { createToolbox } = await import('../tools/index.js');
  const { ProfileLoader } = await import('../profile/load.js');
  const source = new ConfigSource({ configFlag: config, flags });
  return createToolbox({
    config: source,
    version,
    stateDir: stateDir(),
    profiles: new ProfileLoader({
      builtin: builtinProfiles,
      folder: join(configHome(), 'panewright', 'profiles'),
      files: { stamp: stampOf, read: readGuarded },
      log,
    }),
    env: childEnv(),
    defaultSocket: surroundingSocket(),
    log,
  });
}
