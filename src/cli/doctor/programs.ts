/** Programs that the profiles know: where they are, and in which version, without starting any of them. */
import { readFileSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import type { Env } from '../../config/env.js';
import { isExecutable } from '../../panes/machine.js';
import { ProfileCatalog } from '../../profile/catalog.js';
import type { Profile } from '../../profile/contract.js';
import { good, note, wrong, type Finding } from './check.js';

/** Version of the agent that the tests drive; `tests/claude/package.json` pins the same. */
export const TESTED_AGENT = '2.1.329';

export function whereIs(program: string, env: Env): string | undefined {
  const places = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return places.map((folder) => join(folder, program)).find(isExecutable);
}

export function checkShells(profiles: readonly Profile[], env: Env): Finding[] {
  const shells = profiles.filter(({ shell }) => shell);
  const commands = shells.flatMap((profile) => profile.commands);
  // The names of files: without those of login shells (`-bash`), and `ksh` for `ksh*`.
  const known = commands.filter((name) => !name.startsWith('-')).map((name) => name.replace('*', ''));
  const found = known.filter((name) => whereIs(name, env) !== undefined);
  const mine = basename(env['SHELL'] ?? '');
  const first =
    found.length > 0
      ? good('shells', `${found.join(', ')}: the end of a command is known exactly`)
      : wrong('shells', `none of ${known.join(', ')} is on PATH`, 'Install one of them.');
  const alien = mine !== '' && !new ProfileCatalog(shells).forCommand(mine);
  return alien
    ? [
        first,
        note(
          'shells',
          `your shell, ${mine}, cannot mark its prompts; the screen decides there`,
          `For exact results give panes one of ${known.join(', ')}.`,
        ),
      ]
    : [first];
}

export function checkAgents(profiles: readonly Profile[], env: Env): Finding[] {
  return profiles
    .filter(({ agent }) => agent)
    .flatMap(({ name, launch }) => {
      const program = launch?.[0] ?? name;
      const file = whereIs(program, env);
      if (file === undefined)
        return [
          note(name, `${program} is not on PATH`, 'Install it to use session_start with this profile.'),
        ];
      return [judgeVersion(name, file)];
    });
}

function judgeVersion(name: string, file: string): Finding {
  const version = versionOf(file);
  if (version === undefined)
    return note(
      name,
      `${file}, of an unknown version; tested: ${TESTED_AGENT}`,
      `Compare it with \`${basename(file)} --version\`.`,
    );
  if (version === TESTED_AGENT) return good(name, `${file}, ${version}, which is the tested version`);
  const order = compare(version, TESTED_AGENT) < 0 ? 'older' : 'newer';
  return note(
    name,
    `${file}, ${version}, ${order} than the tested ${TESTED_AGENT}`,
    order === 'older'
      ? 'Update it if dialogs or answers are misread.'
      : 'If dialogs are misread, please report it.',
  );
}

/** By the name of the file, as its own installer names it, or by the package that the file lies in. */
export function versionOf(file: string): string | undefined {
  const real = realpathSync(file);
  if (/^\d+\.\d+\.\d+/.test(basename(real))) return basename(real);
  let folder = dirname(real);
  for (let steps = 0; steps < 4; steps++, folder = dirname(folder)) {
    try {
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        version?: unknown;
      };
      if (typeof version === 'string') return version;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

function compare(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split('.').map((part) => parseInt(part, 10)));
  const at = [0, 1, 2].find((index) => x?.[index] !== y?.[index]) ?? 0;
  return (x?.[at] ?? 0) - (y?.[at] ?? 0);
}
