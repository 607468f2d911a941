/**
 * The time of a client. A wall clock says when things happened and may jump; elapsed time measures waits and never jumps.
 */
import { asyncScheduler, type SchedulerLike } from 'rxjs';

declare const performance: { readonly now: () => number };

/** A scheduler, and the two ways to read its time. */
export interface Clock {
  readonly scheduler: SchedulerLike;
  /** ms since the epoch. Goes back or ahead when somebody sets the clock. */
  readonly now: () => number;
  /** ms since some moment, for measuring. Follows no change of the wall clock. */
  readonly elapsedMs: () => number;
}

/**
 * The clock of a scheduler.
 *
 * `asyncScheduler` reads the wall clock, so elapsed time comes from the platform. In virtual time (`TestScheduler.run`) it does not, and
 * like every other scheduler it is its own measure.
 */
export const clockOf = (scheduler: SchedulerLike): Clock => {
  const now = (): number => scheduler.now();
  // Read twice: somebody may set the clock between two readings.
  const isNear = (): boolean => Math.abs(now() - Date.now()) < 1_000;
  const isWallClock = (): boolean => isNear() || isNear();
  return { scheduler, now, elapsedMs: () => (scheduler === asyncScheduler && isWallClock() ? performance.now() : now()) };
};
