/**
 * Sends one GET for a file, and streams the response.
 *
 * It uses Node's HTTP client, not `fetch`: when a connection breaks, Node still delivers every byte that has arrived, while a web stream
 * drops the bytes that are not read yet.
 */
import { get as getHttp, type Agent, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { PassThrough } from 'node:stream';
import { userAgent } from '../version.js';
import type { ResponseHead } from './file-response.js';

/** A GET request. */
export interface FileRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts the request at once, also while the body arrives. */
  readonly signal: AbortSignal;
  /** Default: Node's global agents. */
  readonly agent?: Agent | undefined;
}

/** A response. Its head is complete, its body may still arrive. */
export interface FileResponse extends ResponseHead {
  /** The body, which can be read once. Errors after the last byte if the connection broke. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Requests a file, and follows redirects.
 *
 * Errors: those of the connection; more than five redirects; a redirect to a protocol other than http(s).
 */
export const openFile = async (request: FileRequest, hops = 5): Promise<FileResponse> => {
  const response = await send(request);
  const location = response.header('location');
  if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
  const url = new URL(location, request.url);
  if (hops === 0 || !/^https?:$/.test(url.protocol)) throw new Error(`the file's host redirects ${hops === 0 ? 'too often' : `to ${url.protocol}`}`);
  return openFile({ ...request, url: url.href }, hops - 1);
};

const send = ({ url, headers, signal, agent }: FileRequest): Promise<FileResponse> =>
  new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    get(url, { headers: { 'user-agent': userAgent, ...headers }, signal, agent }, (response) => resolve({ status: response.statusCode ?? 0, header: headerOf(response), bytes: bytesOf(response) }))
      .on('error', reject);
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
