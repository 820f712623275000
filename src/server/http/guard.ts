/**
 * Who may speak to the HTTP server: whoever has the token, under a name that is really ours. A page in a browser
 * can make the browser send requests here (DNS rebinding), but it cannot choose `Host` and `Origin` freely.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';

/** What is asked of a request now; the configuration may change between two of them. */
export interface HttpAccess {
  /** null: nobody is let in. */
  readonly token: string | null;
  /** More names that clients may know this server by, without a port. */
  readonly allowedHosts: readonly string[];
}

/** Why a request is turned away. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** @param bound address that the server was told to listen on */
export function refusalOf(
  request: IncomingMessage,
  { token, allowedHosts }: HttpAccess,
  bound: string,
): Refusal | undefined {
  const names = namesOf(bound, request.socket.localAddress, allowedHosts);
  const { host, origin, authorization } = request.headers;
  if (host === undefined || !names.has(hostPart(`http://${host}`) ?? ''))
    return {
      status: 403,
      message: 'Forbidden: this server does not go by the name in Host. See http.allowed_hosts.',
    };
  if (origin !== undefined && !names.has(hostPart(origin) ?? ''))
    return { status: 403, message: 'Forbidden: pages of this Origin may not use the server.' };
  const presented = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (presented === undefined)
    return { status: 401, message: 'Unauthorized: send the token as `Authorization: Bearer TOKEN`.' };
  if (token === null || !isSame(presented, token))
    return { status: 401, message: 'Unauthorized: this is not the token.' };
  return undefined;
}

/** Loopback names for all; whoever listens on the network also goes by the address that was reached, and its name. */
function namesOf(bound: string, reached: string | undefined, more: readonly string[]): ReadonlySet<string> {
  const isLocal = LOOPBACK.includes(bracketed(bound));
  const network = isLocal ? [] : [bound, reached ?? '', hostname()].map(bracketed);
  return new Set([...LOOPBACK, ...network, ...more].map((name) => name.toLowerCase()).filter(Boolean));
}

/** IPv6 addresses as they stand in a URL; IPv4 ones that came in over IPv6 as what they are. */
export function bracketed(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') && !plain.startsWith('[') ? `[${plain}]` : plain;
}

/** The host without its port; undefined for what is no http address, such as `null`. */
function hostPart(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, hostname: name, username, pathname, search } = new URL(address);
  const isPlain = username === '' && pathname === '/' && search === '';
  return isPlain && /^https?:$/.test(protocol) ? name.toLowerCase() : undefined;
}

/** In the same time wherever the two differ, and whatever their lengths. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
