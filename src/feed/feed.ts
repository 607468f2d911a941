/**
 * Merges many watches into one stream of events, and reduces these events to one progress feed.
 */
import { defer, distinct, map, mergeMap, Observable, type Observer, type OperatorFunction, scan, startWith, type Subscriber, throwError } from 'rxjs';
import { isRecord } from '../checks.js';
import { taskKey, type TaskRef, type TaskSnapshot } from '../task/snapshot.js';
import { isTerminal, type TaskStatus } from '../task/status.js';
import type { TaskTransition } from '../task/transition.js';
import { emptyRows, type GrowingRows, isNextVersion, type Rows } from './rows.js';
import type { TaskClient, WatchOptions } from '../client/task-client.js';
import { parseWatchState } from '../state/stored.js';
import { type LastError, reportedStatus, transitionBetween, type WatchState } from '../state/watch-state.js';

/** An event of one of many tasks. */
export type FeedEvent =
  /** The watch of the task starts, resumed from a saved state unless that is null. The first event of each task. */
  | { readonly kind: 'added'; readonly task: TaskRef; readonly resumedFrom: WatchState | null }
  /** The task's status changed. `transition.raw` is null: a feed keeps no bodies. */
  | { readonly kind: 'transition'; readonly task: TaskRef; readonly transition: TaskTransition }
  /** 0 to 1, never decreases. `estimated` if the provider does not report progress. */
  | { readonly kind: 'progress'; readonly task: TaskRef; readonly progress: number; readonly estimated: boolean }
  /** A poll failed; the next one is due at `nextPollAtMs`. */
  | { readonly kind: 'retry'; readonly task: TaskRef; readonly lastError: LastError; readonly nextPollAtMs: number }
  /** The task could not be followed to its end: a `SeedanceError`, or the error of an invalid ref. */
  | { readonly kind: 'error'; readonly task: TaskRef; readonly error: Error };

/** Options of `watchTasks`. */
export interface WatchTasksOptions {
  /** Options of each watch, such as the saved state to resume from. */
  readonly watch?: ((task: TaskRef) => WatchOptions) | undefined;
}

/**
 * Watches every task of a stream of refs. Refs may arrive while other tasks are watched. Each task is watched once.
 *
 *     refs      a--------b-----a|
 *     events    (a+a1)---(b+b1)---a2---b2---a3--(b3|)     each with `added` first
 *
 * Errors: those of the refs. An error of one task is an event, and does not affect the others.
 * @example refs$.pipe(watchTasks(client), toFeed()).subscribe(render)
 */
