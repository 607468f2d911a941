/**
 * A transport over the platform's `fetch`, for browsers, edge runtimes and Node. It declares the parts of the platform that it uses, so it
 * compiles without DOM types.
 * @module
 */
import { Observable } from 'rxjs';
import { bodyTooLarge, createBodyCollector, limited } from '../transport/body-collector.js';
import { checkLimits, type TransportLimits } from '../transport/limits.js';
import { bodyOf, type HttpRequest, type HttpResponse, type Transport } from '../transport/transport.js';
import { exchangeTime, completeResponse } from '../transport/exchange.js';

/** Options of `fetchTransport`. */
export interface FetchTransportOptions extends TransportLimits {
  /** Default: the platform's `fetch`, looked up for each request. With it no other global of HTTP is needed, such as `Request`. */
  readonly fetch?: Fetch;
}

/** The part of `fetch` that is used here; the platform's, undici's and a test's own all fit. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** What `fetch` is called with. The optional fields are left out on platforms without cookies, cache or referrer. */
export interface FetchInit {
  readonly method: HttpRequest['method'];
  readonly body?: string;
  readonly headers: Record<string, string>;
  readonly signal: Signal;
  readonly redirect: 'manual';
  readonly credentials?: 'omit';
  readonly cache?: 'no-store';
  readonly referrerPolicy?: 'no-referrer';
}

/** What `fetch` resolves to. */
export interface FetchResponse {
  readonly status: number;
  readonly type: string;
  readonly headers: { readonly forEach: (each: (value: string, name: string) => void) => void };
  /** Missing or null when there is no body, or when the platform cannot stream it. */
  readonly body?: { readonly getReader: () => Reader } | null;
  readonly text: () => Promise<string>;
}

interface Reader {
  readonly read: () => Promise<{ readonly value?: Uint8Array | undefined }>;
  readonly cancel: () => Promise<unknown>;
}

/** The platform's own `AbortSignal`, where its types are loaded. */
type Signal = { readonly aborted: boolean } & PlatformSignal;
type PlatformSignal = typeof globalThis extends { AbortSignal: { prototype: infer Platform } } ? Platform : unknown;

declare const fetch: Fetch;
declare const AbortController: new () => { readonly signal: Signal; readonly abort: () => void };
declare const Request: { readonly prototype: object } | undefined;
declare const TextDecoder: unknown;

/**
 * Sends requests through `fetch`, without cookies, cache and referrer.
 *
 *     subscribe    ^-----------!
 *     request      ^-----------!    unsubscribing aborts it, also while the body arrives
 *
 * Accepts `application/json`, unless the request sets `accept`. Redirects are not followed: a redirect is a response with its own status.
 * Browsers hide that status, so there it is 302 without headers.
 *
 * @returns a cold transport: each subscription is a request of its own
 * Errors: `Error` when the request fails or the response is incomplete. Throws `RangeError` or `TypeError` for an invalid option.
 * @example createTaskClient({ transport: fetchTransport(), accounts })
 */
export const fetchTransport = ({ fetch: givenFetch, ...limits }: FetchTransportOptions = {}): Transport => {
  const { timeoutMs, maxBodyBytes } = checkLimits(limits);
  if (givenFetch !== undefined && typeof givenFetch !== 'function') {
    throw new TypeError(`fetch must be a function, not ${String(givenFetch)}`);
  }
  const time = exchangeTime(timeoutMs);
  return (request) =>
    new Observable<HttpResponse>((subscriber) => {
      const controller = new AbortController();
      let isPending = true;
      subscriber.add(() => {
        if (isPending) controller.abort();
      });
      send(givenFetch ?? fetch, request, controller.signal, maxBodyBytes).then(
        (response) => {
          isPending = false;
          subscriber.next(response);
          subscriber.complete();
        },
        (error: unknown) => {
          if (!subscriber.closed) subscriber.error(error);
        },
      );
    }).pipe(completeResponse(request, time));
};

/** Calls `fetchFn` as a plain function: a browser's `fetch` throws when called as a method of another object. */
const send = async (fetchFn: Fetch, request: HttpRequest, signal: Signal, maxBodyBytes: number): Promise<HttpResponse> => {
  const { method, url } = request;
  const headers = { accept: 'application/json', ...request.headers };
  const response = await fetchFn(url, { method, headers, signal, redirect: 'manual', ...bodyOf(request), ...supported(privacy) });
  if (response.type === 'opaqueredirect') return { status: 302, headers: {}, body: '' };
  return { status: response.status, headers: readHeaders(response), body: await readBody(response, signal, maxBodyBytes) };
};

type Privacy = Pick<FetchInit, 'credentials' | 'cache' | 'referrerPolicy'>;

const privacy: Privacy = { credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' };

/**
 * Keeps the fields that this platform's requests have. Cloudflare's throw on `credentials` and `referrerPolicy`. Jest's jsdom has no
 * `Request`: there a given `fetch` gets all.
 * Source: https://github.com/cloudflare/workerd/issues/902
 */
const supported = (init: Privacy): Privacy => {
  const fields = typeof Request === 'undefined' ? init : Request.prototype;
  return Object.fromEntries(Object.entries(init).filter(([field]) => field in fields));
};

/** Joins repeated headers: `set-cookie` arrives once for each cookie. */
const readHeaders = (response: FetchResponse): HttpResponse['headers'] => {
  const headers = new Map<string, string>();
  response.headers.forEach((value, header) => {
    const name = header.toLowerCase();
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  });
  return Object.fromEntries(headers);
};

/**
 * Reads the body in chunks. Where the platform has no stream or no `TextDecoder`, as in Jest's jsdom, it reads the whole text at once.
 * Cancels the stream at the end, also when `fetch` ignores its signal.
 */
const readBody = async (response: FetchResponse, signal: Signal, maxBodyBytes: number): Promise<string> => {
  const reader = typeof TextDecoder === 'undefined' ? null : response.body?.getReader();
  if (!reader) return limited(await response.text(), maxBodyBytes);
  const body = createBodyCollector(maxBodyBytes);
  try {
    while (!signal.aborted) {
      const { value } = await reader.read();
      if (value === undefined) break;
      if (!body.add(value)) throw bodyTooLarge(maxBodyBytes);
    }
    return body.text();
  } finally {
    reader.cancel().catch(() => undefined);
  }
};
