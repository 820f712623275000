/** Resources of one client: listing, reading, and telling of changes in those that it subscribed to. */
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { PanewrightError } from '../errors.js';
import type { ResourceTemplate, Toolbox } from '../tools/toolbox.js';

/** Runs a request's work with the toolbox, counted as running, its failure worded. */
export type Counted = <T>(work: (toolbox: Toolbox) => Promise<T>) => Promise<T>;

const OUTPUT_TEMPLATE: ResourceTemplate = {
  uriTemplate: 'panewright://output/{id}',
  name: 'output',
  title: 'Full output of a command',
  description: 'The whole text of an output that a tool result had to cut; results link it.',
  mimeType: 'text/plain',
};

/** Returns what ends all subscriptions. */
export function serveResources(server: Server, counted: Counted): () => void {
  const watches = new Map<string, Promise<(() => void) | undefined>>();
  const drop = (uri: string): void => {
    void watches.get(uri)?.then(
      (stop) => stop?.(),
      () => undefined,
    );
    watches.delete(uri);
  };
  server.setRequestHandler(ListResourcesRequestSchema, () =>
    counted(async (box) => ({ resources: (await box.resources()).map((resource) => ({ ...resource })) })),
  );
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () =>
    counted((box) =>
      Promise.resolve({ resourceTemplates: [OUTPUT_TEMPLATE, ...(box.live?.templates ?? [])] }),
    ),
  );
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) =>
    counted(async (box) => ({ contents: [{ uri, ...(await box.readResource(uri)) }] })),
  );
  server.setRequestHandler(SubscribeRequestSchema, ({ params: { uri } }) =>
    counted(async (box) => {
      const changed = (): void => {
        if (watches.has(uri)) void server.sendResourceUpdated({ uri }).catch(() => undefined);
      };
      if (!watches.has(uri)) watches.set(uri, Promise.resolve(box.live?.watch(uri, changed)));
      // An output never changes: subscribing to it is no error, and nothing will come of it.
      const stop = await watches.get(uri)?.catch((error: unknown) => {
        watches.delete(uri);
        throw error;
      });
      if (!stop && !/^panewright:\/\/output\//.test(uri)) {
        watches.delete(uri);
        throw new PanewrightError(
          'OUTPUT_NOT_FOUND',
          `there is no resource ${JSON.stringify(uri.slice(0, 100))}.`,
        );
      }
      return {};
    }),
  );
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params: { uri } }) => {
    drop(uri);
    return {};
  });
  return () => {
    for (const uri of [...watches.keys()]) drop(uri);
  };
}
