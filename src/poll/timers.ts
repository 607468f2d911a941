/**
 * Timers of any length, on the scheduler's clock. RxJS's `timer` fires at once for 2^31 ms and more.
 */
import {
  asyncScheduler, EmptyError, Observable, type Observer, type SchedulerLike, type Subscribable, type Subscriber, Subscription, type Unsubscribable,
} from 'rxjs';
import { longestTimerMs } from '../checks.js';
import { subscribeTo } from './subscribe.js';

/** Calls `callback` after `ms`, and after at least one turn of the scheduler. Unsubscribing cancels the call. */
export const sleep = (ms: number, callback: () => void, scheduler: SchedulerLike = asyncScheduler): Subscription => {
  if (ms <= longestTimerMs) return scheduler.schedule(callback, ms);
  const sleeping = new Subscription();
  const sleepOn = (): void => { sleeping.add(sleep(ms - longestTimerMs, callback, scheduler)); };
  sleeping.add(scheduler.schedule(sleepOn, longestTimerMs));
  return sleeping;
};

/** Completes after `ms`, and after at least one turn of the scheduler. Replaces RxJS's `timer`, which fires at once for 2^31 ms and more. */
export const longTimer = (ms: number, scheduler?: SchedulerLike): Observable<never> =>
  new Observable((subscriber) => sleep(ms, () => { subscriber.complete(); }, scheduler));

/**
 * Waits `ms`, or until `wake` emits, then emits the first value of `next()`.
 *
 *     wake            ---x-----x--
 *     next            --b|
 *     timerThen 5     -----(b|)     woken at 3
 *
 * Replaces `race(timer(ms), wake).pipe(take(1), switchMap(next), first())`, which keeps more objects for each watched task.
 */
export const timerThen = <T>(ms: number, wake: Subscribable<unknown> | null, next: () => Observable<T>, scheduler?: SchedulerLike): Observable<T> =>
  new Observable((subscriber) => {
    const waiting = new Waiting(subscriber, next);
    waiting.timer = sleep(ms, () => { waiting.next(); }, scheduler);
    if (wake !== null) waiting.listenTo(wake);
    return waiting;
  });

/** The wait, then the subscription to `next()`. A class saves memory: there is one for each watched task. */
class Waiting<T> implements Unsubscribable {
  timer: Unsubscribable | null = null;
  readonly #subscriber: Subscriber<T>;
  readonly #next: () => Observable<T>;
  #waker: Unsubscribable | null = null;
  #source: Unsubscribable | null = null;
  #isOver = false;

  constructor(subscriber: Subscriber<T>, next: () => Observable<T>) {
    this.#subscriber = subscriber;
    this.#next = next;
  }

  listenTo(wake: Subscribable<unknown>): void {
    const waker = wake.subscribe(this);
    if (this.#isOver) waker.unsubscribe();
    else this.#waker = waker;
  }

  next(): void {
    if (this.#isOver) return;
    this.#end();
    try {
      this.#source = subscribeTo(this.#next(), new First(this.#subscriber));
    } catch (error) {
      this.#subscriber.error(error);
    }
    if (this.#subscriber.closed) this.#source?.unsubscribe();
  }

  error(error: unknown): void {
    this.#subscriber.error(error);
  }

  unsubscribe(): void {
    this.#end();
    this.#source?.unsubscribe();
  }

  #end(): void {
    this.#isOver = true;
    this.timer?.unsubscribe();
    this.#waker?.unsubscribe();
  }
}

/** Emits the first value and completes. */
class First<T> implements Observer<T> {
  readonly #subscriber: Subscriber<T>;

  constructor(subscriber: Subscriber<T>) {
    this.#subscriber = subscriber;
  }

  next(value: T): void {
    this.#subscriber.next(value);
    this.#subscriber.complete();
  }

  error(error: unknown): void {
    this.#subscriber.error(error);
  }

  complete(): void {
    if (this.#subscriber.closed) return;
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- RxJS's own `first` throws it, so users may check for it
    this.#subscriber.error(new EmptyError());
  }
}
