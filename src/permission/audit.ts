/**
 * The audit log: one JSON line per attempted write, allowed or refused, before anything is typed. It holds the
 * size and digest of a text, never the text. Appended line by line with O_APPEND, so several servers may share a
 * file; rotated by size (`audit.log.1` is the newest of the old ones).
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { PanewrightError, type ErrorCode } from '../errors.js';
import { otherWriter } from '../ownership.js';
import type { LoadedConfig } from '../config/schema.js';
import { rotate } from './rotate.js';

/** One attempted write. */
export interface AuditEntry {
  /** Name that the MCP client gave itself. */
  readonly client: string;
  readonly tool: string;
  /** The host that it was aimed at; absent for this machine. */
  readonly host?: string | undefined;
  /** What it was aimed at, as resolved (`work:0.0`) or as the caller named it; null when nothing was named. */
  readonly target: string | null;
  readonly decision: 'allow' | 'deny';
  /** The rule that decided. */
  readonly rule: string;
  /** Code of the refusal. */
  readonly code?: ErrorCode | undefined;
  /** What was to be typed; only its size in bytes and its SHA-256 are logged. */
  readonly text?: string | undefined;
  /**
   * The terminal did not echo, so the text may be a password: neither size nor digest is logged, for a digest
   * of something short is as good as the thing itself.
   */
  readonly hidden?: boolean | undefined;
}

export interface AuditOptions {
  /** Size in bytes at which a file is set aside. */
  readonly maxBytes?: number;
  /** How many old files are kept. */
  readonly keep?: number;
  /** Gets a line for people when the log cannot be written, once per reason. */
  readonly log?: (line: string) => void;
}

/** Longest name of a client or target that is logged: both come from outside. */
const MAX_NAME = 200;

export class AuditLog {
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #log: (line: string) => void;
  #lastFailure = '';

  constructor({ maxBytes = 10 * 1024 * 1024, keep = 3, log = () => {} }: AuditOptions = {}) {
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#log = log;
  }

  /**
   * Call before the write is done. Costs some 50 microseconds; nothing when there is no log.
   * @throws PanewrightError AUDIT_FAILED when the entry says `allow`, cannot be logged, and audit_required is set
   */
  record(entry: AuditEntry, { config }: LoadedConfig): void {
    const path = config.audit_log;
    const failure = path === null ? 'audit_log is null' : this.#append(path, entry);
    if (failure === null) return;
    if (entry.decision === 'allow' && config.audit_required) {
      throw new PanewrightError(
        'AUDIT_FAILED',
        `the write was not done, because it cannot be logged: ${failure}.`,
        'Make audit_log writable, or set audit_required to false.',
      );
    }
    if (path !== null && failure !== this.#lastFailure) {
      this.#log(`[panewright audit] not logged: ${failure}`);
      this.#lastFailure = failure;
    }
  }

  /** Null when the line is in the file, else the reason why not. */
  #append(path: string, entry: AuditEntry): string | null {
    try {
      const reason = otherWriter(path, { shared: true });
      if (reason !== undefined) return `${path}: ${reason}`;
      rotate(path, this.#maxBytes, this.#keep);
      const fd = openLog(path);
      try {
        const line = Buffer.from(`${isTorn(fd) ? '\n' : ''}${JSON.stringify(lineOf(entry))}\n`);
        for (let done = 0; done < line.length;) done += writeSync(fd, line, done);
      } finally {
        closeSync(fd);
      }
      this.#lastFailure = '';
      return null;
    } catch (error) {
      return `${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    }
  }
}

function openLog(path: string): number {
  const open = (): number => openSync(path, 'a+', 0o600);
  let fd: number;
  try {
    fd = open();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    makeFolder(dirname(path));
    fd = open();
  }
  const stats = fstatSync(fd);
  // A log that was made by somebody else's hand may be readable by others; what is not ours stays as it is.
  if (stats.isFile() && (stats.mode & 0o077) !== 0 && stats.uid === process.getuid?.()) fchmodSync(fd, 0o600);
  return fd;
}

/** Not mkdir's own `recursive`: where nothing can be made, as in /proc, Node never comes back from it. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Whether a full disk or a crash cut the last line: the next one must not continue it. */
function isTorn(fd: number): boolean {
  const last = Buffer.alloc(1);
  for (let look = 0; look < 5; look += 1) {
    const { size } = fstatSync(fd);
    if (size === 0 || readSync(fd, last, 0, 1, size - 1) !== 1 || last[0] === 0x0a) return false;
    // Another server may be in the middle of its write: a line over two pages grows in two steps.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  return true;
}

function lineOf({ client, tool, host, target, decision, rule, code, text, hidden }: AuditEntry): object {
  const isShown = text !== undefined && hidden !== true;
  return {
    time: new Date().toISOString(),
    client: client.slice(0, MAX_NAME),
    tool,
    ...(host !== undefined && { host }),
    target: target?.slice(0, MAX_NAME) ?? null,
    decision,
    rule,
    ...(code && { code }),
    ...(hidden === true && { hidden }),
    ...(isShown && {
      size: Buffer.byteLength(text),
      sha256: createHash('sha256').update(text).digest('hex'),
    }),
  };
}
