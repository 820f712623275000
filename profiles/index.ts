/** The profiles that come with the program. */
import type { Profile } from '../src/profile/contract.js';
import carriers from './carriers.json' with { type: 'json' };
import { bash } from './bash.js';
import { claude } from './claude/index.js';
import { fish } from './fish.js';
import gdb from './gdb.json' with { type: 'json' };
import node from './node.json' with { type: 'json' };
import psql from './psql.json' with { type: 'json' };
import python from './python.json' with { type: 'json' };
import { sh } from './sh.js';
import sqlite3 from './sqlite3.json' with { type: 'json' };
import { zsh } from './zsh.js';

export const builtinProfiles: readonly Profile[] = [
  bash,
  zsh,
  fish,
  sh,
  python,
  node,
  sqlite3,
  psql,
  gdb,
  claude,
  carriers,
];
