/**
 * Lets Node's own server and Express call a handler of the `fetch` API. It declares the parts of Node that it uses, so it compiles without
 * Node's types.
 */
import type { RequestHandler } from './provider-proxy.js';

/** The part of Node's `IncomingMessage` that is used here, and Express's URL before routing. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly originalUrl?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** The part of Node's `ServerResponse` that is used here. */
export interface NodeResponse {
  readonly destroyed: boolean;
  readonly once: (event: 'close', listener: () => void) => unknown;
  readonly writeHead: (status: number, headers: Readonly<Record<string, string>>) => unknown;
  readonly end: (body: string) => unknown;
}

/**
 * Adapts a handler to `createServer` of `node:http`, and to Express. Bodies of requests are not read, and a response is sent whole.
 *
 * Never throws, whatever is requested: a request that is none of the `fetch` API gets a 400, and a handler that rejects a 500. The signal of
 * the handler's request aborts when the connection closes.
 * @example createServer(toNodeListener(providerProxy(account(ark, { apiKey }), { path: '/api/ark' })))
 */
export const toNodeListener = (handle: RequestHandler): ((request: NodeRequest, response: NodeResponse) => void) =>
  (request, response) => {
    const closed = new AbortController();
    response.once('close', () => { closed.abort(); });
    const send = ({ status, headers, body }: Answer): void => {
      if (!response.destroyed) {
        response.writeHead(status, headers);
        response.end(body);
      }
    };
    answerTo(request, handle, closed.signal).then(send, () => { send(failure(500, 'the request failed')); });
  };

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const failure = (status: number, message: string): Answer => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error: { message } }) });

const answerTo = async (request: NodeRequest, handle: RequestHandler, signal: AbortSignal): Promise<Answer> => {
  const known = requestOf(request, signal);
  if (known === null) return failure(400, 'the request is invalid');
  const response = await handle(known);
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
};

/** Null for a request that the `fetch` API does not have, such as one for `*`, or with the method TRACE. */
const requestOf = ({ method = 'GET', url, originalUrl = url, headers }: NodeRequest, signal: AbortSignal): Request | null => {
  if (originalUrl?.startsWith('/') !== true) return null;
  try {
    const sent = new Headers();
    for (const [name, value] of Object.entries(headers)) {
      // HTTP/2 has pseudo-headers, such as `:path`.
      if (value !== undefined && !name.startsWith(':')) sent.set(name, typeof value === 'string' ? value : value.join(', '));
    }
    return new Request(`http://localhost${originalUrl}`, { method, headers: sent, signal });
  } catch {
    return null;
  }
};
