/** The body of a request, as far as it is worth reading. */
import type { IncomingMessage } from 'node:http';

/** Longest body in bytes. */
export const MAX_BODY = 4 * 1024 * 1024;

export type Body = { readonly json: unknown } | { readonly status: 400 | 413; readonly message: string };

/** What is too long is not kept, only read to its end, so that the client gets to see the answer. */
export function readJson(request: IncomingMessage, limit = MAX_BODY): Promise<Body> {
  const tooLong: Body = { status: 413, message: `Content Too Large: at most ${limit} bytes.` };
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume();
    return Promise.resolve(tooLong);
  }
  return new Promise((resolve, reject) => {
    let pieces: Buffer[] = [];
    let length = 0;
    request.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length <= limit) pieces.push(piece);
      else {
        pieces = [];
        resolve(tooLong);
      }
    });
    request.once('error', reject);
    request.once('end', () => {
      try {
        resolve({ json: JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown });
      } catch {
        resolve({ status: 400, message: 'Bad Request: the body is not valid JSON.' });
      }
    });
  });
}
