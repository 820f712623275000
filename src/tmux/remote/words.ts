/** The only quoting for shells of other machines. */

/** One word for a POSIX sh that we have started. Throws on NUL, which no argument can carry. */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new RangeError('an argument cannot contain NUL');
  return /^[A-Za-z0-9_@+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * One line for the login shell of whoever logs in, which ssh hands its words to, joined. That may be any shell:
 * a backslash before a punctuation character and a newline in single quotes mean the same to all of them.
 */
export function loginLine(argv: readonly string[]): string {
  return argv.map(loginWord).join(' ');
}

function loginWord(text: string): string {
  if (text === '') return "''";
  return text.replace(/[^A-Za-z0-9_@+:,./\-\u0080-\u{10ffff}]/gu, (c) => (c === '\n' ? "'\n'" : `\\${c}`));
}
