/**
 * Timers of any length, on the scheduler's clock. RxJS's `timer` fires at once for 2^31 ms and more.
 */
import {
  asyncScheduler, EmptyError, Observable, type Observer, type SchedulerLike, type Subscribable, type Subscriber, Subscription, type Unsubscribable,
} from 'rxjs';
import { longestTimerMs } from '../checks.js';
import { subscribeTo } from './subscribe.js';

/** Calls `callback` with `state` after `ms`, and after at least one turn of the scheduler. Unsubscribing cancels the call. */
export const sleep = <S>(ms: number, callback: (state?: S) => void, scheduler: SchedulerLike = asyncScheduler, state?: S): Subscription => {
  if (ms <= longestTimerMs) return scheduler.schedule(callback, ms, state);
  const sleeping = new Subscription();
  const sleepOn = (): void => { sleeping.add(sleep(ms - longestTimerMs, callback, scheduler, state)); };
  sleeping.add(scheduler.schedule(sleepOn, longestTimerMs));
  return sleeping;
};

/** Completes after `ms`, and after at least one turn of the scheduler. Replaces RxJS's `timer`, which fires at once for 2^31 ms and more. */
export const longTimer = (ms: number, scheduler?: SchedulerLike): Observable<never> =>
  new Observable((subscriber) => sleep(ms, () => { subscriber.complete(); }, scheduler));

/** What follows a wait, and what ends it early. */
export interface Next<S, T> {
  /** Only the first value of the stream counts. */
  readonly request: (state: S) => Observable<T>;
  readonly wake?: Subscribable<unknown>;
  readonly scheduler?: SchedulerLike;
}

/**
 * Waits `ms`, or until `wake` emits, then emits the first value of `request(state)`.
 *
 *     wake            ---x-----x--
 *     request         --b|
 *     timerThen 5     -----(b|)     woken at 3
 *
 * Replaces `race(timer(ms), wake).pipe(take(1), switchMap(() => request(state)), first())`, which keeps more objects for each watched task.
 */
export const timerThen = <S, T>(ms: number, state: S, next: Next<S, T>): Observable<T> =>
  new Observable((subscriber) => {
    const waiting = new Waiting(subscriber, state, next);
    waiting.timer = sleep(ms, endWait, next.scheduler, waiting);
    if (next.wake !== undefined) waiting.listenTo(next.wake);
    return waiting;
  });

/** Not a closure, to save memory: there is one wait for each watched task. */
const endWait = (waiting?: { readonly next: () => void }): void => { waiting?.next(); };

/** The wait, then the subscription to the request. A class saves memory, as above. */
class Waiting<S, T> implements Unsubscribable {
  timer: Unsubscribable | null = null;
  readonly #subscriber: Subscriber<T>;
  readonly #state: S;
  readonly #next: Next<S, T>;
  #waker: Unsubscribable | null = null;
  #source: Unsubscribable | null = null;
  #isOver = false;

  constructor(subscriber: Subscriber<T>, state: S, next: Next<S, T>) {
    this.#subscriber = subscriber;
    this.#state = state;
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
      this.#source = subscribeTo(this.#next.request(this.#state), new First(this.#subscriber));
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
