/**
 * The engine: `expand` over a state, a timer between the requests.
 */
import { asyncScheduler, EMPTY, expand, type Observable, of, type SchedulerLike, type Subscribable } from 'rxjs';
import { after } from './rest.js';

/** How a state is carried from request to request. */
export interface PollOptions<S> {
  /** State → ms to wait before the next request, or 'done'. */
  readonly wait: (state: S) => number | 'done';
  /** State → the next state, as a stream of which the first value counts. */
  readonly request: (state: S) => Observable<S>;
  /** Ends a wait early whenever it emits. Default: never. */
  readonly wake?: Subscribable<unknown>;
  /** The time that waits are measured in. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Polls: carries a state from request to request until `wait` returns 'done'.
 *
 *     request       --b|
 *     wait 5        a------b------(z|)
 *
 * Cold: each subscription is its own loop, born from the seed. A wait is at least one turn of the scheduler, also a wait of 0.
 *
 * @param seed the state to begin with, emitted first
 * @returns every state, the last included
 * Errors: those of `wait`, `request` and `wake`, unchanged; `RangeError` unless a wait is ≥ 0 or 'done'; `EmptyError` when a request
 * completes without a value.
 * @example poll(startWatch(task, rules, nowMs), { wait, request })
 */
export const poll = <S>(seed: S, options: PollOptions<S>): Observable<S> =>
  of(seed).pipe(
    expand((state) => {
      const waitMs = options.wait(state);
      if (waitMs === 'done') return EMPTY;
      if (Number.isNaN(waitMs) || waitMs < 0) throw new RangeError(`wait must give a number of ms from 0, or 'done', not ${waitMs}`);
      return after(waitMs, options.wake ?? null, () => options.request(state), options.scheduler ?? asyncScheduler);
    }),
  );
