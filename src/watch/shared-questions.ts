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
  /** The answer that came last. */
  readonly latest: () => Arrival<Answer> | null;
  /** Every answer as it comes. Hot. */
  readonly arrivals: Observable<Arrival<Answer>>;
  /**
   * The next answer after number `seen`: one that has come already, the one that is under way, else a new request, which leaves no
   * earlier than `floorMs` after the last one, and through the gate. Emits once. Unsubscribing withdraws from the request, and
   * aborts it when nobody else waits for it.
   */
  readonly next: (seen: number, floorMs: number, gate: Gate) => Observable<Arrival<Answer>>;
}

/** @param send one request: cold, emits once, never errs */
export const shareQuestions = <Answer>(send: Observable<Answer>): SharedQuestions<Answer> => {
  const arrivals = new Subject<Arrival<Answer>>();
  let latest: Arrival<Answer> | null = null;
  let sentAtMs = -Infinity;
  let isUnderWay = false;

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
    latest: () => latest,
    arrivals,
    next: (seen, floorMs, gate) =>
      defer(() => {
        if (latest !== null && latest.number > seen) return of(latest);
        const restMs = isUnderWay ? 0 : Math.min(sentAtMs + floorMs - asyncScheduler.now(), floorMs);
        const question = restMs > 0 ? concat(rest(restMs), request) : request;
        return race(arrivals, gate(question)).pipe(take(1));
      }),
  };
};
