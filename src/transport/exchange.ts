/**
 * The rim of every transport: a whole response in time, or an error that holds nothing of what the request carried.
 * Knows no HTTP client: it reads `message`, `code` and `cause` of the errors that they throw.
 */
import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type Observer, type Subscriber, type Unsubscribable } from 'rxjs';
import { clockOf } from './clock.js';
import { type Timed, TimeOuts } from './time-outs.js';
import type { HttpRequest, HttpResponse } from './transport.js';

type ErrorLike = Readonly<Partial<Record<'message' | 'code' | 'name' | 'cause', unknown>>>;

/** The time of all exchanges of a transport. */
export const exchangeTime = (timeoutMs: number): TimeOuts => new TimeOuts(timeoutMs, clockOf(asyncScheduler), true);

/** One exchange: its response or its error goes to a subscriber, once. Unsubscribing from that ends its time. */
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

  get isOver(): boolean {
    return this.#subscriber.closed;
  }

  next(response: HttpResponse): void {
    this.#subscriber.next(response);
  }

  complete(): void {
    this.#subscriber.complete();
  }

  error(error: unknown): void {
    if (!this.isOver) this.#subscriber.error(new Error(`No whole answer: ${innermostReason(error, Object.values(this.#request.headers))}`));
  }

  timedOut(): void {
    this.error(new Error(`none within ${this.#time.ms} ms (timeoutMs)`));
  }

  unsubscribe(): void {
    this.#time.stop(this);
  }
}

/**
 * Ends an exchange that takes too long, and makes every error safe to log.
 *
 *     answer       ----(r|)     -----...     --#
 *     limit 3      ---#         ---#         --#
 *
 * Errors: `Error` without `cause`, its message free of every word of the request's headers. HTTP clients quote them: a mock that
 * found no match does, and so does a platform that refuses a header.
 */
export const wholeAnswer =
  (request: HttpRequest, time: TimeOuts): MonoTypeOperatorFunction<HttpResponse> =>
  (answer) =>
    // eslint-disable-next-line no-restricted-syntax -- an operator runs its source
    new Observable((subscriber) => answer.subscribe(new Exchange(subscriber, request, time)));

/**
 * The innermost words of an error that are safe: `other side closed (UND_ERR_SOCKET)`.
 *
 * @param secrets no text that contains a word of these is shown
 */
export const innermostReason = (error: unknown, secrets: readonly string[]): string => {
  const words = secrets.flatMap((secret) => secret.split(/\s+/)).filter((word) => word !== '');
  const isSafe = (text: unknown): text is string =>
    typeof text === 'string' && text !== '' && !words.some((word) => text.includes(word));
  const { message, code, name } = rootOf(error);
  if (!isSafe(message)) return [code, name].find(isSafe) ?? 'for a reason that cannot be shown';
  return isSafe(code) && !message.includes(code) ? `${message} (${code})` : message;
};

/** `fetch failed` says nothing; its cause does. */
const rootOf = (error: unknown): ErrorLike => {
  const outer = asErrorLike(error);
  return typeof outer.cause === 'object' && outer.cause !== null ? outer.cause : outer;
};

/** Anything may be thrown: what is no object has none of the four. */
const asErrorLike = (error: unknown): ErrorLike => (typeof error === 'object' && error !== null ? error : {});
