/**
 * One GET of a file: its head, then its bytes as they come. Knows no part and no retry.
 *
 * Node's own client rather than `fetch`: a body that breaks off still gives every byte that came before, and a web stream drops those
 * that nobody had read yet.
 */
import { get as getHttp, type Agent, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { PassThrough } from 'node:stream';
import type { AnswerHead } from './file-answer.js';

/** A GET. */
export interface FileRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts it at once, also while the bytes come. */
  readonly signal: AbortSignal;
  /** Default: Node's global ones. */
  readonly agent?: Agent | undefined;
}

/** An answer, its head first. */
export interface FileResponse extends AnswerHead {
  /** To be read once. Errors, after the last byte: the connection broke off. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Asks for a file, and follows its host's redirects.
 *
 * Errors: no answer came; more than five redirects, or one to something else than http(s).
 */
export const openFile = async (request: FileRequest, hops = 5): Promise<FileResponse> => {
  const response = await send(request);
  const location = response.header('location');
  if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
  const url = new URL(location, request.url);
  if (hops === 0 || !/^https?:$/.test(url.protocol)) throw new Error(`the file's host redirects ${hops === 0 ? 'for ever' : `to ${url.protocol}`}`);
  return openFile({ ...request, url: url.href }, hops - 1);
};

const send = ({ url, headers, signal, agent }: FileRequest): Promise<FileResponse> =>
  new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    get(url, { headers, signal, agent }, (response) => resolve({ status: response.statusCode ?? 0, header: headerOf(response), bytes: bytesOf(response) }))
      .on('error', reject);
  });

const headerOf = ({ headers }: IncomingMessage) => (name: string): string | null => {
  const value = headers[name];
  return value === undefined ? null : [value].flat().join(', ');
};

/** So many bytes are kept for a slow disk before the host is held up. */
const keptBytes = 1_048_576;

/** Begins to listen at once: what comes before somebody reads is kept. */
const bytesOf = (response: IncomingMessage): AsyncIterable<Uint8Array> => {
  const bytes = new PassThrough({ highWaterMark: keptBytes });
  const failures: Error[] = [];
  response.on('error', (error) => {
    failures.push(error);
    bytes.end();
  });
  response.pipe(bytes);
  return (async function* () {
    yield* bytes;
    for (const failure of failures) throw failure;
  })();
};
