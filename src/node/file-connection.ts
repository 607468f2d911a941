/**
 * Sends one GET for a file, and streams the response.
 *
 * It uses Node's HTTP client, not `fetch`: when a connection breaks, Node still delivers every byte that has arrived, while a web stream
 * drops the bytes that are not read yet.
 */
import { get as getHttp, type Agent, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { userAgent } from '../version.js';
import { signedUntilMs } from '../wire/signed-url.js';
import type { ResponseHead } from './file-response.js';
import { checkLink, publicLookup, UnsafeLinkError } from './safe-link.js';

/** A GET request. */
export interface FileRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts the request at once, also while the body arrives. */
  readonly signal: AbortSignal;
  /** Default: Node's global agents. */
  readonly agent?: Agent | undefined;
  /** Whether a link may lead to this host although its address is private. */
  readonly allowsPrivate: (hostname: string) => boolean;
  /** The key of the task's account, for links on the account's own origin. */
  readonly own: { readonly origin: string; readonly headers: () => Readonly<Record<string, string>> } | null;
}

/** A response. Its head is complete, its body may still arrive. */
export interface FileResponse extends ResponseHead {
  /** The body, which can be read once. Errors after the last byte if the connection broke. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Requests a file, and follows redirects. If the own origin responds with 401 or 403, it is asked again with the key, unless the link is
 * signed. A redirect to another origin loses the key for good.
 *
 * Errors: `UnsafeLinkError` for a link or a redirect that is not followed; those of the connection; more than five redirects.
 */
export const openFile = async (request: FileRequest, hops = 5, isKeySent = false): Promise<FileResponse> => {
  const url = new URL(request.url);
  checkLink(url, request.allowsPrivate);
  const { own } = request;
  const response = await send(url, isKeySent && own !== null ? { ...request, headers: { ...request.headers, ...own.headers() } } : request);
  const { statusCode: status = 0, headers: { location } } = response;
  if ((status === 401 || status === 403) && own?.origin === url.origin && !isKeySent && signedUntilMs(url.href) === null) {
    response.destroy();
    return openFile(request, hops, true);
  }
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return { status, header: headerOf(response), bytes: bytesOf(response) };
  response.destroy();
  if (hops === 0) throw new Error("the file's host redirects too often");
  const target = new URL(location, url);
  if (url.protocol === 'https:' && target.protocol === 'http:') throw new UnsafeLinkError("the file's host redirects from https to http");
  const isOwn = own?.origin === url.origin && own.origin === target.origin;
  return openFile({ ...request, url: target.href, own: isOwn ? own : null }, hops - 1, isOwn && isKeySent);
};

/** Sockets that were opened by a request of this file, so that their address is checked. */
const checkedSockets = new WeakSet<Socket>();

const send = (url: URL, { headers, signal, agent, allowsPrivate }: FileRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    // Of the URL, not of the agent: an agent may serve both protocols.
    const [get, defaultPort] = url.protocol === 'https:' ? [getHttps, 443] : [getHttp, 80];
    const lookup = allowsPrivate(url.hostname) ? undefined : publicLookup(url.hostname);
    const request = get(url, { headers: { 'user-agent': userAgent, ...headers }, signal, agent, lookup, defaultPort }, resolve).on('error', reject);
    request.on('socket', (socket) => {
      // The global agent shares its sockets with the rest of the program, which may have opened one to a private address.
      if (request.reusedSocket && lookup !== undefined && !checkedSockets.has(socket)) request.destroy(new Error('the open connection to this host is not checked'));
      else if (lookup !== undefined) checkedSockets.add(socket);
    });
  });

const headerOf = ({ headers }: IncomingMessage) => (name: string): string | null => {
  const value = headers[name];
  return value === undefined ? null : [value].flat().join(', ');
};

/** How many bytes to buffer for a slow disk before the host must wait. */
const bufferBytes = 1_048_576;

/** Buffers the body from the start, also before it is read. */
const bytesOf = (response: IncomingMessage): AsyncIterable<Uint8Array> => {
  const bytes = new PassThrough({ highWaterMark: bufferBytes });
  const failures: Error[] = [];
  response.on('error', (error) => {
    failures.push(error);
    bytes.end();
  });
  response.pipe(bytes);
  return (async function *() {
    yield* bytes;
    for (const failure of failures) throw failure;
  })();
};
