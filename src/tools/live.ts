/**
 * What can be read and watched beside the outputs that are kept: the list of sessions and the screen of a pane.
 * Everything goes through the tools, so that what a tool refuses is refused here; watching is done on events.
 */
import { LOCAL, type ConfigReader } from '../config/schema.js';
import { PanewrightError } from '../errors.js';
import type { ReadPane } from '../panes/pane.js';
import type { ProfileCatalog } from '../profile/catalog.js';
import type { TerminalsBySocket } from './terminals.js';
import type { CallIo, LiveResources, ResourceListing, Toolbox } from './toolbox.js';
import { watchPane, watchSessions } from './watch.js';

const SESSIONS = 'panewright://sessions';
const JSON_TYPE = 'application/json';

export const LIVE_LISTING: ResourceListing = {
  uri: SESSIONS,
  name: 'sessions',
  mimeType: JSON_TYPE,
  description: 'The sessions that may be used, with their windows and panes',
};

interface Sessions {
  readonly sessions: readonly {
    readonly name: string;
    readonly window_list: readonly {
      readonly index: number;
      readonly name: string;
      readonly panes: readonly {
        readonly index: number;
        readonly pane_id: string;
        readonly command: string;
      }[];
    }[];
  }[];
}

export interface LiveOptions {
  readonly call: Toolbox['call'];
  readonly config: ConfigReader;
  readonly terminals: TerminalsBySocket;
  readonly catalog: ProfileCatalog;
}

export function liveResources({ call, config, terminals, catalog }: LiveOptions): LiveResources {
  const ask = async (tool: string, args: object): Promise<string> => {
    const io: CallIo = {
      signal: new AbortController().signal,
      client: 'resources',
      progress: () => undefined,
    };
    // Panes of other hosts are no resources: their ids mean nothing here.
    const { text, isError } = await call(tool, { ...args, host: LOCAL }, io);
    if (!isError) return text;
    const { code, message } = /^(?<code>\w+): (?<message>[^]*)$/.exec(text)?.groups ?? {};
    throw new PanewrightError((code ?? 'INTERNAL') as PanewrightError['code'], message ?? text);
  };
  const rows = async (): Promise<Sessions['sessions']> =>
    (JSON.parse(await ask('list_sessions', { detail: true })) as Sessions).sessions;
  /** The pane of a uri as a tool takes it; only panes that may be seen are found. */
  const paneOf = async (uri: string): Promise<{ session: string; pane: string } | undefined> => {
    const number = /^panewright:\/\/pane\/(?:%25|%)?(\d+)$/.exec(uri)?.[1];
    if (number === undefined) return undefined;
    const pane = `%${number}`;
    const panes = (await rows()).flatMap(({ name, window_list: windows }) =>
      windows.flatMap((window) => window.panes.map(({ pane_id: id }) => ({ session: name, pane: id }))),
    );
    const found = panes.find((one) => one.pane === pane);
    if (found) return found;
    throw new PanewrightError(
      'PANE_NOT_FOUND',
      `there is no pane ${pane} that may be read.`,
      'See list_sessions.',
    );
  };
  return {
    templates: [
      {
        uriTemplate: 'panewright://pane/{id}',
        name: 'pane',
        title: 'Screen of a pane',
        description: 'What a pane shows now, as text; {id} is the number of its pane_id, 3 for %3.',
        mimeType: 'text/plain',
      },
    ],
    async read(uri) {
      if (uri === SESSIONS)
        return { text: await ask('list_sessions', { detail: true }), mimeType: JSON_TYPE };
      const target = await paneOf(uri);
      if (!target) return undefined;
      const { lines } = JSON.parse(await ask('read_pane', target)) as { lines: string[] };
      return { text: lines.join('\n'), mimeType: 'text/plain' };
    },
    async watch(uri, changed) {
      const loaded = await config.current();
      const { gate } = terminals.for(loaded);
      const open = async (session: string, pane?: string): Promise<ReadPane> =>
        (await gate.open({ session, ...(pane !== undefined && { pane }) }, 'read', loaded)).pane;
      if (uri === SESSIONS) {
        const one = ({ name }: { name: string }) => open(name).catch(() => undefined);
        const panes = async () =>
          (await Promise.all((await rows()).map(one))).filter((pane) => pane !== undefined);
        return watchSessions(panes, changed);
      }
      const target = await paneOf(uri);
      if (!target) return undefined;
      const pane = await open(target.session, target.pane);
      // What was allowed when the watch began may be forbidden by now: nothing is told of it any more.
      const stop = watchPane(pane, () => void paneOf(uri).then(changed, () => undefined));
      // Its connection may be on its way still: nobody is told that he will hear before he would.
      await pane.look().catch(() => undefined);
      return stop;
    },
    async names(kind, { session, window } = {}) {
      if (kind === 'profile') {
        await rows().catch(() => []); // every call has the profiles looked at first
        return catalog.all().map(({ name }) => name);
      }
      const sessions = await rows();
      if (kind === 'session') return sessions.map(({ name }) => name);
      const windows = sessions
        .filter(({ name }) => session === undefined || name === session)
        .flatMap(({ window_list: list }) => list)
        .filter(({ index }) => kind === 'window' || window === undefined || String(index) === window);
      if (kind === 'window') return windows.map(({ index }) => String(index));
      return windows.flatMap(({ panes }) => panes.map(({ pane_id: id }) => id.slice(1)));
    },
  };
}
