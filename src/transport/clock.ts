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
  /** The system clock minus `performance.now()`, as it was last read. */
  let offsetMs = Number.NaN;
  const isNear = (wallMs: number): boolean => Math.abs(now() - wallMs) < 1_000;
  // Checked again, and then once more: the system clock may have been set, also between two readings.
  const isWallClock = (elapsedMs: number): boolean => {
    if (isNear(elapsedMs + offsetMs)) return true;
    offsetMs = Date.now() - elapsedMs;
    return isNear(Date.now()) || isNear(Date.now());
  };
  const elapsedMs = (): number => {
    const ms = performance.now();
    return isWallClock(ms) ? ms : now();
  };
  return { scheduler, now, elapsedMs: scheduler === asyncScheduler ? elapsedMs : now };
};
