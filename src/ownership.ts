/**
 * Who else could have put a file where it is, or changed it: what is read to be believed, and what is written to
 * be kept from others, is judged here. Somebody who may write any folder on the way can put another file in its
 * place, so all of them count. Access lists beyond the permission bits are not looked at.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  statSync,
  type Stats,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { PanewrightError } from './errors.js';

/** More links than this on one way lead in a circle. */
const MOST_LINKS = 40;

export interface Company {
  /** A log that several users append to: groups may write on the way to it, and everybody the file itself. */
  readonly shared?: boolean;
}

/**
 * Why somebody else than the user and root can change what is found at an absolute path, as the end of a sentence
 * that begins with the path; undefined when nobody can. What does not exist is judged by where it would lie.
 */
export function otherWriter(path: string, company: Company = {}): string | undefined {
  let at = '/';
  let links = 0;
  for (let left = path.split('/'); left.length > 0;) {
    const [name = '', ...rest] = left;
    left = rest;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const here = join(at, name);
    const stats = entryAt(here);
    if (!stats) return undefined;
    const isLeaf = left.every((one) => one === '' || one === '.');
    const reason = writerOf(stats, isLeaf ? undefined : here, company);
    if (reason !== undefined) return reason;
    if (!stats.isSymbolicLink()) {
      at = here;
      continue;
    }
    if (++links > MOST_LINKS) return 'is a link that leads in a circle';
    const target = readlinkSync(here);
    if (isAbsolute(target)) at = '/';
    left = [...target.split('/'), ...left];
  }
  return undefined;
}

/** What is at a path; undefined where nothing can be found, which whoever uses the path is told by the system. */
function entryAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** The same of a file that is open, whatever lies at its path by now. */
export function otherWriterOf(fd: number, path: string): string | undefined {
  return writerOf(fstatSync(fd), undefined, {}) ?? otherWriter(path);
}

/**
 * Makes a folder for the user alone (0700), or takes the rights of others from one that is there.
 * @throws PanewrightError STATE_UNTRUSTED when others could have put something into it
 */
export function ownFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // Judged before it is mended: what lies in it by then would look as if it had always been ours.
  const reason = otherWriter(path);
  if (reason !== undefined) throw untrusted(path, reason);
  const stats = statSync(path);
  if ((stats.mode & 0o077) !== 0 && stats.uid === process.getuid?.()) chmodSync(path, 0o700);
}

/**
 * Text of a file that nobody else can have written; undefined where there is none that can be read.
 * @throws PanewrightError STATE_UNTRUSTED
 */
export function readOwn(path: string): string | undefined {
  let fd: number | undefined;
  try {
    // Without NONBLOCK, a named pipe that somebody put there would be waited on for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const reason = otherWriterOf(fd, path);
    if (reason !== undefined) throw untrusted(path, reason);
    return readFileSync(fd, 'utf8');
  } catch (error) {
    if (error instanceof PanewrightError) throw error;
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** @param reason as `otherWriter` gives it */
function untrusted(path: string, reason: string): PanewrightError {
  return new PanewrightError(
    'STATE_UNTRUSTED',
    `${path} ${reason}, so others may have written what it says.`,
    'Look through what is there, delete what you do not know, and mend its rights; or name another place in $XDG_STATE_HOME.',
  );
}

/** @param folder path of a folder on the way; undefined for what is asked about itself */
function writerOf(stats: Stats, folder: string | undefined, { shared }: Company): string | undefined {
  const lies = folder === undefined ? '' : 'lies in a folder that ';
  const where = folder ?? 'it';
  if (!isTrusted(stats.uid)) {
    if (stats.isSymbolicLink())
      return `is reached by a link that belongs to another user (${folder ?? 'itself'})`;
    return `${lies}belongs to another user${folder === undefined ? '' : ` (${folder})`}`;
  }
  // A link's own bits mean nothing; in a sticky folder, as /tmp is, nobody can touch what is another's.
  if (stats.isSymbolicLink() || (stats.isDirectory() && (stats.mode & 0o1000) !== 0)) return undefined;
  if (shared === true && !stats.isDirectory()) return undefined;
  const be = folder === undefined ? 'can be written by ' : '';
  const can = folder === undefined ? '' : ' can write';
  if ((stats.mode & 0o002) !== 0) return `${lies}${be}everybody${can}; run \`chmod o-w\` on ${where}`;
  if ((stats.mode & 0o020) === 0 || shared === true || isOwnGroup(stats)) return undefined;
  return `${lies}${be}its group${can}; run \`chmod g-w\` on ${where}`;
}

/** Root may do anything anyway. Where root is not mapped, as in a container, the owner of / stands for it. */
function isTrusted(uid: number): boolean {
  const me = process.getuid?.();
  return me === undefined || uid === me || uid === 0 || uid === statSync('/').uid;
}

/** Linux gives each user a group of one, and often lets it write what the user makes; macOS has one for all. */
function isOwnGroup({ uid, gid }: Stats): boolean {
  return (uid === 0 && gid === 0) || (process.platform !== 'darwin' && gid === primaryGroup());
}

/** By the list of users: the process's own may be any group, after `newgrp`. */
function primaryGroup(): number | undefined {
  try {
    return userInfo().gid;
  } catch {
    return process.getgid?.();
  }
}
