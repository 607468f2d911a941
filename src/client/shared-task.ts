/**
 * One task of a client, shared by all of its watchers: one request at a time, every result to everyone. A watcher's state is its own.
 */
import { isLeft, right } from 'fp-ts/Either';
import type { Observer, Subscribable, Unsubscribable } from 'rxjs';
import { saysTheSame, type TaskRef } from '../task/snapshot.js';
import type { Clock } from '../transport/clock.js';
import { type Leaving, Poll, type PolledTask, type PollSettings, type Requests, type Result } from './requests.js';

/** A result and its number: which of the task's results it is, from 1. */
export interface Arrival {
  readonly number: number;
  readonly atMs: number;
  readonly result: Result;
}

/** Who waits for the result of a poll. Its settings count if it is the first to wait. */
export interface Poller extends PollSettings {
  /** The request is about to leave; more than once if a list says nothing of the task. */
  readonly leaving: (request: Leaving) => void;
  /** The result has come; nothing follows. */
  readonly arrived: (arrival: Arrival) => void;
  /** The queue has failed; nothing follows. */
  readonly failed: (error: unknown) => void;
}

/** A class, so that each of ten thousand tasks holds what it knows and no more. Emits null to those who wait for their next poll. */
export class SharedTask implements PolledTask, Subscribable<null> {
  /** The same for every ref of the task. */
  readonly key: string;
  readonly task: TaskRef;
  lastRequest: PolledTask['lastRequest'];
  unlistedTier: PolledTask['unlistedTier'];
  /** How many watchers have joined and not left. */
  watchers = 0;
  /** The latest result. Once it has been told to all, it is kept without its body. */
  latest: Arrival | null = null;
  /** Whether its next poll is to leave now, as soon as its minimum interval allows. */
  isWoken = false;
  readonly #requests: Requests;
  readonly #clock: Clock;
  // Most tasks have one watcher: a list that is replaced takes less room than a set.
  #listeners: readonly Partial<Observer<null>>[] = none;
  #pollers: readonly Poller[] = none;
  /** The poll that is under way. */
  #poll: Poll | null = null;
  /** Its request, for those who join it after that was about to leave. */
  #leaving: Leaving | null = null;

  /** @param before what is remembered of an earlier watch */
  constructor(key: string, task: TaskRef, requests: Requests, clock: Clock, before?: Pick<PolledTask, 'lastRequest' | 'unlistedTier'>) {
    this.key = key;
    this.task = task;
    this.lastRequest = before?.lastRequest ?? null;
    this.unlistedTier = before?.unlistedTier;
    this.#requests = requests;
    this.#clock = clock;
  }

  /** Emits whenever a result has come, and when the task is woken. */
  subscribe(listener: Partial<Observer<null>>): Unsubscribable {
    this.#listeners = [...this.#listeners, listener];
    return { unsubscribe: () => { this.#listeners = without(this.#listeners, listener); } };
  }

  /** Lets the next poll leave now. One that has left already is followed by another. */
  wake(): void {
    this.isWoken = true;
    this.#signal(this.#listeners);
  }

  /**
   * Gives the next result after number `seen`: one that has come already, that of the poll under way, else that of a new poll. The poller
   * may be told of it before this returns.
   */
  poll(seen: number, poller: Poller): void {
    if (this.latest !== null && this.latest.number > seen) {
      poller.arrived(this.latest);
      return;
    }
    this.#pollers = [...this.#pollers, poller];
    if (this.#poll === null) {
      this.#poll = new Poll(this, poller);
      this.#requests.start(this.#poll);
    } else if (this.#leaving !== null) poller.leaving(this.#leaving);
  }

  /** Ends a poller's wait, and the poll when nobody else waits for it. */
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
    // Those who listen now: a poller that has its result waits for the next one.
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

  /** Ends the poll that is under way, and gives those who wait for it. */
  #ended(): readonly Poller[] {
    const pollers = this.#pollers;
    this.#pollers = none;
    this.#poll = null;
    this.#leaving = null;
    return pollers;
  }
}

const none: readonly never[] = [];

const without = <T>(all: readonly T[], one: T): readonly T[] => (all.length === 1 && all[0] === one ? none : all.filter((other) => other !== one));

/** What says the same as before is kept, not held twice: most responses of a task that runs. */
const keeping = (before: Result | undefined, result: Result): Result => {
  if (before === undefined || isLeft(before) || isLeft(result) || !saysTheSame(before.right.snapshot, result.right.snapshot)) return result;
  return right({ snapshot: before.right.snapshot, raw: result.right.raw });
};

const withoutBody = (result: Result): Result => (isLeft(result) ? result : right({ snapshot: result.right.snapshot, raw: null }));
