/**
 * The polling loop: `expand` over a state, with a timer between requests.
 */
import { EMPTY, expand, type Observable, of, type SchedulerLike, type Subscribable } from 'rxjs';
import { timerThen } from './timers.js';

/** Options of `poll`. */
export interface PollOptions<S> {
  /** State → ms to wait before the next request, or 'done'. */
  readonly wait: (state: S) => number | 'done';
  /** State → the next state. Only the first value of the stream counts. */
  readonly request: (state: S) => Observable<S>;
  /** Ends the current wait when it emits. Default: never. */
  readonly wake?: Subscribable<unknown>;
  /** Measures the waits. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Polls: passes a state from request to request until `wait` returns 'done'.
 *
 *     request       --b|
 *     wait 5        a------b------(z|)
 *
 * Cold: each subscription runs its own loop from the seed. A wait of 0 also takes one turn of the scheduler.
 *
 * @param seed the initial state, emitted first
 * @returns every state, including the last
 * Errors: those of `wait`, `request` and `wake`, unchanged; `RangeError` unless a wait is ≥ 0 or 'done'; `EmptyError` when a request
 * completes without a value.
 * @example poll(startWatch(task, config, nowMs), { wait, request })
 */
export const poll = <S>(seed: S, options: PollOptions<S>): Observable<S> =>
  of(seed).pipe(
    expand((state) => {
      const waitMs = options.wait(state);
      if (waitMs === 'done') return EMPTY;
      if (Number.isNaN(waitMs) || waitMs < 0) throw new RangeError(`wait must return a number of ms ≥ 0 or 'done', not ${waitMs}`);
      return timerThen(waitMs, state, options);
    }),
  );
