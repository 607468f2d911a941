/**
 * Exposes a feed as signals, with or without zones, in the browser and on the server.
 */
import { computed, DestroyRef, inject, NgZone, PendingTasks, type Signal, signal } from '@angular/core';
import { merge, type Observable, Subject, Subscription } from 'rxjs';
import { emptyTotals, type Feed, type TaskRow, toFeed } from '../feed/feed.js';
import { watchTasks, type WatchTasksOptions } from '../feed/watch-tasks.js';
import type { TaskRef } from '../task/snapshot.js';
import { SEEDANCE_CLIENT } from './client.js';

/** A feed as signals. Each changes by itself: a change of progress does not notify readers of `counts`. */
export interface FeedSignals {
  /** The latest feed; initially the empty feed. */
  readonly feed: Signal<Feed>;
  /** All rows as an array, in the order of their arrival. It is copied when it is read, not for each event. */
  readonly tasks: Signal<readonly TaskRow[]>;
  readonly counts: Signal<Feed['counts']>;
  /** The mean of all tasks' progress, 0 to 1. */
  readonly progress: Signal<number>;
  /** Whether any of the progress is estimated. */
  readonly estimated: Signal<boolean>;
  /** The error of the feed, or null. The last feed stays. */
  readonly error: Signal<unknown>;
}

/** The feed of the tasks that are passed to `track`. */
export interface TaskFeed extends FeedSignals {
  /** Watches one more task; does nothing for a task that is already tracked, or after the owner is destroyed. */
  readonly track: (task: TaskRef) => void;
  /** Stops watching a task and removes its row; does nothing for any other task. It can be tracked again. */
  readonly untrack: (task: TaskRef) => void;
}

/**
 * Exposes any feed as signals. Call it in an injection context; the subscription ends with its owner.
 *
 *     feed     e--a--b--
 *     stable   ---^         the app becomes stable when the feed has data; then a server sends its page
 *
 * Subscribes once and at once, outside Angular's zone. A signal schedules change detection from any zone, once for a burst of events; entering
 * the zone would schedule it for each event. The app becomes stable with the first row that has a snapshot or an error, with an empty feed
 * that is emitted after the subscribe call, or when the feed ends.
 *
 * @example readonly board = feedSignals(fromServerSentEvents('/feed'))
 */
export const feedSignals = (feed: Observable<Feed>): FeedSignals => {
  const { open, ...signals } = closedSignals(feed);
  open();
  return signals;
};

/**
 * A feed of the tasks that are passed to `track`. Call it in an injection context; requests and timers end with its owner.
 *
 * Polls and waits outside Angular's zone. From the first task on, the app is not stable until one poll has a result or an error, so that a
 * page rendered on a server holds a first snapshot.
 *
 * Throws `RangeError` for an invalid option. An error of one task is in its row.
 * @example
 *     readonly videos = injectTaskFeed();
 *     constructor() { this.videos.track({ provider: 'ark', id: 'cgt-1' }); }
 */
export const injectTaskFeed = (options: WatchTasksOptions = {}): TaskFeed => {
  const zone = inject(NgZone);
  const refs = new Subject<TaskRef>();
  const untracked = new Subject<TaskRef>();
  const remove = options.remove === undefined ? untracked : merge(untracked, options.remove);
  const { open, ...signals } = closedSignals(refs.pipe(watchTasks(inject(SEEDANCE_CLIENT), { ...options, remove }), toFeed()));
  return {
    ...signals,
    track: (task) => {
      open();
      zone.runOutsideAngular(() => refs.next(task));
    },
    untrack: (task) => { zone.runOutsideAngular(() => untracked.next(task)); },
  };
};

/** Whether any task has a result. `changed` is null in a feed that arrived as a whole. */
const hasResult = ({ counts, changed, tasks }: Feed): boolean =>
  counts.notPolled < tasks.size || (changed === null ? [...tasks] : [changed]).some(({ lastError }) => lastError !== null);

/** Signals of a feed that is subscribed by the first `open`. */
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
            if (hasResult(latest) || (latest.tasks.size === 0 && !isSubscribing)) release();
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
