/** `panewright profile test FILE`: whether the server would take a profile, and what it would know by it. */
import { resolve } from 'node:path';
import { readGuarded, stampOf } from '../config/file.js';
import type { Profile } from '../profile/contract.js';
import { ProfileLoader } from '../profile/load.js';
import { painter } from './paint.js';
import type { Runner } from './runner.js';

export const profileTest: Runner = async ({ words }) => {
  const paint = painter(process.stdout);
  let failed = 0;
  for (const word of words) {
    const path = resolve(word);
    const loader = new ProfileLoader({
      builtin: [],
      // The file itself again: no other folder has a say in whether it is good.
      folder: path,
      files: { stamp: stampOf, read: readGuarded },
      log: () => undefined,
    });
    const { profiles, problems } = await loader.load([path]);
    failed += problems.length;
    for (const { text } of problems) process.stdout.write(`${paint('red', 'wrong')}  ${text}\n`);
    for (const profile of profiles) process.stdout.write(`${paint('green', 'good')}   ${summary(profile)}\n`);
    if (profiles.length + problems.length > 0) continue;
    failed += 1;
    process.stdout.write(`${paint('red', 'wrong')}  ${path}: holds no profile\n`);
  }
  return failed === 0 ? 0 : 1;
};

function summary({ name, commands, launch, shell, repl, agent }: Profile): string {
  const kinds = [shell && 'shell', repl && `prompt ${repl.prompt}`, agent && 'agent']
    .filter(Boolean)
    .join(', ');
  const start = launch ? `started as ${JSON.stringify(launch)}` : 'cannot be started by session_start';
  return `${name}: recognised as ${commands.join(', ')}; ${kinds || 'no prompt is known'}; ${start}`;
}
