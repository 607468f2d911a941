/**
 * The engine: `expand` over a state, a timer between the questions. Knows no task, no HTTP and no provider.
 */
import { EMPTY, expand, NEVER, type Observable, of } from 'rxjs';
import { after } from './rest.js';

/** How a state is carried on. */
export interface PollOptions<S> {
  /** State → ms to wait before the next question, or 'done'. */
  readonly wait: (state: S) => number | 'done';
  /** State → the next state, as a stream of which the first value counts. */
  readonly ask: (state: S) => Observable<S>;
  /** Ends a wait early whenever it emits. Default: never. */
  readonly hurry?: Observable<unknown>;
}

/**
 * Carries a state from question to question until `wait` calls it done.
 *
 *     ask           --b|
 *     wait 5        a------b------(z|)
 *
 * Cold: each subscription is its own loop, born from the seed. A wait is at least one turn of the scheduler, also a wait of 0.
 *
 * @param seed the state to begin with, emitted first
 * @returns every state, the last included
 * Errors: those of `wait`, `ask` and `hurry`, unchanged; `RangeError` for a wait that is none; `EmptyError` when a question ends
 * without an answer.
 * @example poll(beginWatch(task, rules, nowMs), { wait, ask })
 */
export const poll = <S>(seed: S, { wait, ask, hurry = NEVER }: PollOptions<S>): Observable<S> =>
  of(seed).pipe(
    expand((state) => {
      const waitMs = wait(state);
      if (waitMs === 'done') return EMPTY;
      if (Number.isNaN(waitMs) || waitMs < 0) throw new RangeError(`wait must give a number of ms from 0, or 'done', not ${waitMs}`);
      return after(waitMs, hurry, () => ask(state));
    }),
  );