export const watchTasks =
  <Id extends string>(
    client: TaskClient<Id>,
    { watch = () => ({}) }: WatchTasksOptions = {},
  ): OperatorFunction<TaskRef<Id>, FeedEvent> =>
    (refs) => {
      if (!isRecord(client)) throw new TypeError(`client must be a result of createTaskClient, not ${String(client)}`);
      return refs.pipe(
        distinct((ref) => keyOf(ref)),
        mergeMap((ref) => eventsOf(keyOf(ref) === ref ? noTask : ref, () => {
          const options = watch(ref);
          const states = client.states(ref, options);
          return { states, resumedFrom: options.resumeFrom === undefined ? null : parseWatchState(options.resumeFrom) };
        })),
      );
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

const errored = (task: TaskRef, error: unknown): FeedEvent => ({
  kind: 'error',
  task,
  error: error instanceof Error ? error : new Error(String(error)),
});

/** A watch that is about to start. */
interface Begun {
  readonly states: Observable<WatchState>;
  readonly resumedFrom: WatchState | null;
}

/** The events of one watch. An error, also that of a watch that cannot start, is the last event. */
const eventsOf = (task: TaskRef, begin: () => Begun): Observable<FeedEvent> =>
  new Observable((subscriber) => {
    let begun: Begun;
    try {
      begun = begin();
    } catch (error) {
      begun = { states: throwError(() => error), resumedFrom: null };
    }
    const { states, resumedFrom } = begun;
    subscriber.next({ kind: 'added', task, resumedFrom });
    return subscriber.closed ? undefined : states.subscribe(new StatesAsEvents(subscriber, task));
  });

/** A class saves memory: there is one for each watched task. */
class StatesAsEvents implements Observer<WatchState> {
  readonly #subscriber: Subscriber<FeedEvent>;
  readonly #task: TaskRef;
  #before: WatchState | null = null;

  constructor(subscriber: Subscriber<FeedEvent>, task: TaskRef) {
    this.#subscriber = subscriber;
    this.#task = task;
  }

  next(state: WatchState): void {
    const events = eventsBetween(this.#task, this.#before, state);
    this.#before = state;
    for (const event of events) this.#subscriber.next(event);
  }

  error(error: unknown): void {
    this.#subscriber.next(errored(this.#task, error));
    this.#subscriber.complete();
  }

  complete(): void {
    this.#subscriber.complete();
  }
}

/** The events between two states. The first state of a resumed watch reports everything again. */
const eventsBetween = (task: TaskRef, before: WatchState | null, state: WatchState): readonly FeedEvent[] => {
  const { lastError, nextPollAtMs, ended, progress, estimated } = state;
  const events: FeedEvent[] = [];
  const transition = transitionBetween(before, state, null);
  if (transition !== null) events.push({ kind: 'transition', task, transition });
  const hasMoved = progress !== (before?.progress ?? 0) || estimated !== (before?.estimated ?? true);
  const hasRecovered = before?.lastError != null && lastError === null;
  if ((hasMoved || hasRecovered) && ended !== 'terminal') events.push({ kind: 'progress', task, progress, estimated });
  if (lastError !== null && ended === null) events.push({ kind: 'retry', task, lastError, nextPollAtMs });
  return events;
};

/** One task of a feed whose latest status is `Status`. */
export interface RowOf<Status extends TaskStatus | null> {
  readonly task: TaskRef;
  /** Null until the first response. */
  readonly status: Status;
  readonly snapshot: Status extends null ? null : Extract<TaskSnapshot, { readonly status: Status }>;
  /** 0 to 1, never decreases; 1 once the task has finished or could not be followed. */
  readonly progress: number;
  readonly estimated: boolean;
  /** The error of the last poll; null after a good response. */
  readonly lastError: LastError | null;
  /** When the next poll is due, after a failed one; null otherwise. */
  readonly nextPollAtMs: number | null;
  /** Why the task could not be followed to its end. */
  readonly error: Error | null;
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

/** All tasks at one moment. Immutable: older feeds stay as they were. */
export interface Feed {
  /** The number of tasks by status, and of those that could not be followed. A task without a response counts only in `tasks.size`. */
  readonly counts: Readonly<Record<TaskStatus | 'errored', number>>;
  /** The mean progress of all tasks, 0 to 1. Decreases only when a task is added. */
  readonly progress: number;
  /** Whether the progress of any task is estimated. */
  readonly estimated: boolean;
  /** The row that the last event changed; null for the empty feed. */
  readonly changed: TaskRow | null;
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
    counts: { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0, unknown: 0, errored: 0 },
    progress: 0,
    estimated: false,
    changed: null,
    tasks: emptyRows<TaskRow>(),
  },
  partsDone: 0,
  estimatedRows: 0,
});

/** Adds or replaces a row. Pass only the newest totals. */
export const afterRow = (
  { feed, partsDone, estimatedRows }: Totals,
  row: TaskRow,
  before: TaskRow | undefined = feed.tasks.get(row.task),
): Totals => {
  const tasks = feed.tasks.with(row);
  const done = partsDone + partsOf(row) - (before === undefined ? 0 : partsOf(before));
  const estimatedNow = estimatedRows + Number(row.estimated) - Number(before?.estimated ?? false);
  return {
    feed: { counts: recounted(feed.counts, before, row), progress: done / parts / tasks.size, estimated: estimatedNow > 0, changed: row, tasks },
    partsDone: done,
    estimatedRows: estimatedNow,
  };
};

/** Whether a feed differs from an older one by its `changed` row alone: false if there were feeds between the two. */
export const isNextAfter = (older: Feed, feed: Feed): boolean => isNextVersion(older.tasks, feed.tasks);

const afterEvent = (totals: Totals, event: FeedEvent): Totals => {
  const before = totals.feed.tasks.get(event.task);
  return afterRow(totals, rowAfter(before ?? newRow(event.task), event), before);
};

const partsOf = ({ progress }: TaskRow): number => Math.round(progress * parts);

const newRow = (task: TaskRef): TaskRow => ({
  task,
  status: null,
  snapshot: null,
  progress: 0,
  estimated: true,
  lastError: null,
  nextPollAtMs: null,
  error: null,
});

/** The row of a saved state. The row of a finished task is empty: the events that follow fill it. */
const rowOf = (task: TaskRef, state: WatchState): TaskRow => {
  const { snapshot, progress, estimated, ended } = state;
  const status = reportedStatus(state);
  return ended === 'terminal' || snapshot?.status !== status ? newRow(task) : rowFrom({ ...newRow(task), status, snapshot, progress, estimated });
};

const rowAfter = (row: TaskRow, event: FeedEvent): TaskRow => {
  const { task, status, snapshot, progress, estimated, error } = row;
  switch (event.kind) {
    case 'added':
      return event.resumedFrom === null ? row : rowOf(task, event.resumedFrom);
    case 'transition': {
      const { to, snapshot: latest } = event.transition;
      const known = isTerminal(to) ? { progress: 1, estimated: false } : row;
      return rowFrom({ task, status: to, snapshot: latest, progress: known.progress, estimated: known.estimated, lastError: null, nextPollAtMs: null, error });
    }
    case 'progress': {
      const known = event.progress < progress ? row : event;
      return rowFrom({ task, status, snapshot, progress: known.progress, estimated: known.estimated, lastError: null, nextPollAtMs: null, error });
    }
    case 'retry':
      return rowFrom({ task, status, snapshot, progress, estimated, lastError: event.lastError, nextPollAtMs: event.nextPollAtMs, error });
    case 'error':
      return rowFrom({ task, status, snapshot, progress: 1, estimated: false, lastError: row.lastError, nextPollAtMs: null, error: event.error });
  }
};

const countedAs = ({ error, status }: TaskRow): TaskStatus | 'errored' | null => (error === null ? status : 'errored');

const recounted = (counts: Feed['counts'], before: TaskRow | undefined, row: TaskRow): Feed['counts'] => {
  const was = before === undefined ? null : countedAs(before);
  const is = countedAs(row);
  if (was === is) return counts;
  const next = { ...counts };
  if (was !== null) next[was] -= 1;
  if (is !== null) next[is] += 1;
  return next;
};
