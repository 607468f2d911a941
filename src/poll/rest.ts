/**
 * A wait of any length, on the scheduler's clock.
 */
import { concat, defer, ignoreElements, type Observable, timer } from 'rxjs';

/** The longest wait that a platform's timer keeps: 2^31 ms and more would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Completes after `ms`, and after one turn of the scheduler at the least. */
export const rest = (ms: number): Observable<never> => {
  const now = timer(Math.min(ms, longestTimerMs)).pipe(ignoreElements());
  return ms > longestTimerMs ? concat(now, defer(() => rest(ms - longestTimerMs))) : now;
};
