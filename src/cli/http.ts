/** `panewright serve --http`: the server for clients that come over the network. */
import { ConfigSource } from '../config/source.js';
import type { Config, LoadedConfig } from '../config/schema.js';
import { INSTRUCTIONS } from '../server/instructions.js';
import { serveHttp } from '../server/http/serve.js';
import { composeToolbox, type ComposeOptions } from './compose.js';
import type { Runner } from './runner.js';
import { tokenOf } from './token.js';

/** Settles when it listens; the process then ends when it is told to. */
export const serve: Runner = async ({ config, flags }, { version, log }) => {
  const problem = await runHttp({ version, config, flags, log });
  if (problem !== undefined) log(`panewright: ${problem}`);
  return problem === undefined ? 0 : 1;
};

/** Settles when it listens, or with the reason why it does not: a sentence for people. */
async function runHttp(options: ComposeOptions): Promise<string | undefined> {
  const { version, config, flags, log } = options;
  const source = new ConfigSource({ configFlag: config, flags });
  const loaded = await source.current();
  if (loaded.invalid !== undefined) return `the configuration cannot be used: ${loaded.invalid}`;
  const { host, port } = loaded.config.http;
  const token = tokenOrReason(loaded.config);
  if ('reason' in token) return token.reason;
  if (token.token === null) return noToken(loaded);

  let told = '';
  const access = async () => {
    const { config: now } = await source.current();
    const found = tokenOrReason(now);
    const reason = 'reason' in found ? found.reason : '';
    if (reason !== told && reason !== '') log(`[panewright] nobody is let in: ${reason}`);
    told = reason;
    return { token: 'token' in found ? found.token : null, allowedHosts: now.http.allowed_hosts };
  };
  try {
    const toolbox = () => composeToolbox(options);
    await serveHttp({ toolbox, version, instructions: INSTRUCTIONS, log, host, port, access });
    return undefined;
  } catch (error) {
    const why = (error as Error).message;
    return `cannot listen on ${host} port ${port}: ${why}. Choose another address or port: --http HOST:PORT.`;
  }
}

function tokenOrReason(config: Config): { token: string | null } | { reason: string } {
  try {
    return { token: tokenOf(config) };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

function noToken({ editPath }: LoadedConfig): string {
  return `the HTTP server needs a token that clients must present, even on 127.0.0.1, where every user of the machine
can connect. Make one and let the configuration name it:

  mkdir -p ~/.config/panewright
  (umask 077; openssl rand -hex 32 > ~/.config/panewright/token)
  "auth_token_file": "~/.config/panewright/token"     in ${editPath}

PANEWRIGHT_AUTH_TOKEN_FILE and PANEWRIGHT_AUTH_TOKEN do the same.`;
}
