/**
 * Reduces the events of many tasks to one progress feed.
 */
import { defer, map, type OperatorFunction, scan, startWith } from 'rxjs';
import { type WatchError, watchErrorOf } from '../state/errors.js';
import type { Forecast } from '../state/progress.js';
import { type LastError, reportedStatus, type WatchState } from '../state/watch-state.js';
import type { TaskRef, TaskSnapshot } from '../task/snapshot.js';
import { isTerminal, type TaskStatus } from '../task/status.js';
import { emptyRows, type GrowingRows, isNextVersion, type Rows } from './rows.js';
import type { FeedEvent } from './watch-tasks.js';

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
  /** The row that the last event added or changed; null for the empty feed, after a removal, and when a page gets a whole feed. */
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
