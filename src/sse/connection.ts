/**
 * One connection to a server of events: a request, its answer judged, and its bytes parsed. Knows no feed, no clock and no retry.
 * Errors name the url without its query, and quote nothing of what the request carried.
 */
import { createParser } from 'eventsource-parser';
import { Observable } from 'rxjs';
import { retryAfterMs } from '../transport/retry-after.js';
import { innermostReason } from '../transport/exchange.js';

/** What comes over a connection. */
export type Incoming =
  | { readonly kind: 'event'; readonly name: string; readonly id: string | null; readonly data: string }
  /** The server asks to wait at least so long before the next connection. */
  | { readonly kind: 'retry'; readonly retryMs: number }
  /** Bytes have come, of whatever kind: heartbeats too. */
  | { readonly kind: 'alive' }
  /** There is nothing to be had, now and later. */
  | { readonly kind: 'end' };

/** The connection failed, and the next one may not. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';

  constructor(
    message: string,
    /** How long the server asks to be left alone, in ms. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** A request, but for the id to go on from. */
export interface ConnectionOptions {
  readonly url: string;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly credentials: 'omit' | 'same-origin' | 'include' | undefined;
}

/** The longest event, in characters. */
const longestEvent = 64 * 1024 * 1024;

/** A url that can be shown: without user, query and fragment. */
export const shownUrl = (url: string): string => url.replace(/[?#].*/s, '').replace(/\/\/[^/]*@/, '//');

/**
 * Connects, and emits what comes.
 *
 *     subscribe    ^----------!
 *     request      ^----------!    aborted by unsubscribing, also while events arrive
 *
 * Cold. A whole stream of events completes without an `end`: so does a connection that the server has closed.
 * Errors: `ConnectionLost` for no answer, a cut connection, 408, 429 and 5xx; `Error` for any other answer that is no stream of events,
 * an event longer than `longestEvent`, and a request that cannot be made.
 *
 * @param lastEventId sent as `Last-Event-ID`; null for none
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
    ...(credentials === undefined ? {} : { credentials }),
  });
  const lost = (error: unknown): never => {
    throw new ConnectionLost(`${label}: ${innermostReason(error, secretsOf(url, own))}`);
  };
  const asked = async (): Promise<Response> => send(url, request); // a `fetch` that throws is one that rejects
  const response = await asked().catch(lost);
  const body = eventsOf(label, response);
  if (body === 'nothing') {
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

/** What no error may quote: the words of the headers, and what `shownUrl` leaves out. */
const secretsOf = (url: string, headers: Readonly<Record<string, string>>): readonly string[] =>
  [Object.values(headers).join(' '), ...url.split(/[?#]/).slice(1)];

/** A platform says that it cannot make a request as it says that there was no answer: so the request is tried by itself. */
const requestOf = (label: string, url: string, init: RequestInit): RequestInit => {
  try {
    new Request(url, init);
    return init;
  } catch {
    throw new TypeError(`${label}: no request can be made of this url, its headers and credentials`);
  }
};

const eventsOf = (label: string, { status, headers, body }: Response): ReadableStream<Uint8Array> | 'nothing' => {
  const type = headers.get('content-type') ?? 'no content type';
  const answer = `${label}: answered ${status} (${type})`;
  if (status === 204) return 'nothing';
  if (status === 408 || status === 429 || status >= 500) {
    throw new ConnectionLost(answer, retryAfterMs(headers.get('retry-after') ?? undefined, headers.get('date') ?? undefined));
  }
  if (status !== 200 || !/^text\/event-stream\s*(?:;|$)/i.test(type)) throw new Error(`${answer}, not 200 with text/event-stream`);
  if (body === null) throw new Error(`${answer}, and this platform cannot stream it`);
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
