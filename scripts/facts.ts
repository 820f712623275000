/** What scripts/docs.mjs repeats in the docs, as the code itself has it. */
import * as z from 'zod';
import { LEAVES } from '../src/config/leaves.js';
import { ConfigSchema } from '../src/config/schema.js';
import { commentedYaml } from '../src/cli/commented.js';

export { ERRORS } from '../src/errors.js';
export { LEAVES, setAt } from '../src/config/leaves.js';
export { COMMAND_NAMES } from '../src/cli/commands.js';
export { profileJsonSchema } from '../src/profile/schema.js';

/** Every key, set to its default. */
export const exampleYaml = (): string =>
  commentedYaml(ConfigSchema.parse({}), new Set(LEAVES.map(({ path }) => path)));

/** The schema of the configuration, for editors and docs. */
export function configJsonSchema(): object {
  const schema = z.toJSONSchema(ConfigSchema, {
    io: 'input',
    // What the code knows of a key beside its description.
    override: ({ jsonSchema }) => {
      delete jsonSchema['narrowing'];
      delete jsonSchema['path'];
    },
  });
  const $schema = { type: 'string', description: 'Path or address of config.schema.json, for editors.' };
  return { title: 'Panewright configuration', ...schema, properties: { $schema, ...schema.properties } };
}
