/**
 * Merges many watches into one stream of events, and reduces these events to one progress feed.
 */
import {
  AsyncSubject, concat, defer, delay, EMPTY, filter, isObservable, map, merge, mergeMap, Observable, type Observer, of, type OperatorFunction, scan,
  type SchedulerLike, startWith, Subject, type Subscriber, takeUntil, throwError,
} from 'rxjs';
import { checkUpTo, isRecord, longestTimerMs } from '../checks.js';
import { type WatchError, watchErrorOf } from '../state/errors.js';
import type { Forecast } from '../state/progress.js';
import { taskKey, type TaskRef, type TaskSnapshot } from '../task/snapshot.js';
import { isTerminal, type TaskStatus } from '../task/status.js';
import type { TaskTransition } from '../task/transition.js';
import { emptyRows, type GrowingRows, isNextVersion, type Rows } from './rows.js';
import type { TaskClient, WatchOptions } from '../client/task-client.js';
import { parseWatchState } from '../state/stored.js';
import { type LastError, reportedStatus, transitionBetween, type WatchState } from '../state/watch-state.js';

/** An event of one of many tasks. `atMs` is its time by the client's clock. */
export type FeedEvent =
  /** The watch of the task starts, resumed from a saved state unless that is null. The first event of each task. */
  | { readonly kind: 'added'; readonly task: TaskRef; readonly atMs: number; readonly resumedFrom: WatchState | null }
  /** The task's status changed. `transition.raw` is null: a feed keeps no bodies. */
  | { readonly kind: 'transition'; readonly task: TaskRef; readonly atMs: number; readonly transition: TaskTransition }
  /** The progress at the latest response, 0 to 1, or its forecast changed. See `progressAt`. `estimated` if the provider reports no progress. */
  | {
    readonly kind: 'progress';
    readonly task: TaskRef;
    readonly atMs: number;
    readonly progress: number;
    readonly estimated: boolean;
    readonly forecast: Forecast | null;
  }
  /** A poll failed; the next one is due at `nextPollAtMs`. */
  | { readonly kind: 'retry'; readonly task: TaskRef; readonly atMs: number; readonly lastError: LastError; readonly nextPollAtMs: number }
  /** The task could not be followed to its end: a `SeedanceError`, or the error of an invalid ref. */
  | { readonly kind: 'error'; readonly task: TaskRef; readonly atMs: number; readonly error: Error }
  /** The task left the feed. The last event of the task, unless it is added again. */
  | { readonly kind: 'removed'; readonly task: TaskRef; readonly atMs: number };

/** Options of `watchTasks`. */
export interface WatchTasksOptions {
  /** Options of each watch, such as the saved state to resume from. */
  readonly watch?: ((task: TaskRef) => WatchOptions) | undefined;
  /** Tasks to remove: their watches stop. A removed task can be added again. Other tasks are ignored. */
  readonly remove?: Observable<TaskRef> | undefined;
  /** How long after its end a task is removed, in ms: more than 0, at most 24.8 days. Default: never. */
  readonly removeEndedAfterMs?: number | undefined;
}

/**
 * Watches every task of a stream of refs. Refs may arrive while other tasks are watched. Each task is watched once.
 *
 *     refs      a--------b-----a|
 *     events    (a+a1)---(b+b1)---a2---b2---a3--(b3|)     each with `added` first
 *
 * Completes when the refs have completed and every task has ended or was removed. Errors: those of the refs and of `remove`. An error of
 * one task is an event, and does not affect the others. Throws `TypeError` or `RangeError` for an invalid option.
 * @example refs$.pipe(watchTasks(client), toFeed()).subscribe(render)
 */
