/**
 * One connection to a server of events: sends the request, checks the response and parses its bytes. Error messages hold the URL without
 * its query, and no header.
 */
import { createParser } from 'eventsource-parser';
import { Observable } from 'rxjs';
import { retryAfterMs } from '../transport/retry-after.js';
import { innermostReason } from '../transport/exchange.js';

/** What a connection emits. */
export type Incoming =
  | { readonly kind: 'event'; readonly name: string; readonly id: string | null; readonly data: string }
  /** The minimum wait before the next connection, set by the server. */
  | { readonly kind: 'retry'; readonly retryMs: number }
  /** Bytes have arrived, heartbeats included. */
  | { readonly kind: 'alive' }
  /** The server has no feed (204): do not reconnect. */
  | { readonly kind: 'end' };

/** The connection failed; a new one may succeed. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';

  constructor(
    message: string,
    /** The server's `Retry-After`, in ms. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** The request of a connection, without `Last-Event-ID`. */
export interface ConnectionOptions {
  readonly url: string;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly credentials: 'omit' | 'same-origin' | 'include' | undefined;
}

/** The longest event, in characters. */
const longestEvent = 64 * 1024 * 1024;

/** A URL that is safe to show: without user info, query and fragment. */
export const shownUrl = (url: string): string => url.replace(/[?#].*/s, '').replace(/\/\/[^/]*@/, '//');

/**
 * Connects, and emits what arrives.
 *
 *     subscribe    ^----------!
 *     request      ^----------!    unsubscribing aborts it, also while events arrive
 *
 * Cold. Completes when the server closes the connection.
 * Errors: `ConnectionLost` for a missing response, a cut connection, 408, 429 and 5xx; `Error` for any other response that is not an event
 * stream, for an event longer than `longestEvent`, and for an invalid request.
 *
 * @param lastEventId sent as `Last-Event-ID`; null to send none
 */
export const connect = (options: ConnectionOptions, lastEventId: string | null): Observable<Incoming> =>
  new Observable((subscriber) => {
    const controller = new AbortController();
    subscriber.add(() => { controller.abort(); });
    const take = (incoming: Incoming): void => { subscriber.next(incoming); };
    run(options, lastEventId, controller.signal, take).then(
      () => { subscriber.complete(); },
      (error: unknown) => { subscriber.error(error); },
    );
  });

const run = async (
  { url, headers, fetch: send, credentials }: ConnectionOptions,
  lastEventId: string | null,
  signal: AbortSignal,
  take: (incoming: Incoming) => void,
): Promise<void> => {
  const label = shownUrl(url);
  const own = headers();
  const request = requestOf(label, url, {
    headers: { ...own, accept: 'text/event-stream', ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }) },
    signal,
    redirect: 'manual',
    ...(credentials === undefined ? {} : { credentials }),
  });
  const lost = (error: unknown): never => {
    throw new ConnectionLost(`${label}: ${innermostReason(error, secretsOf(url, own))}`);
  };
  const sent = async (): Promise<Response> => send(url, request); // turns a `fetch` that throws into one that rejects
  const response = await sent().catch(lost);
  const body = eventsOf(label, response);
  if (body === null) {
    take({ kind: 'end' });
    return;
  }
  const parse = parserInto(label, take);
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read().catch(lost);
      if (done || signal.aborted) return;
      take({ kind: 'alive' });
      parse(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
};

/** What error messages must not contain: the headers' values, and what `shownUrl` leaves out. */
const secretsOf = (url: string, headers: Readonly<Record<string, string>>): readonly string[] =>
  [Object.values(headers).join(' '), ...url.split(/[?#]/).slice(1)];

/** `fetch` reports an invalid request like a network error, so the request is constructed first. */
const requestOf = (label: string, url: string, init: RequestInit): RequestInit => {
  try {
    new Request(url, init);
    return init;
  } catch {
    throw new TypeError(`${label}: invalid request: check its URL, headers and credentials`);
  }
};

/** The body of a response; null if the server has no feed. */
const eventsOf = (label: string, { status, headers, body }: Response): ReadableStream<Uint8Array> | null => {
  const type = headers.get('content-type') ?? 'no content type';
  // A browser hides the status of a redirect.
  const received = `${label}: HTTP ${status || 'redirect'} (${type})`;
  if (status === 204) return null;
  if (status === 408 || status === 429 || status >= 500) {
    throw new ConnectionLost(received, retryAfterMs(headers.get('retry-after') ?? undefined, headers.get('date') ?? undefined));
  }
  if (status !== 200 || !/^text\/event-stream\s*(?:;|$)/i.test(type)) throw new Error(`${received}, not 200 with text/event-stream`);
  if (body === null) throw new Error(`${received}: this platform cannot stream the body`);
  return body;
};

const parserInto = (label: string, take: (incoming: Incoming) => void): ((text: string) => void) => {
  const state = { isTooLong: false };
  const parser = createParser({
    maxBufferSize: longestEvent,
    onEvent: ({ event: name = 'message', id = null, data }) => { take({ kind: 'event', name, id, data }); },
    onRetry: (retryMs) => { take({ kind: 'retry', retryMs }); },
    onError: ({ type }) => { state.isTooLong ||= type === 'max-buffer-size-exceeded'; },
  });
  return (text) => {
    parser.feed(text);
    if (state.isTooLong) throw new Error(`${label}: an event is longer than ${longestEvent} characters`);
  };
};
