/**
 * The clock of a client: wall-clock time, which may jump, for timestamps; elapsed time, which does not, for waits.
 */
import { asyncScheduler, type SchedulerLike } from 'rxjs';

declare const performance: { readonly now: () => number };

/** A scheduler, with its wall-clock and elapsed time. */
export interface Clock {
  readonly scheduler: SchedulerLike;
  /** ms since the epoch. Jumps when the system clock is set. */
  readonly now: () => number;
  /** ms since an arbitrary moment, for measuring. Does not jump. */
  readonly elapsedMs: () => number;
}

/**
 * The clock of a scheduler.
 *
 * `asyncScheduler` reads the wall clock, so elapsed time comes from `performance.now()`. In virtual time (`TestScheduler.run`), and for
 * every other scheduler, elapsed time is the scheduler's own time.
 */
export const clockOf = (scheduler: SchedulerLike): Clock => {
  const now = (): number => scheduler.now();
  // Checked twice: the system clock may be set between the two readings.
  const isNear = (): boolean => Math.abs(now() - Date.now()) < 1_000;
  const isWallClock = (): boolean => isNear() || isNear();
  return { scheduler, now, elapsedMs: () => (scheduler === asyncScheduler && isWallClock() ? performance.now() : now()) };
};
