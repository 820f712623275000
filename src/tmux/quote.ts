/**
 * The only quoting. Turns argument lists into one line of tmux command language, so that a caller's text is
 * always one literal argument. Grammar: tmux(1), PARSING SYNTAX.
 */

/** A tmux command: its name and literal arguments. */
export type Command = readonly [name: string, ...args: string[]];

const PLAIN = /^[A-Za-z0-9_@%+,./:-]+$/;

const CONTROL = /[\x00-\x1f\x7f]/;

/** One argument, literal. Throws on NUL, which no tmux argument can carry. */
export function quote(argument: string): string {
  if (PLAIN.test(argument) && !argument.startsWith('%')) return argument;
  // Inside single quotes nothing is special, and nothing escapes one: that stands, escaped, between two quoted parts.
  if (!CONTROL.test(argument)) return `'${argument.replaceAll("'", "'\\''")}'`;
  if (argument.includes('\0')) throw new RangeError('a tmux argument cannot contain NUL');
  // Inside double quotes backslash, dollar, the quote itself and a tilde behind it are special; octal carries the
  // control bytes.
  const escaped = argument
    .replace(/[\\"$~]/g, '\\$&')

    .replace(/[\x00-\x1f\x7f]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return `"${escaped}"`;
}

/** Commands as one line; tmux runs them in order and drops the rest when one fails. */
export function commandLine(commands: readonly Command[]): string {
  return commands.map((command) => command.map(quote).join(' ')).join(' ; ');
}

/** Escapes a literal for use inside a format comparison: `#`, `,` and `}` are syntax there. */
export function formatLiteral(text: string): string {
  return text.replace(/[#,}]/g, '#$&');
}
