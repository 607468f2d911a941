/**
 * The client: accounts and a transport on one side, streams of what becomes of tasks on the other. A thin shell around the pure watch
 * state: it polls, waits by the scheduler's clock, and stops when it is told.
 */
import { isLeft } from 'fp-ts/Either';
import { asyncScheduler, defer, finalize, isObservable, map, Observable, type Observer, type SchedulerLike, type Subscriber, Subscription, type Unsubscribable } from 'rxjs';
import { checkFunction, checkPositive, isRecord } from '../checks.js';
import { clockOf } from '../transport/clock.js';
import { errorAs } from '../state/errors.js';
import { parseWatchState } from '../state/stored.js';
import { type WatchConfigOptions, watchConfig, type WatchConfig } from '../state/watch-config.js';
import { applyResult, resumeWatch, startWatch, transitionBetween, withDeadline, type WatchState } from '../state/watch-state.js';
import { taskKey, type TaskRef, type TaskSnapshot } from '../task/snapshot.js';
import type { TaskTransition } from '../task/transition.js';
import { createRequestQueue, type QueueStatus } from '../transport/request-queue.js';
import { TimeOuts } from '../transport/time-outs.js';
import type { Transport } from '../transport/transport.js';
import { noHints } from '../wire/facts.js';
import { type Account, accountFinder } from './account.js';
import { createRequests, type PollSettings, type Requests, type Result } from './requests.js';
import type { Save } from './saver.js';
import { type Arrival, type Poller, SharedTask } from './shared-task.js';
import { deadlineLookMs, ownResult, type Surroundings, Watcher } from './watcher.js';

/** What a client is made of. The options of all watches can be overruled by each. */
export interface TaskClientOptions<Id extends string> extends Pick<WatchConfigOptions, 'policy' | 'deadlineMs' | 'giveUpAfterMs'> {
  readonly transport: Transport;
  readonly accounts: readonly Account<Id>[];
  /** How long one request may take, in ms. Default: 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** Requests in flight at once, over all accounts: a number, or an Observable of one. 0 pauses. Default: 64. */
  readonly concurrency?: number | Observable<number> | undefined;
  /** All the time there is: waits, time-outs and the clock. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
  /**
   * Tasks whose next poll is to leave now, for example because a callback of the provider names them. Their minimum interval is kept.
   * Subscribed to while tasks are watched. Handle its errors: RxJS reports one as unhandled.
   */
  readonly wake?: Observable<TaskRef> | undefined;
}

/** What one watch may be told. */
export interface WatchOptions extends Omit<WatchConfigOptions, 'baseUrl'> {
  /** A saved state to resume from, with its deadline; a `deadlineMs` beside it moves that, counted from the same start. */
  readonly resumeFrom?: WatchState | undefined;
  /**
   * Keeps the watch's state, to resume from whatever becomes of the program. Called just before each request leaves and after its
   * response, one save after another. It may return a promise or an Observable, of 10 s at most: the request leaves and the value is
   * emitted once that has ended. What cannot be saved is not polled, but its last transition is emitted: the save is tried again at the
   * minimum interval, and after `giveUpAfterMs` the watch ends with an error of kind `save`.
   */
  readonly save?: Save | undefined;
}

/** Follows tasks of the accounts it was made with. */
export interface TaskClient<Id extends string = string> {
  /**
   * One request, one snapshot.
   *
   * Cold: each subscription is one poll. It joins the one that is under way, if there is one, and keeps the task's minimum interval.
   * Errors: `SeedanceError` for whatever is no snapshot; it is not polled again.
   */
  query(task: TaskRef<Id>): Observable<TaskSnapshot & { readonly raw: unknown }>;
  /**
   * The watch's state after every answer: good ones, troubles, the last one. Each can be saved and gone on from.
   *
   * Shared: watchers of one task share its requests; state, policy and deadline are each watcher's own.
   * Errors: as `watch`, after the state that says so.
   */
  states(task: TaskRef<Id>, options?: WatchOptions): Observable<WatchState>;
  /**
   * The task's changes of status; completes on a terminal one.
   *
   *     answers   --q--q--r--503--r--s
   *     watch     --q-----r----------(s|)
   *
   * Shared like `states`. Stopping to watch never cancels the task.
   * Errors: `SeedanceError`, when the end of the task could not be found out. It carries the state to go on from.
   * @example client.watch({ provider: 'anyfast', id }).subscribe(({ to }) => console.log(to))
   */
  watch(task: TaskRef<Id>, options?: WatchOptions): Observable<TaskTransition>;
  /**
   * Where the request queue stands, and why requests wait: at once, then after every change. Holds no secret.
   *
   * @example client.queue.pipe(auditTime(1000)).subscribe(({ inFlight, lanes }) => console.log(inFlight, lanes))
   */
  readonly queue: Observable<QueueStatus>;
}

/** How tasks of an account are polled. */
interface Polling {
  readonly owner: Account;
  /** Of a watch that is told nothing of its own. */
  readonly config: WatchConfig;
  readonly requests: Requests;
  /** Its tasks that are watched. */
  readonly watched: Set<SharedTask>;
}

