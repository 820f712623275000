/** Tells this machine from others, as far as process ids go: two share it only where a pid means the same process. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

let id: string | undefined;

/** Eight hexadecimal digits, the same for all processes that see each other's pids, until the next boot. */
export function machineId(): string {
  return (id ??= digest());
}

function digest(): string {
  const facts = [
    hostname(),
    // Containers share a boot, and may share a name, but not their pids.
    attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    attempt(() => readlinkSync('/proc/self/ns/pid')),
  ];
  return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 8);
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
