/**
 * One task of a client, shared by all of its watchers: one request at a time, every result to everyone. A watcher's state is its own.
 */
import { isLeft, right } from 'fp-ts/Either';
import { Observable, Subject, type Subscriber, takeUntil } from 'rxjs';
import type { Clock } from '../transport/clock.js';
import type { TaskRef } from '../task/snapshot.js';
import type { Leaving, Poll, PolledTask, PollEvent, Result } from './requests.js';

/** A result and its number: which of the task's results it is, from 1. */
export interface Arrival {
  readonly number: number;
  readonly atMs: number;
  readonly result: Result;
}

/** What a watcher sees of a poll. */
export type SharedEvent = Leaving | { readonly kind: 'done'; readonly arrival: Arrival };

/** A class, so that each of ten thousand tasks holds what it knows and no more. */
export class SharedTask implements PolledTask {
  readonly task: TaskRef;
  lastRequest: PolledTask['lastRequest'];
  unlistedTier: PolledTask['unlistedTier'];
  /** How many watchers have joined and not left. */
  watchers = 0;
  /** The latest result. Once it has been told to all, it is kept without its body. */
  latest: Arrival | null = null;
  /** Whether its next poll is to leave now, as soon as its minimum interval allows. */
  isWoken = false;
  /** Emits whenever a result has come, and when the task is woken. Hot. */
  readonly signals = new Observable<null>((subscriber) => {
    this.#listeners.add(subscriber);
    return () => this.#listeners.delete(subscriber);
  });
  readonly #request: (poll: Poll) => Observable<PollEvent>;
  readonly #clock: Clock;
  readonly #listeners = new Set<Subscriber<null>>();
  readonly #pollers = new Set<Subscriber<SharedEvent>>();
  /** Ends the poll that is under way: also one that is only just being subscribed to. */
  readonly #stop = new Subject<void>();
  #isUnderWay = false;
  /** Its latest `leaving`, for those who join it after that. */
  #leaving: Leaving | null = null;

  /** @param before what is remembered of an earlier watch */
  constructor(task: TaskRef, request: (poll: Poll) => Observable<PollEvent>, clock: Clock, before?: PolledTask) {
    this.task = task;
    this.lastRequest = before?.lastRequest ?? null;
    this.unlistedTier = before?.unlistedTier;
    this.#request = request;
    this.#clock = clock;
  }

  /**
   * The next result after number `seen`: one that has come already, that of the poll under way, else that of a new poll.
   * Unsubscribing withdraws from the poll, and ends it when nobody else waits for it.
   */
  poll(seen: number, own: Omit<Poll, 'polled'>): Observable<SharedEvent> {
    return new Observable((subscriber) => {
      if (this.latest !== null && this.latest.number > seen) {
        subscriber.next({ kind: 'done', arrival: this.latest });
        subscriber.complete();
        return;
      }
      this.#pollers.add(subscriber);
      subscriber.add(() => { this.#withdraw(subscriber); });
      if (!this.#isUnderWay) this.#start(own);
      else if (this.#leaving !== null) subscriber.next(this.#leaving);
    });
  }

  /** Lets the next poll leave now. One that has left already is followed by another. */
  wake(): void {
    this.isWoken = true;
    for (const listener of [...this.#listeners]) listener.next(null);
  }

  #start(own: Omit<Poll, 'polled'>): void {
    this.#isUnderWay = true;
    this.#request({ ...own, polled: this }).pipe(takeUntil(this.#stop)).subscribe({
      next: (event) => {
        if (event.kind === 'done') this.#done(event.result);
        else {
          this.#leaving = event;
          this.isWoken = false;
          for (const poller of [...this.#pollers]) poller.next(event);
        }
      },
      error: (error: unknown) => { for (const poller of this.#ended()) poller.error(error); },
    });
  }

  #withdraw(poller: Subscriber<SharedEvent>): void {
    this.#pollers.delete(poller);
    if (this.#pollers.size > 0 || !this.#isUnderWay) return;
    this.#ended();
    this.#stop.next();
  }

  /** Ends the poll that is under way, and gives those who wait for it. */
  #ended(): readonly Subscriber<SharedEvent>[] {
    const pollers = [...this.#pollers];
    this.#pollers.clear();
    this.#isUnderWay = false;
    this.#leaving = null;
    return pollers;
  }

  #done(result: Result): void {
    const arrival = { number: (this.latest?.number ?? 0) + 1, atMs: this.#clock.now(), result };
    this.latest = arrival;
    // Those who listen now: a poller that has its result waits for the next one.
    const listeners = [...this.#listeners];
    for (const poller of this.#ended()) {
      poller.next({ kind: 'done', arrival });
      poller.complete();
    }
    for (const listener of listeners) listener.next(null);
    if (this.latest === arrival) this.latest = { ...arrival, result: withoutBody(result) };
  }
}

const withoutBody = (result: Result): Result => (isLeft(result) ? result : right({ ...result.right, raw: null }));