/**
 * A client for the tasks of some accounts.
 *
 * Errors: `TypeError` or `RangeError` for a bad option, at once; the methods throw the same way for a bad ref or option.
 * @example createTaskClient({ transport: fetchTransport(), accounts: [account(anyfast, { apiKey })] })
 */
export const createTaskClient = <Id extends string>({
  transport,
  accounts,
  requestTimeoutMs = 30_000,
  concurrency = 64,
  scheduler = asyncScheduler,
  wake,
  ...defaults
}: TaskClientOptions<Id>): TaskClient<Id> => {
  if (wake !== undefined && !isObservable(wake)) throw new TypeError(`wake must be an Observable of tasks, not ${String(wake)}`);
  if (typeof transport !== 'function') throw new TypeError(`transport must be a function, not ${typeof transport}`);
  checkPositive('requestTimeoutMs', requestTimeoutMs);
  if (!isRecord(scheduler) || typeof scheduler.schedule !== 'function') throw new TypeError(`scheduler must be an RxJS scheduler, not ${String(scheduler)}`);
  const accountOf = accountFinder(accounts);
  accounts.forEach(({ provider }) => watchConfig(provider, defaults));
  const clock = clockOf(scheduler);
  const queue = createRequestQueue(concurrency, clock);
  const tasks = new Map<string, SharedTask>();
  let waking = Subscription.EMPTY;
  /** Tasks that nobody watches any more: one that comes back, for example by `retry()`, keeps its minimum interval. */
  const recent = new Map<string, SharedTask>();
  const pollings = new Map<Account, Polling>();

  const pollingOf = (ref: TaskRef): Polling => {
    const owner = accountOf(ref);
    const known = pollings.get(owner);
    if (known !== undefined) return known;
    const { provider, name, baseUrl, rateLimit } = owner;
    const watched = new Set<SharedTask>();
    const polling = {
      owner,
      config: watchConfig(provider, { ...defaults, baseUrl }),
      requests: createRequests(owner, {
        lane: queue.lane(name === null ? provider.id : `${provider.id} (${name})`, provider.pacing(noHints).minIntervalMs, rateLimit),
        transport,
        clock,
        requestTimeoutMs,
        hasOtherTasks: () => watched.size > 1,
        isWatched: (id) => tasks.has(keyOf({ provider: provider.id, id }, owner)),
      }),
      watched,
    };
    pollings.set(owner, polling);
    return polling;
  };

  const configOf = ({ owner, config }: Polling, own: WatchConfigOptions): WatchConfig =>
    Object.keys(own).length === 0
      ? config
      : watchConfig(owner.provider, { ...merged(defaults, own), baseUrl: owner.baseUrl });

  const keyOf = (task: TaskRef, { name }: Account): string => taskKey({ ...task, account: name ?? '' });

  /** Listens to `wake` while tasks are watched. */
  const listen = (): void => {
    if (wake === undefined || tasks.size !== 1) return;
    waking = wake.subscribe((ref) => { tasks.get(keyOf(ref, accountOf(ref)))?.wake(); });
  };

  /** Joins the watchers of a task. Each of them leaves once. */
  const join = (task: TaskRef, { owner, requests, watched }: Polling): SharedTask => {
    const key = keyOf(task, owner);
    const known = tasks.get(key);
    const shared = known ?? new SharedTask(key, task, requests, clock, recent.get(key));
    tasks.set(key, shared);
    if (known === undefined) listen();
    watched.add(shared);
    shared.watchers += 1;
    return shared;
  };

  const leave = (shared: SharedTask, isOver: boolean): void => {
    const { key } = shared;
    shared.watchers -= 1;
    if ((!isOver && shared.watchers > 0) || tasks.get(key) !== shared) return;
    tasks.delete(key);
    if (tasks.size === 0) waking.unsubscribe();
    pollingOf(shared.task).watched.delete(shared);
    recent.delete(key);
    recent.set(key, shared);
    // The oldest come first.
    for (const [past, { lastRequest }] of recent) {
      if (lastRequest !== null && lastRequest.sentAtMs + lastRequest.minIntervalMs > clock.elapsedMs()) break;
      recent.delete(past);
    }
  };

  const surroundings: Surroundings = { clock, deadlines: new TimeOuts(deadlineLookMs, clock), leave };

  /** Follows a task, and emits what `pick` makes of each result, save where that is null. */
  const follow = <T>(ref: TaskRef, { resumeFrom, save, ...own }: WatchOptions = {}, pick: Picked<T>): Observable<T> => {
    const polling = pollingOf(ref);
    const task = plainRef(ref);
    if (save !== undefined) checkFunction('save', save);
    const config = configOf(polling, own);
    const saved = resumeFrom === undefined ? null : checkedState(resumeFrom, task, polling.owner);
    // A deadline stays, unless this very watch is given another.
    const given = saved === null || own.deadlineMs === undefined ? saved : withDeadline(saved, own.deadlineMs);
    return new Observable((subscriber) => {
      const nowMs = clock.now();
      const begun = given === null ? startWatch(task, config, nowMs) : resumeWatch(given, config, nowMs);
      if (begun.ended !== null) {
        const picked = pick(begun, transitionBetween(null, begun, null));
        if (picked !== null) subscriber.next(picked);
        subscriber.complete();
        return;
      }
      const shared = join(task, polling);
      const watcher = new Watcher(shared, { config, save, begun, seen: given === null ? 0 : seenBefore(given, shared.latest, nowMs) }, surroundings);
      const followed = new Followed(subscriber, watcher, pick);
      subscriber.add(followed);
      subscriber.add(watcher.states().subscribe(followed));
    });
  };

  return {
    query: (ref) => {
      const polling = pollingOf(ref);
      const { config } = polling;
      const task = plainRef(ref);
      return defer(() => {
        const state = startWatch(task, config, clock.now());
        const shared = join(task, polling);
        const { minIntervalMs } = config.provider.pacing(config.hintsOf(null));
        return nextResult(shared, { dueAtMs: state.nextPollAtMs, serviceTier: null, minIntervalMs }).pipe(
          map((arrived) => {
            const result = ownResult(arrived, task);
            if (!isLeft(result)) return { ...result.right.snapshot, raw: result.right.raw };
            throw errorAs(result.left.kind, applyResult(state, result, config, clock.now()));
          }),
          finalize(() => { leave(shared, false); }),
        );
      });
    },
    states: (ref, options) => follow(ref, options, (state) => state),
    watch: (ref, options) => follow(ref, options, (_, transition) => transition),
    queue: queue.status,
  };
};