export const watchTasks =
  <Id extends string>(
    client: TaskClient<Id>,
    { watch = () => ({}), remove = EMPTY, removeEndedAfterMs }: WatchTasksOptions = {},
  ): OperatorFunction<TaskRef<Id>, FeedEvent> =>
    (refs) => {
      if (!isRecord(client)) throw new TypeError(`client must be a result of createTaskClient, not ${String(client)}`);
      if (!isObservable(remove)) throw new TypeError(`remove must be an Observable of tasks, not ${String(remove)}`);
      if (removeEndedAfterMs !== undefined) checkUpTo(longestTimerMs, 'removeEndedAfterMs', removeEndedAfterMs, 'number of ms');
      return defer(() => {
        const tasks = new Map<unknown, WatchedTask>();
        const ended = new Subject<WatchedTask>();
        const completed = new AsyncSubject<true>();

        const add = (ref: TaskRef<Id>): Observable<FeedEvent> => {
          const key = keyOf(ref);
          const task = new WatchedTask(key, key === ref ? noTask : ref, client.scheduler, ended);
          tasks.set(key, task);
          return task.events(() => {
            const options = watch(ref);
            const states = client.states(ref, options);
            return { states, resumedFrom: options.resumeFrom === undefined ? null : parseWatchState(options.resumeFrom) };
          });
        };

        const discard = (task: WatchedTask | undefined): Observable<FeedEvent> => {
          if (task === undefined || tasks.get(task.key) !== task) return EMPTY;
          tasks.delete(task.key);
          return task.remove();
        };

        const events = refs.pipe(filter((ref) => !tasks.has(keyOf(ref))), mergeMap(add));
        const removed = remove.pipe(map((ref) => tasks.get(keyOf(ref))));
        const aged = removeEndedAfterMs === undefined ? EMPTY : ended.pipe(delay(removeEndedAfterMs, client.scheduler));
        return merge(
          concat(events, defer(() => {
            completed.next(true);
            completed.complete();
            return EMPTY;
          })),
          merge(removed, aged).pipe(mergeMap(discard), takeUntil(completed)),
        );
      });
    };

/** The key of a ref; an invalid ref without a key is its own key. */
const keyOf = (ref: TaskRef): unknown => {
  try {
    return taskKey(ref);
  } catch {
    return ref;
  }
};

/** Stands for an invalid ref. Its error describes the value. */
const noTask: TaskRef = { provider: '?', id: '?' };

/** A watch that is about to start. */
interface Begun {
  readonly states: Observable<WatchState>;
  readonly resumedFrom: WatchState | null;
}

/** Turns the states of one watch into events. A class saves memory: there is one for each task. */
class WatchedTask implements Observer<WatchState> {
  readonly key: unknown;
  readonly #task: TaskRef;
  readonly #scheduler: SchedulerLike;
  readonly #ended: Observer<WatchedTask>;
  #subscriber: Subscriber<FeedEvent> | null = null;
  #before: WatchState | null = null;

  constructor(key: unknown, task: TaskRef, scheduler: SchedulerLike, ended: Observer<WatchedTask>) {
    this.key = key;
    this.#task = task;
    this.#scheduler = scheduler;
    this.#ended = ended;
  }

