/** The command `panewright`: reads the command line and does what it says. */
import { INSTRUCTIONS } from '../server/instructions.js';
import { serveStdio } from '../server/stdio.js';
import { commandOf } from './arguments.js';
import { composeToolbox } from './compose.js';
import { log } from './log.js';
import { VERSION } from './version.js';

const command = commandOf(process.argv.slice(2), VERSION);
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
      toolbox: () => composeToolbox({ version: VERSION, config: command.config, flags: command.flags, log }),
      version: VERSION,
      instructions: INSTRUCTIONS,
      log,
    });
}
