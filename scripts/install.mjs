/**
 * Puts in place what a fresh clone lacks: node packages, and the programs that the demo and the tests drive.
 * Only Node's own modules are used here, because nothing else may be there yet.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** How each package manager installs, and its names where they differ from Debian's. */
const MANAGERS = {
  'apt-get': {
    refresh: ['apt-get', 'update', '-qq'],
    install: [
      'apt-get',
      'install',
      '-qq',
      '-y',
      '--no-install-recommends',
      '-o',
      'Dpkg::Use-Pty=0',
      '-o',
      'DPkg::Lock::Timeout=300',
    ],
    names: {},
  },
  dnf: {
    install: ['dnf', 'install', '-y'],
    names: { sqlite3: 'sqlite', bsdutils: 'util-linux', 'openssh-client': 'openssh-clients' },
  },
  pacman: {
    install: ['pacman', '-Sy', '--noconfirm', '--needed'],
    names: {
      sqlite3: 'sqlite',
      python3: 'python',
      bsdutils: 'util-linux',
      'openssh-client': 'openssh',
      'openssh-server': 'openssh',
    },
  },
  apk: {
    install: ['apk', 'add'],
    names: { sqlite3: 'sqlite', bsdutils: 'util-linux' },
  },
  brew: {
    install: ['brew', 'install'],
    names: { sqlite3: 'sqlite', python3: 'python', 'openssh-client': 'openssh', 'openssh-server': 'openssh' },
  },
};

/** Whether a program can be started; servers hide in the sbin directories. */
export function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a program in sight of the user; true when it ended with status 0. */
export function run(argv, options = {}) {
  console.error(`> ${argv.join(' ')}`);
  return spawnSync(argv[0], argv.slice(1), { stdio: 'inherit', cwd: root, ...options }).status === 0;
}

/** `npm ci`, unless what package-lock.json asks for is there. */
export function ensureNodePackages() {
  if (nodePackagesAreThere()) return;
  if (!run(['npm', 'ci', '--no-audit', '--no-fund'])) fail('The node packages could not be installed.');
}

function nodePackagesAreThere() {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const read = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const have = read(installed);
  const wanted = Object.entries(read(join(root, 'package-lock.json')));
  return wanted.every(
    ([path, { version, optional }]) => !path || optional || have[path]?.version === version,
  );
}

/**
 * Makes sure that programs are there.
 * @param {Record<string, string>} programs name of each program and of the Debian package it comes in
 * @param {{ sudo: boolean }} how whether a sudo that asks no password may be used when this is not root
 */
export function ensurePrograms(programs, { sudo }) {
  const missing = () => Object.keys(programs).filter((program) => !onPath(program));
  if (missing().length === 0) return;

  const found = Object.entries(MANAGERS).find(([program]) => onPath(program));
  if (!found) fail(`Please install: ${missing().join(', ')}.`);
  const [name, manager] = found;
  const packages = missing().map((program) => manager.names[programs[program]] ?? programs[program]);
  const install = [...manager.install, ...new Set(packages)];
  const prefix = name === 'brew' || process.getuid() === 0 ? [] : ['sudo'];
  if (prefix.length > 0 && !(sudo && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0))
    fail(
      `Missing: ${missing().join(', ')}. Please type this, then try again:\n\n  ${typed(name, packages)}\n`,
    );

  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  if (manager.refresh) run([...prefix, ...manager.refresh], options); // an old list may still serve
  run([...prefix, ...install], options);
  if (missing().length > 0) fail(`Could not be installed: ${missing().join(', ')}.`);
}

/** The one command for a person who must type it. */
function typed(manager, packages) {
  const install = {
    'apt-get': 'sudo apt-get update && sudo apt-get install -y',
    dnf: 'sudo dnf install',
    pacman: 'sudo pacman -S',
    apk: 'sudo apk add',
    brew: 'brew install',
  };
  return `${install[manager]} ${[...new Set(packages)].join(' ')}`;
}

export function fail(message) {
  console.error(message);
  process.exit(1);
}
