/** A disk that is soon full. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** Mounts a file system of 64 KB; resolves with what takes it away. Takes the rights to mount. */
export function tinyDisk(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', folder]);
  return () => void execFileSync('umount', ['-l', folder]);
}
