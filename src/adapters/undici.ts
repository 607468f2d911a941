/**
 * A transport over undici's `dispatch`, which needs neither a promise nor an AbortController per request.
 * @module
 */
import { PassThrough } from 'node:stream';
import { errors, getGlobalDispatcher, util } from 'undici';
import { Observable, type Subscriber } from 'rxjs';
import { codingsIn, decoded } from '../node/content-coding.js';
import { type BodyCollector, bodyTooLarge, createBodyCollector } from '../transport/body-collector.js';
import { checkLimits, type TransportLimits } from '../transport/limits.js';
import { bodyOf, type HttpRequest, type HttpResponse, type Transport } from '../transport/transport.js';
import { Exchange, exchangeTime } from '../transport/exchange.js';
import type { TimeOuts } from '../transport/time-outs.js';
import { userAgent } from '../version.js';

/** Options of `undiciTransport`. */
export interface UndiciTransportOptions extends TransportLimits {
  /**
   * An `Agent`, `Pool`, `ProxyAgent` or `MockAgent` of undici 6, 7 or 8.
   * Default: the global dispatcher, looked up for each request.
   */
  readonly dispatcher?: DispatcherLike;
}

/** The part of a `Dispatcher` that is used here; dispatchers of other major versions fit too. */
export interface DispatcherLike {
  readonly dispatch: (options: DispatchOptions, handler: DispatchHandler) => boolean;
}

interface DispatchOptions {
  readonly origin: string;
  readonly path: string;
  readonly method: HttpRequest['method'];
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** The method names of undici 7 and 8, then those of undici 6. */
interface DispatchHandler {
  readonly onRequestStart: (controller: Controller) => void;
  readonly onResponseStart: (controller: Controller, status: number, headers: Fields) => void;
  readonly onResponseData: (controller: Controller, chunk: Uint8Array) => void;
  readonly onResponseEnd: () => void;
  readonly onResponseError: (controller: Controller, error: Error) => void;
  readonly onConnect: (abort: Abort) => void;
  readonly onHeaders: (status: number, headers: RawFields) => boolean;
  readonly onData: (chunk: Uint8Array) => boolean;
  readonly onComplete: () => void;
  readonly onError: (error: Error) => void;
}

type Abort = (reason: Error) => void;
type RawFields = Parameters<typeof util.parseHeaders>[0];
type Controller = { readonly abort: Abort };
type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Sends requests through undici, for Node and Deno. Bun's own `undici` cannot: there use `fetchTransport`.
 *
 *     subscribe    ^-----------!
 *     request      ---^--------!    starts when a connection is free; unsubscribing aborts it
 *
 * Accepts `application/json`, unless the request sets `accept`, and no compression. A response that is compressed all the same is decoded (gzip,
 * deflate, br, and zstd from Node 22.15); `maxBodyBytes` limits the decoded bytes, and decoding stops there.
 *
 * @returns a cold transport: each subscription is a request of its own
 * Errors: `Error` when the request fails or the response is incomplete. Throws `RangeError` or `TypeError` for an invalid option, and
 * `TypeError` in Bun.
 * @example createTaskClient({ transport: undiciTransport(), accounts })
 */
export const undiciTransport = ({ dispatcher, ...limits }: UndiciTransportOptions = {}): Transport => {
  const { timeoutMs, maxBodyBytes } = checkLimits(limits);
  if (typeof getGlobalDispatcher()?.dispatch !== 'function') {
    throw new TypeError('undici has no dispatch on this platform, as in Bun: use fetchTransport of rx-seedance/fetch');
  }
  if (dispatcher !== undefined && typeof dispatcher?.dispatch !== 'function') {
    throw new TypeError(`dispatcher must be an undici Dispatcher, not ${String(dispatcher)}`);
  }
  const time = exchangeTime(timeoutMs);
  return (request) =>
    new Observable((subscriber) => {
      const exchange = new UndiciExchange(subscriber, request, time, maxBodyBytes);
      try {
        const { origin, pathname, search } = new URL(request.url);
        const headers = { accept: 'application/json', 'user-agent': userAgent, ...request.headers, 'accept-encoding': 'identity' };
        (dispatcher ?? getGlobalDispatcher()).dispatch({ origin, path: pathname + search, method: request.method, headers, ...bodyOf(request) }, exchange);
      } catch (error) {
        exchange.error(error);
      }
    });
};

/**
 * One exchange, with the method names of undici 7 and 8 and those of undici 6. Node 20 and 22 have undici 6 built in, and it becomes the
 * global dispatcher when their `fetch` is called before undici is imported.
 */
class UndiciExchange extends Exchange implements DispatchHandler {
  readonly #body: BodyCollector;
  readonly #maxBodyBytes: number;
  /** Set while the request is in flight. */
  #controller: Controller | null = null;
  #status = 0;
  #headers: HttpResponse['headers'] = {};
  /** The bytes as received, once a response with a content coding has a body. */
  #encoded: PassThrough | null = null;
  #encodedBytes = 0;

