/** The profiles in force, by name and by what runs in a pane. */
import type { PanewrightError } from '../errors.js';
import type { Machine } from '../panes/machine.js';
import type { PaneRow } from '../tmux/formats.js';
import type { Profile } from './contract.js';
import type { LoadedProfiles } from './load.js';

export class ProfileCatalog {
  #profiles: readonly Profile[];
  /** What is wrong with the files of profiles that are not in force. */
  problems: readonly PanewrightError[] = [];

  /** @param profiles earlier ones win */
  constructor(profiles: readonly Profile[] = []) {
    this.#profiles = profiles;
  }

  /** Takes over what has been loaded anew. */
  use({ profiles, problems }: LoadedProfiles): void {
    this.#profiles = profiles;
    this.problems = problems;
  }

  all(): readonly Profile[] {
    return this.#profiles;
  }

  named(name: string): Profile | undefined {
    return this.#profiles.find((profile) => profile.name === name);
  }

  /** The one that sessions are started with when none is named. */
  defaultProfile(): Profile | undefined {
    return (
      this.#profiles.find((profile) => profile.agent) ?? this.#profiles.find((profile) => profile.launch)
    );
  }

  /** The profile of a program, by the name of its process. */
  forCommand(command: string): Profile | undefined {
    // A login shell's name starts with a dash.
    const name = command.replace(/^-/, '');
    return this.#profiles.find((profile) => profile.commands.some((known) => matches(known, name)));
  }

  /** The profile of what runs in a pane, looking behind a shell that was only started to run it. */
  async ofPane(
    row: Pick<PaneRow, 'command' | 'pid' | 'tty'>,
    machine: Pick<Machine, 'programs'>,
  ): Promise<Profile | undefined> {
    const profile = this.forCommand(row.command);
    if (!profile?.shell) return profile;
    const names = await machine.programs(row);
    const [inner, ...outer] = names.map((name) => this.forCommand(name));
    if (inner && !inner.shell) return inner;
    // What a program itself has started, a shell often, is no sign that the program has ended.
    const program = outer.find((one) => one !== undefined && !one.shell && one.carrier !== true);
    return program ?? (names[0] === row.command ? profile : (inner ?? profile));
  }

  /** The same by name alone, without the programs that only lead to others. */
  programOf(command: string): Profile | undefined {
    const profile = this.forCommand(command);
    return profile?.carrier === true ? undefined : profile;
  }

  /** The shell that has set one of the version variables, given in the order of `versionVariables`. */
  forVersions(versions: readonly string[]): Profile | undefined {
    const index = versions.findIndex((version) => version !== '');
    const variable = index < 0 ? undefined : this.versionVariables()[index];
    return this.#profiles.find((profile) => profile.shell && profile.shell.versionVariable === variable);
  }

  versionVariables(): string[] {
    return this.#profiles.flatMap((profile) => profile.shell?.versionVariable ?? []);
  }
}

function matches(known: string, name: string): boolean {
  return known.endsWith('*') ? name.startsWith(known.slice(0, -1)) : name === known;
}
