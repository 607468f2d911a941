/**
 * What a worker process runs: sweeps of all accounts, and the delivery of ends. Any number of processes may run both.
 */
import { asyncScheduler, catchError, concatMap, defer, expand, from, isObservable, last, map, materialize, merge, type Observable, of, repeat, type SchedulerLike, switchMap, tap, throwError, timer } from 'rxjs';
import { checkPositive } from '../checks.js';
import { type Account, labelOf } from '../client/account.js';
import { isPromise } from '../client/saver.js';
import type { WatchState } from '../state/watch-state.js';
import { parseWatchState } from '../state/stored.js';
import type { TaskRef } from '../task/snapshot.js';
import type { QueueStore } from './store.js';
import { sweep, type SweepOptions, type SweepResult } from './sweep.js';

/** Options of `runSweeps`. */
export interface RunSweepsOptions extends Omit<SweepOptions, 'account'> {
  readonly accounts: readonly Account[];
  /** How soon tasks are noticed that were added or woken, in ms, when nothing else is due. Default: 5 s. */
  readonly idleMs?: number | undefined;
}

/** One sweep. */
export interface SweepRun {
  /** The account's label. */
  readonly account: string;
  /** Null if it failed. */
  readonly result: SweepResult | null;
  /** Why it failed, such as a database that does not respond; else null. The next sweep follows after `idleMs`. */
  readonly error: unknown;
}

/**
 * Sweeps accounts for ever, each when its next task is due. Emits after each sweep.
 *
 *     sweep of a    ---(r)-----------(r)--
 *     sweep of b    ----#-----(r)---------     a failed one is a value, too
 *
 * Unsubscribing starts no further sweep; one that runs ends by itself, at most `maxMs` and a request later. So a deploy stops a worker by unsubscribing, or by
 * killing it. Throws `RangeError` or `TypeError` for an invalid option.
 * @example runSweeps({ accounts: [own], transport: undiciTransport(), store }).subscribe()
 */
export const runSweeps = ({ accounts, idleMs = 5_000, ...options }: RunSweepsOptions): Observable<SweepRun> => {
  checkPositive('idleMs', idleMs);
  const { scheduler = asyncScheduler } = options;
  const once = (account: Account): Observable<SweepRun> =>
    defer(() => sweep({ ...options, account })).pipe(
      map((result) => ({ account: labelOf(account), result, error: null })),
      catchError((error: unknown) => of({ account: labelOf(account), result: null, error })),
    );
  return merge(...accounts.map((account) =>
    once(account).pipe(expand(({ result }) => {
      const dueMs = (result?.nextSweepAtMs ?? Infinity) - scheduler.now();
      return timer(Math.max(1, Math.min(dueMs, idleMs)), scheduler).pipe(switchMap(() => once(account)));
    }))));
};

/** The end of a watch, from the outbox. */
export interface DeliveredEnd {
  /** The same for every delivery of this end: whoever receives it twice can tell. */
  readonly id: string;
  readonly task: TaskRef;
  /** The last state. Its `ended` is `terminal` for a task that finished, with the status of its snapshot, else why the watch gave up. */
  readonly state: WatchState;
}

/** Options of `deliverEnds`. */
export interface DeliverEndsOptions {
  /** The wait before the outbox is read again, unless more ends are waiting. Default: 1 s. */
  readonly intervalMs?: number | undefined;
  readonly scheduler?: SchedulerLike | undefined;
}

const mostEnds = 100;

/**
 * Delivers ends from the outbox for ever, one at a time, the oldest first. Emits each end after it was delivered and acknowledged.
 *
 * An end is delivered at least once: again if the process stops between `deliver` and the acknowledgement, and by each process that runs this.
 * Ends that are delivered during an acknowledgement are acknowledged together.
 *
 * Errors: those of the store, and of `deliver`: the end stays in the outbox. Resubscribe with a delay, for example by `retry`.
 * @param deliver a promise or an Observable delays the acknowledgement until it completes
 * @example deliverEnds(store, ({ task, state }) => tell(task, state)).pipe(retry({ delay: 5_000 })).subscribe()
 */
export const deliverEnds = (store: QueueStore, deliver: (end: DeliveredEnd) => unknown, { intervalMs = 1_000, scheduler = asyncScheduler }: DeliverEndsOptions = {}): Observable<DeliveredEnd> => {
  checkPositive('intervalMs', intervalMs);
  const one = (end: DeliveredEnd): Observable<DeliveredEnd> =>
    defer(() => {
      const work = deliver(end);
      return (isObservable(work) || isPromise(work) ? from(work) : of(null)).pipe(last(() => true, null));
    }).pipe(map(() => end));
  return defer(() => {
    let isFull = false;
    let delivered: DeliveredEnd[] = [];
    const acknowledged = async (): Promise<readonly DeliveredEnd[]> => {
      const ends = delivered;
      delivered = [];
      if (ends.length > 0) await store.acknowledge(ends.map(({ id }) => id));
      return ends;
    };
    const batch = defer(() => store.ended(mostEnds)).pipe(
      concatMap((ends) => {
        isFull = ends.length === mostEnds;
        return ends;
      }),
      concatMap(({ id, task, state }) => one({ id, task, state: parseWatchState(state) })),
      tap((end) => delivered.push(end)),
      materialize(), // an error waits until the ends before it are acknowledged
      concatMap((each) => (each.kind === 'E' ? throwError((): unknown => each.error) : acknowledged())),
      concatMap((ends) => from(ends)),
    );
    return batch.pipe(repeat({ delay: () => timer(isFull ? 0 : intervalMs, scheduler) }));
  });
};
