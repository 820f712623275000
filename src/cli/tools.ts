/** `panewright tools`: what clients are offered. */
import { composeToolbox } from './compose.js';
import { painter } from './paint.js';
import type { Runner } from './runner.js';

export const listTools: Runner = async ({ config, flags, options }, program) => {
  const toolbox = await composeToolbox({ ...program, config, flags });
  const tools = await toolbox.list();
  await toolbox.close();
  const paint = painter(process.stdout);
  const lines = tools.map(({ name, description, annotations, inputSchema }) => {
    const access = annotations.readOnlyHint ? 'read' : annotations.destructiveHint ? 'destroy' : 'write';
    const names = Object.keys(inputSchema['properties'] ?? {}).join(', ');
    return `${paint('bold', name)} ${paint('dim', `(${access}) ${names}`)}\n  ${description}\n`;
  });
  process.stdout.write(options.has('json') ? `${JSON.stringify(tools, null, 2)}\n` : lines.join('\n'));
  return 0;
};
