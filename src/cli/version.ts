/** The version, written into the bundle when it is built. */
declare const PANEWRIGHT_VERSION: string | undefined;

/** `0.1.0`; `0.0.0-source` when the sources are run without a build. */
export const VERSION = typeof PANEWRIGHT_VERSION === 'string' ? PANEWRIGHT_VERSION : '0.0.0-source';
