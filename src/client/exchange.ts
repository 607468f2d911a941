/**
 * Requests other than polls: one at a time through the account's lane, ahead of its polls.
 */
import { type Either, isLeft, left } from 'fp-ts/Either';
import { catchError, concat, defer, EMPTY, ignoreElements, map, Observable, of, switchMap, take, throwIfEmpty, timeout, timer } from 'rxjs';
import { isRecord } from '../checks.js';
import { messageOf } from '../state/errors.js';
import type { PollError } from '../state/watch-state.js';
import type { Turn } from '../transport/request-queue.js';
import type { HttpResponse } from '../transport/transport.js';
import { type ReadFailure, type ResponseReason, shortened } from '../wire/error-response.js';
import type { Account } from './account.js';
import { arrivalOf, type Connection, redactedBy } from './requests.js';

/** A request of an account. */
export type Sending = (
  | { readonly method: 'GET' | 'DELETE' }
  | { readonly method: 'POST'; readonly body: string }
) & {
  /** Below the base URL. */
  readonly path: string;
  /** Default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
};

/** The result of one request. */
export interface Exchanged<T> {
  readonly result: Either<PollError, T>;
  /** By the clock's `elapsedMs`. */
  readonly sentAtMs: number;
  /** False if certainly no byte of the request left. */
  readonly mayHaveArrived: boolean;
}

type Read<T> = (response: HttpResponse) => Either<ReadFailure, T>;

const json = { 'content-type': 'application/json' };

/** What `send` needs of a connection. */
export type Line = Omit<Connection, 'lane'> & { readonly lane: Pick<Connection['lane'], 'arrived'> };

/** Sends a request once, in the turn of another. Errors: none, a failure is a value. */
export const send = <T>({ account, lane, transport, clock, requestTimeoutMs }: Line, sending: Sending, read: Read<T>): Observable<Exchanged<T>> =>
  defer(() => {
    const { timeoutMs = requestTimeoutMs } = sending;
    const sentAtMs = clock.elapsedMs();
    const failed = (error: PollError, mayHaveArrived: boolean): Exchanged<T> => ({ result: left(error), sentAtMs, mayHaveArrived });
    let credentials;
    try {
      credentials = account.credentials();
    } catch (error) {
      return of(failed({ kind: 'transport', message: messageOf(error) }, false));
    }
    const { headers, redact } = credentials;
    const url = account.baseUrl + sending.path;
    return defer(() => {
      switch (sending.method) {
        case 'POST':
          return transport({ method: 'POST', url, headers: { ...headers, ...json }, body: sending.body });
        case 'GET':
          return transport({ method: 'GET', url, headers });
        case 'DELETE':
          return transport({ method: 'DELETE', url, headers });
      }
    }).pipe(
      take(1),
      throwIfEmpty(() => new Error('the transport completed without a response')),
      map((response) => {
        const result = read(redactedBy(redact, response));
        lane.arrived(arrivalOf(result, sentAtMs));
        return { result, sentAtMs, mayHaveArrived: true };
      }),
      timeout({
        first: timeoutMs,
        scheduler: clock.scheduler,
        with: () => of(failed({ kind: 'timeout', message: `no response within ${String(timeoutMs)} ms` }, true)),
      }),
      catchError((error: unknown) => {
        const isUnsent = isRecord(error) && 'sent' in error && error.sent === 'no';
        return of(failed({ kind: 'transport', message: shortened(redact(messageOf(error))) }, !isUnsent));
      }),
    );
  });

/**
 * Sends a request once, when its turn comes in the account's lane and `before` has completed.
 *
 *     turn       --x
 *     before       ---|
 *     request         ^---(r|)     sent in the turn in which `before` completes
 *
 * Errors: those of `before`, and those of the queue's concurrency. Nothing is sent then.
 */
export const exchange = <T>(connection: Connection, sending: Sending, read: Read<T>, before: Observable<unknown> = EMPTY): Observable<Exchanged<T>> =>
  new Observable((subscriber) => {
    const { lane } = connection;
    const turn: Turn = {
      dueAtMs: -Infinity,
      start: () => {
        const sent = concat(before.pipe(ignoreElements()), send(connection, sending, read)).subscribe({
          next: (exchanged) => { lane.finish(turn, () => { subscriber.next(exchanged); }); },
          error: (error: unknown) => { lane.finish(turn, () => { subscriber.error(error); }); },
          complete: () => { subscriber.complete(); },
        });
        subscriber.add(sent);
      },
      fail: (error) => { subscriber.error(error); },
    };
    subscriber.add(() => { lane.leave(turn); });
    lane.enter(turn);
  });

/** The path of a task, below the base URL. */
export const pathOf = ({ path }: Account['provider'], id: string): string => path.replace('{id}', encodeURIComponent(id));

/** How often a GET is sent again, by the reason: as often as a watch goes on after such errors, or five times. */
const mostRetries: Readonly<Partial<Record<ResponseReason, number>>> = { server: 5, 'rate-limited': 5, empty: 5, unauthorized: 2, quota: 1 };

/** Sends a GET, again after 1, 2, 4, 8 and 16 s while it fails for a reason that may pass, or after a longer `Retry-After`. */
export const get = <T>(connection: Connection, path: string, read: Read<T>, retries = 0): Observable<Exchanged<T>> =>
  exchange(connection, { method: 'GET', path }, read).pipe(
    switchMap((exchanged) => {
      const { result } = exchanged;
      if (!isLeft(result) || retries >= (result.left.kind === 'response' ? (mostRetries[result.left.reason] ?? 0) : 5)) return of(exchanged);
      const demandedMs = 'retryAfterMs' in result.left ? (result.left.retryAfterMs ?? 0) : 0;
      return timer(Math.max(1000 * 2 ** retries, demandedMs), connection.clock.scheduler).pipe(switchMap(() => get(connection, path, read, retries + 1)));
    }),
  );
