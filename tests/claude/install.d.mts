/** Types of the plain JavaScript beside it, so that `node install.mjs` needs no build. */

/** The version of Claude Code under test, as package.json pins it. */
export const version: string;
/** Where the binary is once installed. */
export const binary: string;
/** Installs the binary unless this very version is there already; returns its path. */
export function install(): string;
