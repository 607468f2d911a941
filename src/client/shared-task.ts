/**
 * One task of a client, shared by all its watchers. It has one request at a time, and every watcher gets every result. Each watcher keeps
 * its own state.
 */
import { isLeft, right } from 'fp-ts/Either';
import type { Observer, Subscribable, Unsubscribable } from 'rxjs';
import { isEqual, type Reading, type TaskRef } from '../task/snapshot.js';
import type { Clock } from '../transport/clock.js';
import { type Leaving, Poll, type PolledTask, type PollSettings, type Requests, type Result } from './requests.js';

/** A result with its number, counted per task from 1. */
export interface Arrival {
  readonly number: number;
  readonly atMs: number;
  readonly result: Result;
}

/** A watcher that waits for the result of a poll. */
export interface Poller {
  /** The request is about to be sent. Called again if a list omits the task. */
  readonly leaving: (request: Leaving) => void;
  /** The result has arrived. This is the last call. */
  readonly arrived: (arrival: Arrival) => void;
  /** The queue has failed. This is the last call. */
  readonly failed: (error: unknown) => void;
}

/** A class saves memory: there may be ten thousand tasks. As an Observable, it emits null to end the wait for the next poll. */
export class SharedTask implements PolledTask, Subscribable<null> {
  readonly task: TaskRef;
  lastRequest: PolledTask['lastRequest'];
  unlistedTier: PolledTask['unlistedTier'];
  /** The number of current watchers. */
  watchers = 0;
  /** The latest result. Its body is dropped once all watchers have it. */
  latest: Arrival | null = null;
  /** Whether its next poll is due now, subject to the minimum interval. */
  isWoken = false;
  readonly #requests: Requests;
  readonly #clock: Clock;
  // Most tasks have one watcher: an array that is replaced takes less memory than a set.
  #listeners: readonly Partial<Observer<null>>[] = none;
  #pollers: readonly Poller[] = none;
  /** The current poll. */
  #poll: Poll | null = null;
  /** Its request, for watchers that join the poll later. */
  #leaving: Leaving | null = null;

  /** @param before the state of an earlier watch of the task */
  constructor(task: TaskRef, requests: Requests, clock: Clock, before?: Pick<PolledTask, 'lastRequest' | 'unlistedTier'>) {
    this.task = task;
    this.lastRequest = before?.lastRequest ?? null;
    this.unlistedTier = before?.unlistedTier;
    this.#requests = requests;
    this.#clock = clock;
  }

  /** Emits after each result, and when the task is woken. */
  subscribe(listener: Partial<Observer<null>>): Unsubscribable {
    this.#listeners = [...this.#listeners, listener];
    return new Listening(this, listener);
  }

  /** Ends a listener's subscription. */
  ignore(listener: Partial<Observer<null>>): void {
    this.#listeners = without(this.#listeners, listener);
  }

  /** Makes the next poll due now. If a request is already in flight, another poll follows it. */
  wake(): void {
    this.isWoken = true;
    this.#signal(this.#listeners);
  }

  /** Takes the result of another request about the task, as if it had been polled then. A null result counts for the minimum interval alone. */
  tell(lastRequest: NonNullable<PolledTask['lastRequest']>, reading: Reading | null): void {
    this.lastRequest = lastRequest;
    if (reading === null) return;
    if (this.#poll !== null) this.#requests.stop(this.#poll);
    this.done(right(reading));
  }

  /**
   * Passes the poller the first result after number `seen`: the latest one, that of the current poll, or that of a new poll with these
   * settings. It may call the poller before it returns.
   */
  poll(seen: number, poller: Poller, settings: PollSettings): void {
    if (this.latest !== null && this.latest.number > seen) {
      poller.arrived(this.latest);
      return;
    }
    this.#pollers = [...this.#pollers, poller];
    if (this.#poll === null) {
      this.#poll = new Poll(this, settings);
      this.#requests.start(this.#poll);
    } else if (this.#leaving !== null) poller.leaving(this.#leaving);
  }

  /** Ends a poller's wait, and the poll if no other poller waits for it. */
  withdraw(poller: Poller): void {
    if (!this.#pollers.includes(poller)) return;
    const poll = this.#poll;
    this.#pollers = without(this.#pollers, poller);
    if (this.#pollers.length > 0 || poll === null) return;
    this.#ended();
    this.#requests.stop(poll);
  }

  leaving(request: Leaving): void {
    this.#leaving = request;
    this.isWoken = false;
    for (const poller of this.#pollers) if (this.#pollers.includes(poller)) poller.leaving(request);
  }

  done(latest: Result): void {
    const result = keeping(this.latest?.result, latest);
    const arrival = { number: (this.latest?.number ?? 0) + 1, atMs: this.#clock.now(), result };
    this.latest = arrival;
    // Only the current listeners: a poller that gets this result starts to listen for the next one.
    const listeners = this.#listeners;
    for (const poller of this.#ended()) poller.arrived(arrival);
    this.#signal(listeners);
    if (this.latest === arrival) this.latest = { ...arrival, result: withoutBody(result) };
  }

  failed(error: unknown): void {
    for (const poller of this.#ended()) poller.failed(error);
  }

  #signal(listeners: readonly Partial<Observer<null>>[]): void {
    for (const listener of listeners) if (this.#listeners.includes(listener)) listener.next?.(null);
  }

  /** Ends the current poll, and returns its pollers. */
  #ended(): readonly Poller[] {
    const pollers = this.#pollers;
    this.#pollers = none;
    this.#poll = null;
    this.#leaving = null;
    return pollers;
  }
}

/** The subscription of a listener. A class saves memory. */
class Listening implements Unsubscribable {
  readonly #shared: SharedTask;
  readonly #listener: Partial<Observer<null>>;

  constructor(shared: SharedTask, listener: Partial<Observer<null>>) {
    this.#shared = shared;
    this.#listener = listener;
  }

  unsubscribe(): void {
    this.#shared.ignore(this.#listener);
  }
}

const none: readonly never[] = [];

const without = <T>(all: readonly T[], one: T): readonly T[] => (all.length === 1 && all[0] === one ? none : all.filter((other) => other !== one));

/** Keeps the previous snapshot if the new one is equal, to save memory: most responses for a running task are equal. */
const keeping = (before: Result | undefined, result: Result): Result => {
  if (before === undefined || isLeft(before) || isLeft(result) || !isEqual(before.right.snapshot, result.right.snapshot)) return result;
  return right({ snapshot: before.right.snapshot, raw: result.right.raw });
};

const withoutBody = (result: Result): Result => (isLeft(result) ? result : right({ snapshot: result.right.snapshot, raw: null }));
