/**
 * A list of sessions of which one could not be looked at. tmux would have to stop between two answers of one call,
 * which nothing outside can time: so what the tool is given is made up here.
 */
import { PanewrightError, type ErrorCode } from '../../src/errors.js';
import { newRecord } from '../../src/profile/session/record.js';
import { allInfos } from '../../src/tools/sessions/life.js';
import type { ToolContext } from '../../src/tools/tool.js';

test('a session of which tmux gave no answer is listed as unknown, one that is gone is not', async () => {
  const failures: Record<string, ErrorCode> = {
    silent: 'TMUX_LOST',
    known: 'TMUX_LOST',
    far: 'HOST_UNREACHABLE',
    gone: 'PANE_NOT_FOUND',
  };
  const record = newRecord('known', 'bash', '/srv');
  const find = (name: string): Promise<undefined> => {
    const code = failures[name];
    return code ? Promise.reject(new PanewrightError(code, 'no answer.')) : Promise.resolve(undefined);
  };
  const context = {
    door: { find },
    maySee: () => true,
    sessionNames: () => Promise.resolve(new Set(['silent', 'far', 'gone'])),
    sessions: { records: () => [record], caughtUp: () => Promise.resolve(undefined) },
  } as unknown as ToolContext;
  const infos = await allInfos(context);
  const shown = infos.map(({ name, profile, state, tmux_alive, managed, degraded }) => ({
    ...{ name, profile, state, tmux_alive, managed, degraded },
  }));
  const unknown = { profile: null, state: 'unknown', tmux_alive: true, managed: false };
  expect(shown).toEqual([
    {
      ...unknown,
      name: 'known',
      profile: 'bash',
      tmux_alive: false,
      managed: true,
      degraded: ['TMUX_LOST: no answer.'],
    },
    { ...unknown, name: 'silent', degraded: ['TMUX_LOST: no answer.'] },
    { ...unknown, name: 'far', degraded: ['HOST_UNREACHABLE: no answer.'] },
  ]);
});
