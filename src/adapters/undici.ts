/**
 * A transport over undici's `dispatch`: no promise and no AbortController for a request. Knows no provider and no task.
 */
import { errors, getGlobalDispatcher, util } from 'undici';
import { Observable, type Subscriber } from 'rxjs';
import { bodyTooLarge, createBodyCollector } from '../transport/body-collector.js';
import { checkLimits, type TransportLimits } from '../transport/limits.js';
import { bodyOf, type HttpRequest, type HttpResponse, type Transport } from '../transport/transport.js';
import { wholeAnswer } from '../transport/whole-answer.js';

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
  readonly onHeaders: (status: number, headers: Parameters<typeof util.parseHeaders>[0]) => boolean;
  readonly onData: (chunk: Uint8Array) => boolean;
  readonly onComplete: () => void;
  readonly onError: (error: Error) => void;
}

type Abort = (reason: Error) => void;
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
  return (request) =>
    new Observable<HttpResponse>((subscriber) => {
      const { origin, pathname, search } = new URL(request.url);
      const headers = { accept: 'application/json', ...request.headers, 'accept-encoding': 'identity' };
      (dispatcher ?? getGlobalDispatcher()).dispatch(
        { origin, path: pathname + search, method: request.method, headers, ...bodyOf(request) },
        createHandler(subscriber, maxBodyBytes),
      );
    }).pipe(wholeAnswer(request, timeoutMs));
};

/**
 * One exchange, in the names of undici 7 and 8 and in those of undici 6. The second are needed without an undici 6 in sight: it is
 * built into Node 20 and 22, and becomes the global dispatcher when their `fetch` is called before undici is imported.
 */
const createHandler = (subscriber: Subscriber<HttpResponse>, maxBodyBytes: number): DispatchHandler => {
  const body = createBodyCollector(maxBodyBytes);
  let abort: Abort | null = null;
  let status = 0;
  let headers: HttpResponse['headers'] = {};
  subscriber.add(() => abort?.(new errors.RequestAbortedError()));

  /** Throwing refuses this request alone. Aborting it would close the connection, which the requests behind it wait for. */
  const start = (abortRequest: Abort): void => {
    if (subscriber.closed) throw new errors.RequestAbortedError();
    abort = abortRequest;
  };
  /** Comes also for each 1xx, before the answer itself. */
  const begin = (code: number, fields: Fields): void => {
    status = code;
    headers = headersOf(fields);
  };
  const read = (chunk: Uint8Array): void => {
    const encoding = headers['content-encoding'] ?? '';
    if (!/^(?:identity)?$/i.test(encoding)) refuse(new Error(`the body has the content-encoding ${encoding}, not identity`));
    else if (!body.add(chunk)) refuse(bodyTooLarge(maxBodyBytes));
  };
  const end = (): void => {
    abort = null;
    subscriber.next({ status, headers, body: body.text() });
    subscriber.complete();
  };
  const fail = (error: Error): void => {
    abort = null;
    refuse(error);
  };
  const refuse = (error: Error): void => {
    if (!subscriber.closed) subscriber.error(error);
  };

  return {
    onRequestStart: (controller) => start((reason) => controller.abort(reason)),
    onResponseStart: (_controller, code, fields) => begin(code, fields),
    onResponseData: (_controller, chunk) => read(chunk),
    onResponseEnd: end,
    onResponseError: (_controller, error) => fail(error),
    onConnect: start,
    onHeaders: (code, fields) => {
      begin(code, util.parseHeaders(fields));
      return true;
    },
    onData: (chunk) => {
      read(chunk);
      return true;
    },
    onComplete: end,
    onError: fail,
  };
};

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
