/**
 * Waits of any length, on the scheduler's clock.
 */
import { asyncScheduler, defer, first, Observable, type Observer, type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import { longestTimerMs } from '../checks.js';

/** Calls `wake` after `ms`, and after one turn of the scheduler at the least. Unsubscribing ends the wait. */
export const sleep = (ms: number, wake: () => void, scheduler: SchedulerLike = asyncScheduler): Subscription => {
  if (ms <= longestTimerMs) return scheduler.schedule(wake, ms);
  const sleeping = new Subscription();
  const goOn = (): void => { sleeping.add(sleep(ms - longestTimerMs, wake, scheduler)); };
  sleeping.add(scheduler.schedule(goOn, longestTimerMs));
  return sleeping;
};

/** An observer that does something of its own with values, and passes on errors and the end. */
export const passedTo = <T>(subscriber: Subscriber<never>, next: (value: T) => void): Observer<T> => ({
  next,
  error: (error) => { subscriber.error(error); },
  complete: () => { subscriber.complete(); },
});

/** Completes after `ms`, and after one turn of the scheduler at the least. */
export const rest = (ms: number, scheduler?: SchedulerLike): Observable<never> =>
  new Observable((subscriber) => sleep(ms, () => { subscriber.complete(); }, scheduler));

/**
 * The first value of what `next` gives, after `ms`, or as soon as `wake` emits.
 *
 *     wake       ---x-----x--
 *     next       --b|
 *     after 5    -----(b|)     woken at 3
 */
export const after = <T>(ms: number, wake: Observable<unknown>, next: () => Observable<T>, scheduler?: SchedulerLike): Observable<T> =>
  new Observable((subscriber) => {
    const waiting = new Subscription();
    const go = (): void => {
      if (waiting.closed) return;
      waiting.unsubscribe();
      defer(next).pipe(first()).subscribe(subscriber);
    };
    waiting.add(sleep(ms, go, scheduler));
    waiting.add(wake.subscribe({ next: go, error: (error) => { subscriber.error(error); } }));
    return waiting;
  });

/**
 * The first value of the source, or what `otherwise` is if none has come within `ms`. One that comes in that very turn counts.
 *
 *     source       -------a|
 *     within 5     -----(z|)
 *
 * Errors: those of the source.
 */
export const within =
  <Otherwise>(ms: number, otherwise: Observable<Otherwise>, scheduler?: SchedulerLike) =>
  <T>(source: Observable<T>): Observable<T | Otherwise> =>
    new Observable((subscriber) => {
      const asking = new Subscription();
      const giveUp = (): void => {
        asking.unsubscribe();
        otherwise.subscribe(subscriber);
      };
      asking.add(
        source.subscribe(passedTo(subscriber, (value) => {
          subscriber.next(value);
          subscriber.complete();
        })),
      );
      asking.add(sleep(ms, () => { asking.add(sleep(0, giveUp, scheduler)); }, scheduler));
      return asking;
    });
