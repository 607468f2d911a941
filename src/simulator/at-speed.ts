/**
 * A scheduler in simulated time, the time of a simulator of the same `speed`.
 */
import { asyncScheduler } from 'rxjs';
import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import { longestTimerMs } from '../checks.js';
import { simulatedClock } from './simulated-clock.js';

/**
 * A scheduler for a client that polls a simulator of the same `speed`. Its clock runs `speed` times as fast as real time, and a delay
 * takes a `speed`-th of its length: at 60 a minute takes a second. All such schedulers of one speed and origin show the same time.
 *
 * Work never runs before `now()` has reached its due time. It may run late by a few real milliseconds, which are `speed` times as many
 * here: at 600 expect a second or two.
 *
 * @param originMs the instant at which simulated and real time are the same, in ms since the epoch; default: the start of the process.
 *                 A client in another process than its simulator needs the simulator's: `performance.timeOrigin` there
 * Throws `RangeError` unless `speed` is finite and > 0, and `originMs` is finite.
 * @example timer(60_000, atSpeed(60)) // emits after a second
 */
export const atSpeed = (speed: number, originMs?: number): SchedulerLike => {
  const now = simulatedClock(speed, originMs);
  const realMs = (delayMs: number): number => Math.min(Math.ceil(delayMs / speed), longestTimerMs);

  const schedule = <T>(work: (this: SchedulerAction<T>, state?: T) => void, delayMs = 0, state?: T): Subscription => {
    let dueAtMs = now() + delayMs;
    let wait: SchedulerAction<T>['schedule'] | undefined;
    return asyncScheduler.schedule<T>(
      function (current) {
        if (wait === undefined) {
          // The action is RxJS's own; from its first run on it reschedules itself in simulated time.
          const inRealTime = this.schedule.bind(this);
          wait = inRealTime;
          this.schedule = (next, nextDelayMs = 0) => {
            dueAtMs = now() + nextDelayMs;
            return inRealTime(next, realMs(nextDelayMs));
          };
        }
        // A platform timer may fire up to a millisecond early, and it does not keep a long delay.
        const restMs = dueAtMs - now();
        if (restMs > 0) wait(current, realMs(restMs));
        else work.call(this, current);
      },
      realMs(delayMs),
      state,
    );
  };

  return { now, schedule };
};
