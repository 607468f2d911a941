/**
 * The questions about one task, shared by all of its watchers: one request at a time, every answer to everyone.
 * Here is the sharing of this library written down; a watcher's state is its own.
 */
import { asyncScheduler, concat, defer, finalize, map, type Observable, of, race, share, Subject, take, tap } from 'rxjs';
import { rest } from '../poll/rest.js';
import type { Gate } from './gate.js';

/** An answer and its number: which of a task's answers it is, from 1. */
export interface Arrival<Answer> {
  readonly number: number;
  readonly atMs: number;
  readonly answer: Answer;
}

/** One task's questions. */
export interface SharedQuestions<Answer> {
  /** When the last request left, and when the floor after it is over; -Infinity before the first. */
  readonly last: () => { readonly sentAtMs: number; readonly freeAtMs: number };
  /** The answer that came last. */
  readonly latest: () => Arrival<Answer> | null;
  /** Every answer as it comes. Hot. */
  readonly arrivals: Observable<Arrival<Answer>>;
  /**
   * The next answer after number `seen`: one that has come already, the one that is under way, else a new request, which is let
   * through the gate no earlier than `floorMs` after the last one. Emits once. Unsubscribing withdraws from the request, and aborts
   * it when nobody else waits for it.
   */
  readonly next: (seen: number, floorMs: number, gate: Gate) => Observable<Arrival<Answer>>;
}

/**
 * @param send     one request: cold, emits once, never errs
 * @param sentAtMs when the last one left, if there was one already
 */
export const shareQuestions = <Answer>(send: Observable<Answer>, sentAtMs = -Infinity): SharedQuestions<Answer> => {
  const arrivals = new Subject<Arrival<Answer>>();
  let latest: Arrival<Answer> | null = null;
  let isUnderWay = false;
  let floor = 0;

  const request = defer(() => {
    sentAtMs = asyncScheduler.now();
    isUnderWay = true;
    return send;
  }).pipe(
    finalize(() => (isUnderWay = false)),
    map((answer) => (latest = { number: (latest?.number ?? 0) + 1, atMs: asyncScheduler.now(), answer })),
    tap((arrival) => { arrivals.next(arrival); }),
    share(),
  );

  return {
    last: () => ({ sentAtMs, freeAtMs: sentAtMs + floor }),
    latest: () => latest,
    arrivals,
    next: (seen, floorMs, gate) =>
      defer(() => {
        if (latest !== null && latest.number > seen) return of(latest);
        floor = floorMs;
        const restMs = isUnderWay ? 0 : Math.min(sentAtMs + floorMs - asyncScheduler.now(), floorMs);
        const question = gate(request);
        return race(arrivals, restMs > 0 ? concat(rest(restMs), question) : question).pipe(take(1));
      }),
  };
};
