/**
 * A feed as signals. Works with zones and without, in the browser and on the server.
 */
import { computed, DestroyRef, inject, NgZone, PendingTasks, type Signal, signal } from '@angular/core';
import { type Observable, Subject, Subscription } from 'rxjs';
import { emptyTotals, type Feed, type TaskRow, toFeed, watchTasks, type WatchTasksOptions } from '../feed/feed.js';
import type { TaskRef } from '../task/snapshot.js';
import { SEEDANCE_CLIENT } from './client.js';

/** A feed as signals. Each changes by itself: a reader of `counts` does not hear of progress. */
export interface FeedSignals {
  /** The latest feed; the empty one at first. */
  readonly feed: Signal<Feed>;
  /** All rows as an array, in the order of their arrival. Copied when it is read, not for each event. */
  readonly tasks: Signal<readonly TaskRow[]>;
  readonly counts: Signal<Feed['counts']>;
  /** The mean of all tasks' progress, 0 to 1. */
  readonly progress: Signal<number>;
  /** Whether any of the progress is estimated. */
  readonly estimated: Signal<boolean>;
  /** Why the feed has ended, if it failed; else null. The last feed stays. */
  readonly error: Signal<unknown>;
}

/** The feed of the tasks that it is told to track. */
export interface TaskFeed extends FeedSignals {
  /** Watches one more task; a task that has been met is not watched again. Does nothing once its owner is destroyed. */
  readonly track: (task: TaskRef) => void;
}

/**
 * A feed that comes from elsewhere, as signals, for an injection context. Ends with its owner.
 *
 *     feed     e--a--b--
 *     stable   ---^         the app is not, until the feed says something; then a server sends its page
 *
 * Subscribed once and at once, outside Angular's zone. A signal schedules change detection from anywhere, once for a burst of events;
 * entering the zone would do so for each. The empty feed counts as saying something, unless it comes while subscribing, as `toFeed`'s
 * first does; tasks without an answer yet do not. An end counts too.
 *
 * @example readonly board = feedSignals(fromServerSentEvents('/feed'))
 */
export const feedSignals = (feed: Observable<Feed>): FeedSignals => {
  const { open, ...signals } = closedSignals(feed);
  open();
  return signals;
};

/**
 * A feed of the tasks that its `track` is given, for an injection context. Ends with its owner: requests are aborted, timers are gone.
 *
 * Asks and waits outside Angular's zone. From the first task on, the app is not stable until one poll has a result, an error included,
 * so that a page rendered on a server holds its first snapshot, and waits for no second.
 *
 * Errors: `RangeError` for a bad option. An error of one task is in its row.
 * @example
 *     readonly videos = injectTaskFeed();
 *     constructor() { this.videos.track({ provider: 'ark', id: 'cgt-1' }); }
 */
export const injectTaskFeed = (options: WatchTasksOptions = {}): TaskFeed => {
  const zone = inject(NgZone);
  const refs = new Subject<TaskRef>();
  const { open, ...signals } = closedSignals(refs.pipe(watchTasks(inject(SEEDANCE_CLIENT), options), toFeed()));
  return {
    ...signals,
    track: (task) => {
      open();
      zone.runOutsideAngular(() => refs.next(task));
    },
  };
};

/** Whether something is known of a task. A feed that came as a whole does not say which row changed. */
const isAnswered = ({ counts, changed, tasks }: Feed): boolean =>
  Object.values(counts).some((count) => count > 0) || (changed === null ? [...tasks] : [changed]).some(({ lastError }) => lastError !== null);

/** Signals of a feed that is subscribed when it is first opened. */
const closedSignals = (source: Observable<Feed>): FeedSignals & { readonly open: () => void } => {
  const zone = inject(NgZone);
  const pendingTasks = inject(PendingTasks);
  const feed = signal<Feed>(emptyTotals().feed);
  const error = signal<unknown>(null);
  const subscription = new Subscription();
  inject(DestroyRef).onDestroy(() => { zone.runOutsideAngular(() => subscription.unsubscribe()); });
  let isOpen = false;

  const open = (): void => {
    if (isOpen || subscription.closed) return;
    isOpen = true;
    const release = pendingTasks.add();
    subscription.add(release);
    let isSubscribing = true;
    zone.runOutsideAngular(() => {
      subscription.add(
        source.subscribe({
          next: (latest) => {
            feed.set(latest);
            if (isAnswered(latest) || (latest.tasks.size === 0 && !isSubscribing)) release();
          },
          error: (reason: unknown) => {
            error.set(reason);
            release();
          },
          complete: release,
        }),
      );
    });
    isSubscribing = false;
  };

  return {
    open,
    feed: feed.asReadonly(),
    tasks: computed(() => [...feed().tasks]),
    counts: computed(() => feed().counts),
    progress: computed(() => feed().progress),
    estimated: computed(() => feed().estimated),
    error: error.asReadonly(),
  };
};