  constructor(subscriber: Subscriber<HttpResponse>, request: HttpRequest, time: TimeOuts, maxBodyBytes: number) {
    super(subscriber, request, time);
    this.#body = createBodyCollector(maxBodyBytes);
    this.#maxBodyBytes = maxBodyBytes;
  }

  override unsubscribe(): void {
    super.unsubscribe();
    this.#controller?.abort(new errors.RequestAbortedError());
  }

  /** Throws to cancel this request only. Aborting would close the connection that queued requests wait for. */
  onRequestStart(controller: Controller): void {
    if (this.isDone) throw new errors.RequestAbortedError();
    this.#controller = controller;
  }

  /** Called for each 1xx too, before the final response. */
  onResponseStart(_controller: Controller, status: number, fields: Fields): void {
    this.#status = status;
    this.#headers = headersOf(fields);
  }

  onResponseData(_controller: Controller | null, chunk: Uint8Array): void {
    const coding = this.#headers['content-encoding'];
    if (coding === undefined) this.#add(chunk);
    else this.#addEncoded(chunk, coding);
  }

  onResponseEnd(): void {
    this.#controller = null;
    if (this.#encoded === null) this.#respond();
    else this.#encoded.end();
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    this.#controller = null;
    this.error(error);
  }

  onConnect(abort: Abort): void {
    this.onRequestStart({ abort });
  }

  onHeaders(status: number, fields: RawFields): boolean {
    this.#status = status;
    this.#headers = headersOf(util.parseHeaders(fields));
    return true;
  }

  onData(chunk: Uint8Array): boolean {
    this.onResponseData(null, chunk);
    return true;
  }

  onComplete(): void {
    this.onResponseEnd();
  }

  onError(error: Error): void {
    this.onResponseError(null, error);
  }

  #add(chunk: Uint8Array): void {
    if (!this.#body.add(chunk)) this.error(bodyTooLarge(this.#maxBodyBytes));
  }

  /** Limits the received bytes too: they wait for the decoder, and may decode to nothing. */
  #addEncoded(chunk: Uint8Array, coding: string): void {
    this.#encodedBytes += chunk.byteLength;
    if (this.#encodedBytes > this.#maxBodyBytes) this.error(bodyTooLarge(this.#maxBodyBytes));
    else this.#decoderOf(coding)?.write(chunk);
  }

  #decoderOf(coding: string): PassThrough | null {
    if (this.#encoded !== null) return this.#encoded;
    const codings = codingsIn(coding);
    if (codings === null) this.error(new Error(`the body has the content-encoding ${coding}, which cannot be decoded`));
    else void this.#decode((this.#encoded = new PassThrough()), codings);
    return this.#encoded;
  }

  async #decode(encoded: PassThrough, codings: readonly string[]): Promise<void> {
    try {
      for await (const chunk of decoded(encoded, codings)) {
        this.#add(chunk);
        if (this.isDone) return;
      }
      this.#respond();
    } catch (error) {
      this.error(error);
    }
  }

  #respond(): void {
    this.next({ status: this.#status, headers: this.#headers, body: this.#body.text() });
    this.complete();
  }
}

/** Runs for every response. A loop over names: entries, lists and joins took five times as long. */
const headersOf = (fields: Fields): HttpResponse['headers'] => {
  const headers: Record<string, string> = {};
  for (const field of Object.keys(fields)) {
    const name = field.toLowerCase();
    const value = fields[field];
    const text = typeof value === 'string' ? value : [value].flat().join(', ');
    if (name === '__proto__') Object.defineProperty(headers, name, { value: text, enumerable: true }); // a plain assignment would set the prototype
    else headers[name] = text;
  }
  return headers;
};
