/**
 * Waits of any length, on the scheduler's clock.
 */
import {
  asyncScheduler, EmptyError, Observable, type Observer, type SchedulerLike, type Subscribable, type Subscriber, Subscription, type Unsubscribable,
} from 'rxjs';
import { longestTimerMs } from '../checks.js';

/** Calls `wake` after `ms`, and after one turn of the scheduler at the least. Unsubscribing ends the wait. */
export const sleep = (ms: number, wake: () => void, scheduler: SchedulerLike = asyncScheduler): Subscription => {
  if (ms <= longestTimerMs) return scheduler.schedule(wake, ms);
  const sleeping = new Subscription();
  const goOn = (): void => { sleeping.add(sleep(ms - longestTimerMs, wake, scheduler)); };
  sleeping.add(scheduler.schedule(goOn, longestTimerMs));
  return sleeping;
};

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
export const after = <T>(ms: number, wake: Subscribable<unknown> | null, next: () => Observable<T>, scheduler?: SchedulerLike): Observable<T> =>
  new Observable((subscriber) => {
    const waiting = new Waiting(subscriber, next);
    waiting.timer = sleep(ms, () => { waiting.next(); }, scheduler);
    if (wake !== null) waiting.listenTo(wake);
    return waiting;
  });

/** A wait, and then the wait for what comes after it. A class, because so many are kept: one for each task that is watched. */
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
      this.#source = this.#next().subscribe(new First(this.#subscriber));
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

/** Passes one value on. */
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
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the error of RxJS's own `first`, which users may look for
    this.#subscriber.error(new EmptyError());
  }
}