  /** An error, also that of a watch that cannot start, is the last event. */
  events(begin: () => Begun): Observable<FeedEvent> {
    return new Observable((subscriber) => {
      this.#subscriber = subscriber;
      let begun: Begun;
      try {
        begun = begin();
      } catch (error) {
        begun = { states: throwError(() => error), resumedFrom: null };
      }
      const { states, resumedFrom } = begun;
      subscriber.next({ kind: 'added', task: this.#task, atMs: this.#scheduler.now(), resumedFrom });
      return subscriber.closed ? undefined : states.subscribe(this);
    });
  }

  next(state: WatchState): void {
    const events = eventsBetween(this.#task, this.#before, state);
    this.#before = state;
    for (const event of events) this.#subscriber?.next(event);
  }

  error(error: unknown): void {
    this.#subscriber?.next({ kind: 'error', task: this.#task, atMs: this.#scheduler.now(), error: error instanceof Error ? error : new Error(String(error)) });
    this.complete();
  }

  complete(): void {
    const subscriber = this.#subscriber;
    this.#subscriber = null;
    this.#before = null;
    subscriber?.complete();
    this.#ended.next(this);
  }

  /** Stops the watch. Its last event comes from its own stream, or after the end of that from this one. */
  remove(): Observable<FeedEvent> {
    const removed: FeedEvent = { kind: 'removed', task: this.#task, atMs: this.#scheduler.now() };
    if (this.#subscriber === null) return of(removed);
    this.#subscriber.next(removed);
    this.#subscriber.complete();
    return EMPTY;
  }
}

/** The events between two states. The first state of a resumed watch reports everything again. */
const eventsBetween = (task: TaskRef, before: WatchState | null, state: WatchState): readonly FeedEvent[] => {
  const { lastError, nextPollAtMs, ended, progress, estimated, forecast, polledAtMs, startedAtMs } = state;
  const atMs = polledAtMs ?? startedAtMs;
  const events: FeedEvent[] = [];
  const transition = transitionBetween(before, state, null);
  if (transition !== null) events.push({ kind: 'transition', task, atMs, transition });
  const hasMoved = progress !== (before?.progress ?? 0) || estimated !== (before?.estimated ?? true) || forecast !== (before?.forecast ?? null);
  const hasRecovered = before?.lastError != null && lastError === null;
  if ((hasMoved || hasRecovered) && ended === null) events.push({ kind: 'progress', task, atMs, progress, estimated, forecast });
  if (lastError !== null && ended === null) events.push({ kind: 'retry', task, atMs, lastError, nextPollAtMs });
  return events;
};

/** One task of a feed whose latest status is `Status`. Plain JSON; instants are by the client's clock. */
export interface RowOf<Status extends TaskStatus | null> {
  readonly task: TaskRef;
  /** Null until the first response. */
  readonly status: Status;
  readonly snapshot: Status extends null ? null : Extract<TaskSnapshot, { readonly status: Status }>;
  /** 0 to 1 at the last poll, never decreases; 1 once the task has finished or could not be followed. See `progressAt`. */
  readonly progress: number;
  readonly estimated: boolean;
  /** When the task is expected to end; null while it does not run, and without an expected time. See `remainingMs`. */
  readonly forecast: Forecast | null;
  /** When the task was first watched, also by an earlier run that this one resumes. */
  readonly addedAtMs: number;
  /** When the status was first seen; `addedAtMs` without one. */
  readonly statusSinceMs: number;
  /** When the end was seen, or the watch gave up; null before that. */
  readonly endedAtMs: number | null;
  /** The error of the last poll; null after a good response. */
  readonly lastError: LastError | null;
  /** When the next poll is due, after a failed one; null otherwise. */
  readonly nextPollAtMs: number | null;
  /** Why the task could not be followed to its end. */
  readonly error: WatchError | null;
}

/**
 * One task of a feed: a union by `status`.
 *
 * @example if (row.status === 'succeeded') play(row.snapshot.video)
 */
export type TaskRow = { [Status in TaskStatus]: RowOf<Status> }[TaskStatus] | RowOf<null>;

/** The fields of a row, each by itself. */
export type RowFields = { readonly [Field in keyof TaskRow]: TaskRow[Field] };

/** Fields as a row. Their status must be that of their snapshot. */
export const rowFrom = (fields: RowFields): TaskRow => fields as TaskRow; // the caller keeps to that

/** The number of tasks by status, of those that were not polled yet, and of those that could not be followed: each task counts once. */
export type FeedCounts = Readonly<Record<TaskStatus | 'notPolled' | 'errored', number>>;

/** All tasks at one moment. Immutable: older feeds stay as they were. */
export interface Feed {
  readonly counts: FeedCounts;
  /** The mean progress of all tasks at their last polls, 0 to 1. Decreases only when a task is added or removed. */
  readonly progress: number;
  /** Whether the progress of any task is estimated. */
  readonly estimated: boolean;
  /** The row that the last event added or changed; null for the empty feed and after a removal. */
  readonly changed: TaskRow | null;
  /** The row that the last event removed; null after any other event. */
  readonly removed: TaskRow | null;
  readonly tasks: Rows<TaskRow>;
}

/**
 * Reduces events to a feed, starting with the empty feed. Each event costs O(log n).
 *
 * Cold: each subscription starts from the empty feed. Errors: those of the source.
 * @example refs$.pipe(watchTasks(client), toFeed(), map(({ progress }) => progress))
 */
export const toFeed = (): OperatorFunction<FeedEvent, Feed> => (events) =>
  defer(() => {
    const empty = emptyTotals();
    return events.pipe(scan(afterEvent, empty), startWith(empty), map(({ feed }) => feed));
  });

/** Progress is summed as integers, so that no rounding error adds up. */
const parts = 1e9;

/** A feed with the sums that the next row updates. */
export interface Totals {
  readonly feed: Feed & { readonly tasks: GrowingRows<TaskRow> };
  readonly partsDone: number;
  readonly estimatedRows: number;
}

/** The empty feed. */
export const emptyTotals = (): Totals => ({
  feed: {
    counts: { notPolled: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0, unknown: 0, errored: 0 },
    progress: 0,
    estimated: false,
    changed: null,
    removed: null,
    tasks: emptyRows<TaskRow>(),
  },
  partsDone: 0,
  estimatedRows: 0,
});

/** Adds or replaces a row. Pass only the newest totals. */
export const afterRow = (totals: Totals, row: TaskRow, before: TaskRow | undefined = totals.feed.tasks.get(row.task)): Totals =>
  totalsAfter(totals, totals.feed.tasks.with(row), before, row);

/** Removes the row of a task. Pass only the newest totals. */
export const withoutRow = (totals: Totals, task: TaskRef): Totals => {
  const before = totals.feed.tasks.get(task);
  return before === undefined ? totals : totalsAfter(totals, totals.feed.tasks.without(task), before, undefined);
};

const totalsAfter = (
  { feed, partsDone, estimatedRows }: Totals,
  tasks: GrowingRows<TaskRow>,
  before: TaskRow | undefined,
  row: TaskRow | undefined,
): Totals => {
  const done = partsDone + partsOf(row) - partsOf(before);
  const estimatedNow = estimatedRows + Number(row?.estimated ?? false) - Number(before?.estimated ?? false);
  return {
    feed: {
      counts: recounted(feed.counts, before, row),
      progress: tasks.size === 0 ? 0 : done / parts / tasks.size,
      estimated: estimatedNow > 0,
      changed: row ?? null,
      removed: row === undefined ? (before ?? null) : null,
      tasks,
    },
    partsDone: done,
    estimatedRows: estimatedNow,
  };
};

/** Whether a feed differs from an older one by its `changed` or `removed` row alone: false if there were feeds between the two. */
export const isNextAfter = (older: Feed, feed: Feed): boolean => isNextVersion(older.tasks, feed.tasks);

const afterEvent = (totals: Totals, event: FeedEvent): Totals => {
  if (event.kind === 'removed') return withoutRow(totals, event.task);
  const before = totals.feed.tasks.get(event.task);
  return afterRow(totals, rowAfter(before ?? newRow(event.task, event.atMs), event), before);
};

const partsOf = (row: TaskRow | undefined): number => (row === undefined ? 0 : Math.round(row.progress * parts));

const newRow = (task: TaskRef, addedAtMs: number): TaskRow => ({
  task,
  status: null,
  snapshot: null,
  progress: 0,
  estimated: true,
  forecast: null,
  addedAtMs,
  statusSinceMs: addedAtMs,
  endedAtMs: null,
  lastError: null,
  nextPollAtMs: null,
  error: null,
});

/** The row of a saved state. The row of a finished task is empty: the events that follow fill it. */
const rowOf = (task: TaskRef, state: WatchState): TaskRow => {
  const { snapshot, progress, estimated, forecast, startedAtMs, statusSinceMs, ended } = state;
  const status = reportedStatus(state);
  const row = newRow(task, startedAtMs);
  return ended === 'terminal' || snapshot?.status !== status
    ? row
    : rowFrom({ ...row, status, snapshot, progress, estimated, forecast, statusSinceMs: statusSinceMs ?? startedAtMs });
};

/** Copies field by field, because a spread takes longer. */
const rowAfter = (row: TaskRow, event: Exclude<FeedEvent, { readonly kind: 'removed' }>): TaskRow => {
  const { task, status, snapshot, progress, estimated, forecast, addedAtMs, statusSinceMs, endedAtMs, lastError, error } = row;
  switch (event.kind) {
    case 'added':
      return event.resumedFrom === null ? row : rowOf(task, event.resumedFrom);
    case 'transition': {
      const { to, snapshot: latest, atMs } = event.transition;
      const hasEnded = isTerminal(to);
      return rowFrom({
        task,
        status: to,
        snapshot: latest,
        progress: hasEnded ? 1 : progress,
        estimated: hasEnded ? false : estimated,
        forecast: hasEnded ? null : forecast,
        addedAtMs,
        statusSinceMs: atMs,
        endedAtMs: hasEnded ? atMs : endedAtMs,
        lastError: null,
        nextPollAtMs: null,
        error,
      });
    }
    case 'progress': {
      const known = event.progress < progress ? row : event;
      return rowFrom({
        task, status, snapshot, progress: known.progress, estimated: known.estimated, forecast: event.forecast, addedAtMs, statusSinceMs, endedAtMs, lastError: null, nextPollAtMs: null, error,
      });
    }
    case 'retry':
      return rowFrom({
        task, status, snapshot, progress, estimated, forecast, addedAtMs, statusSinceMs, endedAtMs, lastError: event.lastError, nextPollAtMs: event.nextPollAtMs, error,
      });
    case 'error':
      return rowFrom({
        task, status, snapshot, progress: 1, estimated: false, forecast: null, addedAtMs, statusSinceMs, endedAtMs: event.atMs, lastError, nextPollAtMs: null, error: watchErrorOf(event.error),
      });
  }
};

const countedAs = ({ error, status }: TaskRow): keyof FeedCounts => (error === null ? (status ?? 'notPolled') : 'errored');

const recounted = (counts: FeedCounts, before: TaskRow | undefined, row: TaskRow | undefined): FeedCounts => {
  const was = before === undefined ? null : countedAs(before);
  const is = row === undefined ? null : countedAs(row);
  if (was === is) return counts;
  const next = { ...counts };
  if (was !== null) next[was] -= 1;
  if (is !== null) next[is] += 1;
  return next;
};
