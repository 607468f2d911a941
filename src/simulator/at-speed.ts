/**
 * A scheduler in simulated time: the clock of a simulator with the same `speed`.
 */
import { asyncScheduler } from 'rxjs';
import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import { longestTimerMs } from '../checks.js';
import { simulatedClock } from './simulated-clock.js';

/**
 * A scheduler for a client that polls a simulator with the same `speed`. Its clock runs at `speed`× real time, and delays are divided
 * by `speed`: at 60 a minute takes a second. All schedulers of one speed and origin show the same time.
 *
 * Work never runs before `now()` has reached its due time. It may run late by a few real milliseconds, which count `speed` times in
 * simulated time: at 600 expect a second or two.
 *
 * @param originMs the instant at which simulated and real time are the same, in ms since the epoch; default: the start of the process.
 *                 A client in another process passes the `performance.timeOrigin` of the simulator's process
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
          // From its first run on, the action of RxJS reschedules itself in simulated time.
          const inRealTime = this.schedule.bind(this);
          wait = inRealTime;
          this.schedule = (next, nextDelayMs = 0) => {
            dueAtMs = now() + nextDelayMs;
            return inRealTime(next, realMs(nextDelayMs));
          };
        }
        // A platform timer may fire up to a millisecond early, and its delay has a maximum.
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
