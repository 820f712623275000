/** How Claude Code (2.1.329) writes down its own commands: `/context`, `/compact`, a custom `/review`. */

const NAME = /<command-name>(\/[^<]*)<\/command-name>/;
const ARGS = /<command-args>([\s\S]*?)<\/command-args>/;
const OUTPUT = /^<local-command-std(?:out|err)>([\s\S]*)<\/local-command-std(?:out|err)>\s*$/;
const SGR = /\x1b\[[\d;:]*m/g;

export interface Command {
  /** As it was typed. */
  readonly text: string;
  /** Carried out by the program itself; otherwise it stands for a prompt to the model. */
  readonly local: boolean;
}

export function readCommand(text: string): Command | undefined {
  const local = text.startsWith('<command-name>');
  const name = local || text.startsWith('<command-message>') ? NAME.exec(text)?.[1] : undefined;
  if (name === undefined) return undefined;
  return { text: `${name} ${ARGS.exec(text)?.[1] ?? ''}`.trimEnd(), local };
}

/** What a command of the program's own printed, without colours. */
export function readOutput(text: string): string | undefined {
  return OUTPUT.exec(text)?.[1]?.replace(SGR, '').trim();
}

/** The command that the program says it does not know. */
export function unknownCommand(notice: string): string | undefined {
  return /^Unknown command: (\/\S*)/.exec(notice)?.[1];
}
