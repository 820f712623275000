import { expect, test } from '@jest/globals';
import { childEnv, configHome, expandHome, stateDir, surroundingSocket } from '../src/config/env.js';

test('children get the environment without our variables and without the pane that we run in', () => {
  const env = {
    PATH: '/bin',
    LANG: 'C',
    TMUX: '/tmp/s,1,0',
    TMUX_PANE: '%1',
    TMUX_TMPDIR: '/run/t',
    PANEWRIGHT_AUTH_TOKEN: 'x',
    GONE: undefined,
  };
  expect(childEnv(env)).toEqual({ PATH: '/bin', LANG: 'C', TMUX_TMPDIR: '/run/t' });
});

test('relative XDG directories are ignored, as their specification says', () => {
  const env = { HOME: '/h', XDG_CONFIG_HOME: 'here', XDG_STATE_HOME: '' };
  expect([configHome(env), stateDir(env)]).toEqual(['/h/.config', '/h/.local/state/panewright']);
  expect(stateDir({ HOME: '/h', XDG_STATE_HOME: '/s' })).toBe('/s/panewright');
});

test('only a leading ~/ means the home directory', () => {
  const env = { HOME: '/h' };
  expect(['~', '~/a', '~b', '/a/~/b', 'a'].map((path) => expandHome(path, env))).toEqual([
    '/h',
    '/h/a',
    '~b',
    '/a/~/b',
    'a',
  ]);
});

test('the socket of the surrounding tmux is the first field of $TMUX', () => {
  expect(surroundingSocket({ TMUX: '/tmp/tmux-1/default,42,0' })).toBe('/tmp/tmux-1/default');
  expect(surroundingSocket({ TMUX: '' })).toBeNull();
  expect(surroundingSocket({})).toBeNull();
});
