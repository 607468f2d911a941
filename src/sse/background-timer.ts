/**
 * A timer that does not keep the process alive.
 */
import { asyncScheduler, type Subscription } from 'rxjs';
import { longestTimerMs } from '../checks.js';

/** Node's timers, which RxJS keeps as `id`. Those of other platforms are numbers. */
interface NodeTimer {
  readonly id?: { readonly unref?: () => void };
}

/** Calls `callback` after `ms`, at most `longestTimerMs`. A Node process may end before that. Unsubscribing cancels the call. */
export const backgroundTimer = (ms: number, callback: () => void): Subscription => {
  const timer = asyncScheduler.schedule(callback, Math.min(ms, longestTimerMs));
  (timer as NodeTimer).id?.unref?.(); // see above
  return timer;
};
