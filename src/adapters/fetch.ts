/**
 * A transport over the platform's `fetch`, for browsers, edge runtimes and Node. Knows no provider and no task.
 * Needs no DOM types: what it uses of the platform is written down here.
 */
import { Observable } from 'rxjs';
import { bodyTooLarge, createBodyCollector } from '../transport/body-collector.js';
import { checkLimits, type TransportLimits } from '../transport/limits.js';
import { bodyOf, type HttpRequest, type HttpResponse, type Transport } from '../transport/transport.js';
import { exchangeTime, wholeAnswer } from '../transport/exchange.js';

/** Which `fetch`, and the bounds of its requests. */
export interface FetchTransportOptions extends TransportLimits {
  /** Default: the platform's, looked up for each request. */
  readonly fetch?: Fetch;
}

/** As much of a `fetch` as is needed here: the platform's, undici's and a test's own are all of this type. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** What `fetch` is called with. A platform that knows no cookies, cache or referrer is not told to leave them out. */
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

/** What `fetch` answers. */
export interface FetchResponse {
  readonly status: number;
  readonly type: string;
  readonly headers: { readonly forEach: (each: (value: string, name: string) => void) => void };
  /** Missing or null where there is none, and where the platform cannot stream it. */
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
declare const Request: { readonly prototype: object };
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/**
 * Sends requests through `fetch`, without cookies, cache and referrer.
 *
 *     subscribe    ^-----------!
 *     request      ^-----------!    aborted by unsubscribing, also while the body arrives
 *
 * Asks for `application/json`, unless the request says otherwise. Redirects are answers with their own status; a browser hides it, and
 * the answer is then `302` without headers.
 *
 * @returns a cold transport: each subscription is a request of its own
 * Errors: `Error`, no whole answer arrived. `RangeError` or `TypeError` at once for an option that cannot be kept.
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
      ask(givenFetch ?? fetch, request, controller.signal, maxBodyBytes).then(
        (answer) => {
          isPending = false;
          subscriber.next(answer);
          subscriber.complete();
        },
        (error: unknown) => {
          if (!subscriber.closed) subscriber.error(error);
        },
      );
    }).pipe(wholeAnswer(request, time));
};

/** `send` is a plain variable: a browser's `fetch` refuses to be called as the method of another object. */
const ask = async (send: Fetch, request: HttpRequest, signal: Signal, maxBodyBytes: number): Promise<HttpResponse> => {
  const { method, url } = request;
  const headers = { accept: 'application/json', ...request.headers };
  const response = await send(url, { method, headers, signal, redirect: 'manual', ...bodyOf(request), ...supported(privacy) });
  if (response.type === 'opaqueredirect') return { status: 302, headers: {}, body: '' };
  return { status: response.status, headers: readHeaders(response), body: await readBody(response, signal, maxBodyBytes) };
};

type Privacy = Pick<FetchInit, 'credentials' | 'cache' | 'referrerPolicy'>;

const privacy: Privacy = { credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer' };

/**
 * The fields that this platform's requests have. Cloudflare's have no cookies and no referrer, and throw when told so.
 * Source: https://github.com/cloudflare/workerd/issues/902
 */
const supported = (init: Privacy): Privacy =>
  Object.fromEntries(Object.entries(init).filter(([field]) => field in Request.prototype));

/** `set-cookie` comes once for each cookie; every other header is joined already. */
const readHeaders = (response: FetchResponse): HttpResponse['headers'] => {
  const headers = new Map<string, string>();
  response.headers.forEach((value, header) => {
    const name = header.toLowerCase();
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  });
  return Object.fromEntries(headers);
};

const readBody = async (response: FetchResponse, signal: Signal, maxBodyBytes: number): Promise<string> => {
  const body = createBodyCollector(maxBodyBytes);
  for await (const chunk of chunksOf(response, signal)) {
    if (!body.add(chunk)) throw bodyTooLarge(maxBodyBytes);
  }
  return body.text();
};

/** Leaves the stream cancelled, also when a `fetch` goes on with it after its signal. */
async function* chunksOf(response: FetchResponse, signal: Signal): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return yield new TextEncoder().encode(await response.text());
  try {
    while (!signal.aborted) {
      const { value } = await reader.read();
      if (value === undefined) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
