/**
 * Merges many watches into one stream of events.
 */
import {
  AsyncSubject, concat, defer, delay, EMPTY, filter, isObservable, map, merge, mergeMap, Observable, type Observer, of, type OperatorFunction,
  type SchedulerLike, Subject, type Subscriber, takeUntil, throwError,
} from 'rxjs';
import { checkUpTo, isRecord, longestTimerMs } from '../checks.js';
import type { TaskClient, WatchOptions } from '../client/task-client.js';
import { subscribeTo } from '../poll/subscribe.js';
import type { Forecast } from '../state/progress.js';
import { parseWatchState } from '../state/stored.js';
import { type LastError, transitionBetween, type WatchState } from '../state/watch-state.js';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import type { TaskTransition } from '../task/transition.js';

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
      return subscriber.closed ? undefined : subscribeTo(states, this);
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
