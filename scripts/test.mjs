/**
 * `npm test`: installs what is missing, builds, runs every test. Arguments go to jest: `npm test -- quoting`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureNodePackages, ensurePrograms, fail, root, run } from './install.mjs';

/** Programs that the tests drive for real, each with its Debian package. */
const PROGRAMS = {
  tmux: 'tmux',
  bash: 'bash',
  dash: 'dash',
  zsh: 'zsh',
  fish: 'fish',
  python3: 'python3',
  sqlite3: 'sqlite3',
  gdb: 'gdb',
  psql: 'postgresql-client',
  ssh: 'openssh-client',
  sshd: 'openssh-server',
  'ssh-keygen': 'openssh-client',
  sudo: 'sudo',
  script: 'bsdutils',
  unshare: 'util-linux',
  ip: 'iproute2',
  git: 'git',
  faketime: 'faketime',
};
/** These come with Linux or are of use there alone. */
if (process.platform !== 'linux')
  for (const name of ['unshare', 'ip', 'dash', 'gdb', 'faketime']) delete PROGRAMS[name];

ensureNodePackages();
ensurePrograms(PROGRAMS, { sudo: false });
if (!run([process.execPath, 'scripts/build.mjs'])) fail('The build failed.');

const jest = spawnSync(
  process.execPath,
  [join(root, 'node_modules/jest/bin/jest.js'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    cwd: root,
    env: {
      ...process.env,
      PANEWRIGHT_BUILT: '1',
      // Jest runs ES modules behind this flag; the warning about it says nothing to whoever reads test results.
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`,
    },
  },
);
process.exit(jest.status ?? 1);
