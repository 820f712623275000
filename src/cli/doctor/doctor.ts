/** `panewright doctor`: looks at everything that can keep the tools from working. Changes nothing. */
import { processEnv, type Env } from '../../config/env.js';
import type { LoadedConfig } from '../../config/schema.js';
import { ConfigSource } from '../../config/source.js';
import { builtinProfiles } from '../../../profiles/index.js';
import type { JsonObject, Toolbox } from '../../tools/toolbox.js';
import { composeToolbox } from '../compose.js';
import { painter } from '../paint.js';
import type { Runner } from '../runner.js';
import { good, note, wrong, type Finding } from './check.js';
import { checkConfig, checkHttp, checkRights } from './config.js';
import { checkAgents, checkShells, whereIs } from './programs.js';
import { checkSocket, socketPath } from './socket.js';

export const doctor: Runner = async ({ config, flags, options }, program) => {
  const env = processEnv();
  const loaded = await new ConfigSource({ configFlag: config, flags }).current();
  const problems: string[] = [];
  const toolbox = await composeToolbox({ ...program, config, flags, log: (line) => problems.push(line) });
  const findings = [
    good('panewright', `${program.version}, Node ${process.versions.node}`),
    ...(await checkTmux(toolbox, loaded, env)),
    ...checkSocket(socketPath(loaded.config, env)),
    ...checkShells(builtinProfiles, env),
    ...checkAgents(builtinProfiles, env),
    ...checkConfig(loaded, env),
    // What is in force while the configuration cannot be used is nobody's choice, and nothing to advise on.
    ...(loaded.invalid === undefined ? [...checkRights(loaded), ...checkHttp(loaded)] : []),
    ...problems
      .filter((line) => line.includes('PROFILE_INVALID'))
      .map((line) => wrong('profiles', line.replace('[panewright] ', ''), 'See `panewright profile test`.')),
  ];
  await toolbox.close();
  process.stdout.write(options.has('json') ? `${JSON.stringify(findings, null, 2)}\n` : shown(findings));
  return findings.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
};

const INSTALL = 'Install tmux 3.2 or later.';

/** By the tools themselves, so that what they would meet is what is seen. */
async function checkTmux(toolbox: Toolbox, { invalid }: LoadedConfig, env: Env): Promise<Finding[]> {
  const ask = async (tool: string): Promise<{ facts: JsonObject; error?: string }> => {
    const io = {
      signal: AbortSignal.timeout(20_000),
      client: 'panewright-doctor',
      progress: () => undefined,
    };
    const { structured, text, isError } = await toolbox.call(tool, {}, io);
    return isError ? { facts: {}, error: text } : { facts: structured ?? {} };
  };
  const { facts, error } = await ask('version');
  const place = whereIs('tmux', env);
  if (error === undefined ? facts['tmux_available'] !== true : place === undefined) {
    const why = text(facts['tmux_problem'], 'tmux is not on PATH.');
    return [wrong('tmux', why.replace(` ${INSTALL}`, ''), INSTALL)];
  }
  const found = good('tmux', `${text(facts['tmux_version'], 'is there')}, ${place ?? ''}`);
  // The tools refuse everything then, and say what the configuration's own finding says.
  if (invalid !== undefined) return [found];
  const listed = await ask('list_sessions');
  if (listed.error !== undefined) return [found, wrong('tmux', listed.error, 'See docs/troubleshooting.md.')];
  const rows = (listed.facts['sessions'] ?? []) as { name: string; host?: string }[];
  const sessions = rows.filter(({ host }) => host === undefined);
  const names = sessions.map(({ name }) => name).join(', ');
  const seen =
    names === ''
      ? note('tmux', 'no session that may be used', 'Start one: `tmux new -s work`.')
      : good('tmux', `sessions: ${names}`);
  return [found, seen, ...checkHosts(listed.facts, rows)];
}

interface HostRow {
  readonly name: string;
  readonly reachable: boolean;
  readonly via?: string;
  readonly round_trip_ms?: number;
  readonly problem?: string;
}

function checkHosts(facts: JsonObject, sessions: readonly { readonly host?: string }[]): Finding[] {
  return ((facts['hosts'] ?? []) as HostRow[]).map(({ name, reachable, via, round_trip_ms: ms, problem }) => {
    const count = sessions.filter(({ host }) => host === name).length;
    return reachable
      ? good('hosts', `${name}: ${via ?? ''}, ${ms ?? '?'} ms away, ${count} sessions that may be used`)
      : wrong('hosts', `${name}: ${problem ?? 'cannot be reached'}`, 'See docs/hosts.md.');
  });
}

const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

const MARKS = { good: ['green', '✓'], note: ['yellow', '•'], wrong: ['red', '✗'] } as const;

function shown(findings: readonly Finding[]): string {
  const paint = painter(process.stdout);
  const width = Math.max(...findings.map(({ about }) => about.length));
  const lines = findings.map(({ verdict, about, text, fix }) => {
    const [style, mark] = MARKS[verdict];
    const advice = fix === undefined ? '' : `\n  ${' '.repeat(width)}   ${paint('dim', '→')} ${fix}`;
    return `${paint(style, mark)} ${paint('bold', about.padEnd(width))}  ${text}${advice}`;
  });
  const bad = findings.filter(({ verdict }) => verdict === 'wrong').length;
  const verdict = bad === 0 ? paint('green', 'Nothing is wrong.') : paint('red', `${bad} to mend.`);
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
