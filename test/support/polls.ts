/**
 * Polls as streams, for tests: of the requests of an account, of a shared task, and the reverse.
 */
import { Observable, type Subscription } from 'rxjs';
import { type Leaving, Poll, type PolledTask, type PollSettings, type Requests, type Result } from '../../src/client/requests.js';
import type { Arrival, SharedTask } from '../../src/client/shared-task.js';

/** An event of a poll. */
export type PollEvent = { readonly kind: 'leaving'; readonly waitUntil: Leaving['waitUntil'] } | { readonly kind: 'done'; readonly result: Result };

/** An event of a shared poll. */
export type SharedEvent = Extract<PollEvent, { kind: 'leaving' }> | { readonly kind: 'done'; readonly arrival: Arrival };

/** The state of a task between polls. */
export type RememberedTask = Pick<PolledTask, 'task' | 'lastRequest' | 'unlistedTier'>;

const leavingOf = (request: Leaving): Extract<PollEvent, { kind: 'leaving' }> => ({ kind: 'leaving', waitUntil: (work) => { request.waitUntil(work); } });

/** A poll of a task: subscribing starts it, unsubscribing stops it. */
export const pollOf = (requests: Requests, remembered: RememberedTask, settings: PollSettings): Observable<PollEvent> =>
  new Observable((subscriber) => {
    // Its writes are kept after this poll.
    const polled: PolledTask = Object.defineProperties({} as PolledTask, {
      task: { value: remembered.task },
      lastRequest: { get: () => remembered.lastRequest, set: (value: PolledTask['lastRequest']) => void Object.assign(remembered, { lastRequest: value }) },
      unlistedTier: { get: () => remembered.unlistedTier, set: (value: PolledTask['unlistedTier']) => void Object.assign(remembered, { unlistedTier: value }) },
      leaving: { value: (request: Leaving) => { subscriber.next(leavingOf(request)); } },
      done: {
        value: (result: Result) => {
          subscriber.next({ kind: 'done', result });
          subscriber.complete();
        },
      },
      failed: { value: (error: unknown) => { subscriber.error(error); } },
    });
    const poll = new Poll(polled, settings);
    requests.start(poll);
    return () => { requests.stop(poll); };
  });

/** A shared task's first result after number `seen`, and the event before its request is sent. */
export const sharedPoll = (shared: SharedTask, seen: number, settings: PollSettings): Observable<SharedEvent> =>
  new Observable((subscriber) => {
    const poller = {
      leaving: (request: Leaving) => { subscriber.next(leavingOf(request)); },
      arrived: (arrival: Arrival) => {
        subscriber.next({ kind: 'done', arrival });
        subscriber.complete();
      },
      failed: (error: unknown) => { subscriber.error(error); },
    };
    shared.poll(seen, poller, settings);
    return () => { shared.withdraw(poller); };
  });

/** Requests whose polls are such streams. */
export const requestsFrom = (request: (poll: Poll) => Observable<PollEvent>): Requests => {
  const subscriptions = new Map<Poll, Subscription | null>();
  return {
    start: (poll) => {
      subscriptions.set(poll, null);
      const subscription = request(poll).subscribe({
        next: (event) => {
          if (!subscriptions.has(poll)) return;
          if (event.kind === 'done') poll.polled.done(event.result);
          else poll.polled.leaving(event);
        },
        error: (error: unknown) => { poll.polled.failed(error); },
      });
      if (subscriptions.has(poll)) subscriptions.set(poll, subscription);
      else subscription.unsubscribe();
    },
    stop: (poll) => {
      subscriptions.get(poll)?.unsubscribe();
      subscriptions.delete(poll);
    },
  };
};
