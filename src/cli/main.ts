/** The command `panewright`: reads the command line and does what it says. */
import { setFlagsFromString } from 'node:v8';
import { INSTRUCTIONS } from '../server/instructions.js';
import { serveStdio } from '../server/stdio.js';
import type { Command } from './arguments.js';
import { log } from './log.js';
import { VERSION } from './version.js';

// Nearly all that a call makes is garbage at once: a nursery that grows from 1 MB to 16 only keeps it longer, and
// was half of the server's memory with a hundred sessions in use, for no speed. What outlives it is collected before
// there is a third as much again as what is in use, not four times as much: over hours, memory stays flat.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=30');
// A call is a millisecond of many small functions, which V8 would optimize only after a thousand calls: a seventh of
// an `execute` until then. Its later versions count in another way, and gain little by being hurried.
if (Number.parseInt(process.versions.node) < 22) setFlagsFromString('--interrupt-budget=2000');

const argv = process.argv.slice(2);
const command = plainServer(argv) ?? (await import('./arguments.js')).commandOf(argv, VERSION);
switch (command.kind) {
  case 'told':
    process.stdout.write(command.text);
    break;
  case 'wrong':
    log(`panewright: ${command.reason}. Try \`panewright --help\`.`);
    process.exitCode = 2;
    break;
  case 'run': {
    process.on('unhandledRejection', (error) => log(`[panewright] unhandled: ${String(error)}`));
    const { run } = await import('./run.js');
    const status = await run(command, { version: VERSION, log });
    process.exitCode = status;
    // What a tool has left to do later must not keep a command from ending; a server that listens goes on.
    if (command.name !== 'serve') process.stdout.write('', () => process.exit(status));
    break;
  }
  case 'serve':
    process.on('unhandledRejection', (error) => log(`[panewright] unhandled: ${String(error)}`));
    await serveStdio({
      toolbox: async () =>
        (await import('./compose.js')).composeToolbox({ ...command, version: VERSION, log }),
      version: VERSION,
      instructions: INSTRUCTIONS,
      log,
    });
}

/** What nearly every client starts: it needs no parser, and gets its first answer before one would be loaded. */
function plainServer(words: readonly string[]): Command | undefined {
  const [option, config, ...more] = words;
  if (option === undefined) return { kind: 'serve', config: undefined, flags: {} };
  const isPlain =
    option === '--config' && config !== undefined && !config.startsWith('-') && more.length === 0;
  return isPlain ? { kind: 'serve', config, flags: {} } : undefined;
}
