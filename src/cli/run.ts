/** Commands by name, each loaded when it is asked for. Everything here resolves with the exit status. */
import type { Invocation } from './arguments.js';
import type { CommandName } from './commands.js';
import type { Program, Runner } from './runner.js';

const RUNNERS: Record<CommandName, () => Promise<Runner>> = {
  serve: async () => (await import('./http.js')).serve,
  doctor: async () => (await import('./doctor/doctor.js')).doctor,
  init: async () => (await import('./init.js')).init,
  'config show': async () => (await import('./config-show.js')).configShow,
  tools: async () => (await import('./tools.js')).listTools,
  call: async () => (await import('./call.js')).call,
  'profile test': async () => (await import('./profile-test.js')).profileTest,
};

export async function run(invocation: Invocation, program: Program): Promise<number> {
  const runner = await RUNNERS[invocation.name]();
  return runner(invocation, program);
}
