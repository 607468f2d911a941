/**
 * The boundary of every transport: a complete response in time, or an error without any header of the request. It reads `message`, `code`
 * and `cause` of the errors that HTTP clients throw.
 */
import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type Observer, type Subscriber, type Unsubscribable } from 'rxjs';
import { clockOf } from './clock.js';
import { type Timed, TimeOuts } from './time-outs.js';
import { type HttpRequest, type HttpResponse, TransportError } from './transport.js';

/** Codes of a connection that was never made. */
const unconnected: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

type ErrorLike = Readonly<Partial<Record<'message' | 'code' | 'name' | 'cause', unknown>>>;

/** The timeouts of all exchanges of a transport. */
export const exchangeTime = (timeoutMs: number): TimeOuts => new TimeOuts(timeoutMs, clockOf(asyncScheduler), true);

/** One exchange: sends its response or its error to a subscriber, once. Unsubscribing stops its timeout. */
export class Exchange implements Observer<HttpResponse>, Timed, Unsubscribable {
  readonly #subscriber: Subscriber<HttpResponse>;
  readonly #request: HttpRequest;
  readonly #time: TimeOuts;

  constructor(subscriber: Subscriber<HttpResponse>, request: HttpRequest, time: TimeOuts) {
    this.#subscriber = subscriber;
    this.#request = request;
    this.#time = time;
    time.begin(this);
    subscriber.add(this);
  }

  get isDone(): boolean {
    return this.#subscriber.closed;
  }

  next(response: HttpResponse): void {
    this.#subscriber.next(response);
  }

  complete(): void {
    this.#subscriber.complete();
  }

  error(error: unknown): void {
    if (this.isDone) return;
    const message = `Request failed: ${innermostReason(error, Object.values(this.#request.headers))}`;
    this.#subscriber.error(new TransportError(message, isUnconnected(error) ? 'no' : 'unknown'));
  }

  timedOut(): void {
    this.error(new Error(`no response within ${this.#time.ms} ms (timeoutMs)`));
  }

  unsubscribe(): void {
    this.#time.stop(this);
  }
}

/**
 * Fails when the response takes too long, and makes every error safe to log.
 *
 *     response     ----(r|)     -----...     --#
 *     limit 3      ---#         ---#         --#
 *
 * Errors: `Error` without `cause`. Its message holds no word of the request's headers: HTTP clients may quote them, such as a mock without a
 * match, or a platform that refuses a header.
 */
export const completeResponse =
  (request: HttpRequest, time: TimeOuts): MonoTypeOperatorFunction<HttpResponse> =>
    (response) =>
    // eslint-disable-next-line no-restricted-syntax -- an operator runs its source
      new Observable((subscriber) => response.subscribe(new Exchange(subscriber, request, time)));

/**
 * The message of an error's innermost cause, if it is safe to show: `other side closed (UND_ERR_SOCKET)`.
 *
 * @param secrets strings; a message that contains a word of them is not shown
 */
export const innermostReason = (error: unknown, secrets: readonly string[]): string => {
  const words = secrets.flatMap((secret) => secret.split(/\s+/)).filter((word) => word !== '');
  const isSafe = (text: unknown): text is string =>
    typeof text === 'string' && text !== '' && !words.some((word) => text.includes(word));
  const { message, code, name } = rootOf(error);
  if (!isSafe(message)) return [code, name].find(isSafe) ?? 'unknown reason';
  return isSafe(code) && !message.includes(code) ? `${message} (${code})` : message;
};

/** Whether no byte of the request can have left. */
const isUnconnected = (error: unknown): boolean => unconnected.has(rootOf(error).code);

/** The cause, where there is one: `fetch failed` itself says nothing. */
const rootOf = (error: unknown): ErrorLike => {
  const outer = asErrorLike(error);
  return typeof outer.cause === 'object' && outer.cause !== null ? outer.cause : outer;
};

/** Anything may be thrown: a value that is not an object has none of the four fields. */
const asErrorLike = (error: unknown): ErrorLike => (typeof error === 'object' && error !== null ? error : {});