/** Hands on what `pick` makes of a watch's results. A class, because so many are kept: one for each task that is watched. */
class Followed<T> implements Observer<WatchState>, Unsubscribable {
  readonly #subscriber: Subscriber<T>;
  readonly #watcher: Watcher;
  readonly #pick: Picked<T>;

  constructor(subscriber: Subscriber<T>, watcher: Watcher, pick: Picked<T>) {
    this.#subscriber = subscriber;
    this.#watcher = watcher;
    this.#pick = pick;
  }

  next(state: WatchState): void {
    const { isNew, transition } = this.#watcher;
    const picked = isNew ? this.#pick(state, transition) : null;
    if (picked !== null) this.#subscriber.next(picked);
  }

  error(error: unknown): void {
    this.#subscriber.error(error);
  }

  complete(): void {
    this.#subscriber.complete();
  }

  unsubscribe(): void {
    this.#watcher.close();
  }
}

/** What is emitted of a result; null for nothing. */
type Picked<T> = (state: WatchState, transition: TaskTransition | null) => T | null;

/** The next result of a task. */
const nextResult = (shared: SharedTask, settings: PollSettings): Observable<Result> =>
  new Observable((subscriber) => {
    const poller: Poller = {
      ...settings,
      leaving: () => undefined,
      arrived: ({ result }) => {
        subscriber.next(result);
        subscriber.complete();
      },
      failed: (error) => { subscriber.error(error); },
    };
    shared.poll(shared.latest?.number ?? 0, poller);
    return () => { shared.withdraw(poller); };
  });

const merged = <Options extends Pick<WatchConfigOptions, 'policy' | 'deadlineMs' | 'giveUpAfterMs'>>(defaults: Options, own: WatchConfigOptions): WatchConfigOptions => ({
  ...own,
  // What is no record is passed on, to be refused.
  policy: own.policy === undefined || isRecord(own.policy) ? { ...defaults.policy, ...own.policy } : own.policy,
  deadlineMs: own.deadlineMs ?? defaults.deadlineMs,
  giveUpAfterMs: own.giveUpAfterMs ?? defaults.giveUpAfterMs,
});

/** The ref without what else its object may hold. */
const plainRef = ({ provider, id, account }: TaskRef): TaskRef => {
  if (typeof id !== 'string' || id === '' || id === '.' || id === '..' || /[\ud800-\udfff]/u.test(id)) {
    throw new TypeError(`task.id must be a text other than '', '.' and '..', not ${typeof id === 'string' ? JSON.stringify(id) : String(id)}`);
  }
  return account == null ? { provider, id } : { provider, id, account }; // null: out of a database, say
};

/** The number of the last result that a saved state knows. One that is past its deadline wants the result of a poll of its own. */
const seenBefore = ({ polledAtMs, deadlineAtMs }: WatchState, latest: Arrival | null, nowMs: number): number =>
  latest !== null && (latest.atMs <= (polledAtMs ?? -Infinity) || (deadlineAtMs ?? Infinity) <= nowMs) ? latest.number : 0;

const checkedState = (from: WatchState, task: TaskRef, { baseUrl }: Account): WatchState => {
  const state = parseWatchState(from);
  if (taskKey(state.task) !== taskKey(task)) {
    throw new TypeError(`resumeFrom.task must be the watched task ${taskKey(task)}, not ${taskKey(state.task)}`);
  }
  if (state.baseUrl !== baseUrl) throw new TypeError(`resumeFrom.baseUrl must be the account's '${baseUrl}', not '${state.baseUrl}'`);
  return state;
};
