/**
 * A transport over undici's `dispatch`: no promise and no AbortController for a request. Knows no provider and no task.
 */
import { errors, getGlobalDispatcher, util } from 'undici';
import { Observable, type Subscriber } from 'rxjs';
import { type BodyCollector, bodyTooLarge, createBodyCollector } from '../transport/body-collector.js';
import { checkLimits, type TransportLimits } from '../transport/limits.js';
import { bodyOf, type HttpRequest, type HttpResponse, type Transport } from '../transport/transport.js';
import { Exchange, exchangeTime } from '../transport/exchange.js';
import type { TimeOuts } from '../transport/time-outs.js';

/** Where requests go, and their bounds. */
export interface UndiciTransportOptions extends TransportLimits {
  /**
   * An `Agent`, `Pool`, `ProxyAgent` or `MockAgent` of undici 6, 7 or 8.
   * Default: the global dispatcher, looked up for each request.
   */
  readonly dispatcher?: DispatcherLike;
}

/** As much of a `Dispatcher` as is needed here, so that those of another major are of this type too. */
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

/** The names of undici 7 and 8, then those of undici 6. */
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
 * Sends requests through undici, for Node.
 *
 *     subscribe    ^-----------!
 *     request      ---^--------!    leaves when a connection is free, aborted by unsubscribing
 *
 * Asks for `application/json`, unless the request says otherwise, and for no compression: a compressed answer is refused. For a server
 * that compresses all the same, give a dispatcher composed with undici's `interceptors.decompress({ skipErrorResponses: false })`;
 * `maxBodyBytes` then counts what it decoded.
 *
 * @returns a cold transport: each subscription is a request of its own
 * Errors: `Error`, no whole answer arrived. `RangeError` or `TypeError` at once for an option that cannot be kept.
 * @example createTaskClient({ transport: undiciTransport(), accounts })
 */
export const undiciTransport = ({ dispatcher, ...limits }: UndiciTransportOptions = {}): Transport => {
  const { timeoutMs, maxBodyBytes } = checkLimits(limits);
  if (dispatcher !== undefined && typeof dispatcher?.dispatch !== 'function') {
    throw new TypeError(`dispatcher must be an undici Dispatcher, not ${String(dispatcher)}`);
  }
  const time = exchangeTime(timeoutMs);
  return (request) =>
    new Observable((subscriber) => {
      const exchange = new UndiciExchange(subscriber, request, time, maxBodyBytes);
      try {
        const { origin, pathname, search } = new URL(request.url);
        const headers = { accept: 'application/json', ...request.headers, 'accept-encoding': 'identity' };
        (dispatcher ?? getGlobalDispatcher()).dispatch({ origin, path: pathname + search, method: request.method, headers, ...bodyOf(request) }, exchange);
      } catch (error) {
        exchange.error(error);
      }
    });
};

/**
 * One exchange, in the names of undici 7 and 8 and in those of undici 6. The second are needed without an undici 6 in sight: it is
 * built into Node 20 and 22, and becomes the global dispatcher when their `fetch` is called before undici is imported.
 */
class UndiciExchange extends Exchange implements DispatchHandler {
  readonly #body: BodyCollector;
  readonly #maxBodyBytes: number;
  /** While it is under way, by whichever names. */
  #controller: Controller | null = null;
  #status = 0;
  #headers: HttpResponse['headers'] = {};

  constructor(subscriber: Subscriber<HttpResponse>, request: HttpRequest, time: TimeOuts, maxBodyBytes: number) {
    super(subscriber, request, time);
    this.#body = createBodyCollector(maxBodyBytes);
    this.#maxBodyBytes = maxBodyBytes;
  }

  override unsubscribe(): void {
    super.unsubscribe();
    this.#controller?.abort(new errors.RequestAbortedError());
  }

  /** Throwing refuses this request alone. Aborting it would close the connection, which the requests behind it wait for. */
  onRequestStart(controller: Controller): void {
    if (this.isOver) throw new errors.RequestAbortedError();
    this.#controller = controller;
  }

  /** Comes also for each 1xx, before the answer itself. */
  onResponseStart(_controller: Controller, status: number, fields: Fields): void {
    this.#status = status;
    this.#headers = headersOf(fields);
  }

  onResponseData(_controller: Controller | null, chunk: Uint8Array): void {
    const encoding = this.#headers['content-encoding'] ?? '';
    if (!/^(?:identity)?$/i.test(encoding)) this.error(new Error(`the body has the content-encoding ${encoding}, not identity`));
    else if (!this.#body.add(chunk)) this.error(bodyTooLarge(this.#maxBodyBytes));
  }

  onResponseEnd(): void {
    this.#controller = null;
    this.next({ status: this.#status, headers: this.#headers, body: this.#body.text() });
    this.complete();
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
}

/** A loop over names, for every answer passes here: entries, lists and joins took five times as long. */
const headersOf = (fields: Fields): HttpResponse['headers'] => {
  const headers: Record<string, string> = {};
  for (const field of Object.keys(fields)) {
    const name = field.toLowerCase();
    const value = fields[field];
    const text = typeof value === 'string' ? value : [value].flat().join(', ');
    if (name === '__proto__') Object.defineProperty(headers, name, { value: text, enumerable: true }); // else it would be the prototype
    else headers[name] = text;
  }
  return headers;
};
