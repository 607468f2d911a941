/**
 * Lets Node's own server and Express call a handler of the `fetch` API. It declares the parts of Node that it uses, so it compiles without
 * Node's types.
 */
import type { RequestHandler } from './provider-proxy.js';

/** The part of Node's `IncomingMessage` that is used here, and what Express and its body parsers add to it. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** The URL before routing. */
  readonly originalUrl?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Whether the body was read to its end, by a body parser. */
  readonly readableEnded?: boolean;
  /** The body, if a body parser has read it. */
  readonly body?: unknown;
  readonly on: {
    (event: 'data', listener: (chunk: Uint8Array) => void): unknown;
    (event: 'end', listener: () => void): unknown;
    (event: 'error', listener: (error: Error) => void): unknown;
  };
  readonly pause: () => unknown;
  readonly resume: () => unknown;
}

/** The part of Node's `ServerResponse` that is used here. */
export interface NodeResponse {
  readonly destroyed: boolean;
  readonly once: (event: 'close', listener: () => void) => unknown;
  readonly writeHead: (status: number, headers: Readonly<Record<string, string>>) => unknown;
  readonly end: (body: string) => unknown;
}

/**
 * Adapts a handler to `createServer` of `node:http`, and to Express. The body of a request is read only when the handler reads it, and a response is
 * sent whole. A body that a body parser has read is passed on, as JSON if it was parsed.
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
const requestOf = (request: NodeRequest, signal: AbortSignal): Request | null => {
  const { method = 'GET', url, originalUrl = url, headers } = request;
  if (originalUrl?.startsWith('/') !== true) return null;
  try {
    const sent = new Headers();
    for (const [name, value] of Object.entries(headers)) {
      // HTTP/2 has pseudo-headers, such as `:path`.
      if (value !== undefined && !name.startsWith(':')) sent.set(name, typeof value === 'string' ? value : value.join(', '));
    }
    const body = method === 'GET' || method === 'HEAD' ? null : bodyOf(request);
    return new Request(`http://localhost${originalUrl}`, { method, headers: sent, signal, body, duplex: 'half' });
  } catch {
    return null;
  }
};

const bodyOf = (request: NodeRequest): string | Uint8Array | ReadableStream | null => {
  const { readableEnded = false, body } = request;
  if (!readableEnded) return streamOf(request);
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body ?? null;
  return JSON.stringify(body);
};

/** The body of a request as a stream. Nothing is read before the first pull. What is left after a cancel is discarded. */
const streamOf = (request: NodeRequest): ReadableStream => {
  let controller: ReadableStreamDefaultController | null = null;
  const end = (error?: Error): void => {
    if (error === undefined) controller?.close();
    else controller?.error(error);
    controller = null;
  };
  return new ReadableStream({
    pull: (pulling) => {
      if (controller === null) {
        controller = pulling;
        request.on('data', (chunk: Uint8Array) => {
          if (controller === null) return;
          controller.enqueue(chunk);
          request.pause();
        });
        request.on('end', end);
        request.on('error', end);
      }
      request.resume();
    },
    cancel: () => {
      controller = null;
      request.resume();
    },
  }, { highWaterMark: 0 });
};
