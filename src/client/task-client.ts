/**
 * The client: polls the tasks of its accounts over a transport, and emits their changes as streams. It drives the pure watch state on the
 * scheduler's clock.
 */
import { isLeft } from 'fp-ts/Either';
import { asyncScheduler, defer, finalize, isObservable, map, Observable, type Observer, type SchedulerLike, type Subscriber, Subscription, type Unsubscribable } from 'rxjs';
import { checkFunction, checkPositive, isRecord } from '../checks.js';
import { subscribeTo } from '../poll/subscribe.js';
import { clockOf } from '../transport/clock.js';
import { errorAs } from '../state/errors.js';
import { parseWatchState } from '../state/stored.js';
import { type WatchConfigOptions, watchConfig, type WatchConfig } from '../state/watch-config.js';
import { applyResult, resumeWatch, startWatch, transitionBetween, withDeadline, type WatchState } from '../state/watch-state.js';
import { type Reading, taskKey, type TaskRef, type TaskSnapshot } from '../task/snapshot.js';
import type { TaskTransition } from '../task/transition.js';
import { createRequestQueue, type QueueStatus } from '../transport/request-queue.js';
import { TimeOuts } from '../transport/time-outs.js';
import type { Transport } from '../transport/transport.js';
import { noHints } from '../wire/facts.js';
import { type Account, accountFinder, labelOf } from './account.js';
import { type Connection, createRequests, type PollSettings, type Requests, type Result } from './requests.js';
import type { Creations } from './creation-record.js';
import type { Save } from './saver.js';
import { type Arrival, type Poller, SharedTask } from './shared-task.js';
import { deadlineCheckMs, ownResult, type Surroundings, Watcher } from './watcher.js';

/** Options of a client. Each watch can override `policy`, `deadlineMs` and `giveUpAfterMs`. */
export interface TaskClientOptions<Id extends string> extends Pick<WatchConfigOptions, 'policy' | 'deadlineMs' | 'giveUpAfterMs'> {
  readonly transport: Transport;
  readonly accounts: readonly Account<Id>[];
  /** The timeout of one request, in ms. Default: 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** The maximum number of requests in flight, over all accounts: a number, or an Observable of numbers. 0 pauses. Default: 64. */
  readonly concurrency?: number | Observable<number> | undefined;
  /** Used for waits, timeouts and the clock. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
  /**
   * Tasks whose next poll is due now, for example after a callback from the provider. Their minimum interval is kept. The client
   * subscribes while it watches tasks. Handle the errors of this Observable: RxJS reports one as unhandled.
   */
  readonly wake?: Observable<TaskRef> | undefined;
}

/** Options of one watch. */
export interface WatchOptions extends Omit<WatchConfigOptions, 'baseUrl'> {
  /** A saved state to resume from, with its deadline. A `deadlineMs` in the same options replaces it, counted from the original start. */
  readonly resumeFrom?: WatchState | undefined;
  /**
   * Saves the watch's state, so that the watch can resume after a crash. Called just before each request is sent and after its response,
   * one save at a time. It may return a promise or an Observable that takes at most 10 s: the request is sent and the value is emitted
   * after that. If a save fails, the last transition is still emitted, but the task is not polled. The save is retried at the minimum
   * interval, and after `giveUpAfterMs` the watch ends with an error of kind `save`.
   */
  readonly save?: Save | undefined;
}

/** Follows tasks of its accounts. */
export interface TaskClient<Id extends string = string> {
  /**
   * Sends one request and emits one snapshot.
   *
   * Cold: each subscription is one poll. It joins the task's current poll, if there is one, and keeps the minimum interval.
   * Errors: `SeedanceError` if the poll fails; there is no retry.
   */
  query(task: TaskRef<Id>): Observable<TaskSnapshot & { readonly raw: unknown }>;
  /**
   * The watch's state after every result, including errors and the last one. A watch can resume from each of them.
   *
   * Shared: watchers of one task share its requests; each watcher has its own state, policy and deadline.
   * Errors: as `watch`, after the state that has the error.
   */
  states(task: TaskRef<Id>, options?: WatchOptions): Observable<WatchState>;
  /**
   * The task's status changes. Completes after a terminal status.
   *
   *     responses --q--q--r--503--r--s
   *     watch     --q-----r----------(s|)
   *
   * Shared like `states`. Unsubscribing never cancels the task.
   * Errors: `SeedanceError` if the task could not be followed to its end. It carries a state to resume from.
   * @example client.watch({ provider: 'anyfast', id }).subscribe(({ to }) => console.log(to))
   */
  watch(task: TaskRef<Id>, options?: WatchOptions): Observable<TaskTransition>;
  /**
   * The status of the request queue, and why requests wait: emits at once, then after every change. Contains no secrets.
   *
   * @example client.queue.pipe(auditTime(1000)).subscribe(({ inFlight, lanes }) => console.log(inFlight, lanes))
   */
  readonly queue: Observable<QueueStatus>;
  /**
   * The account of a task: its base URL and its credentials. `download` uses it for links to the account's own host.
   *
   * Throws `TypeError` for a ref of another provider or account.
   */
  accountOf(task: TaskRef<Id>): Account;
  /**
   * For `createTask`, `cancelTask` and `listTasks`. Throws `TypeError` for an account of another client.
   *
   * @internal
   */
  readonly connectionOf: (account: Account) => ClientConnection;
  /** The clock of the client: `scheduler.now()` is the time by which states, events and rows are dated. */
  readonly scheduler: SchedulerLike;
}

/** How a client sends requests of one account, and what it does with results about its tasks. */
export interface ClientConnection extends Connection {
  readonly creations: Creations;
  /**
   * Passes the result of a request about a task to its watchers, and starts the task's minimum interval.
   *
   * @param sentAtMs by the clock's `elapsedMs`
   * @param reading null if the request failed
   */
  readonly tell: (task: TaskRef, sentAtMs: number, reading: Reading | null) => void;
}

/** The polling of one account. */
interface Polling {
  readonly owner: Account;
  /** The configuration of a watch without options. */
  readonly config: WatchConfig;
  readonly connection: Connection;
  readonly requests: Requests;
  /** The watched tasks of the account, by id. */
  readonly watched: Map<string, SharedTask>;
  /** Tasks that were watched recently, by id: one that is watched again, for example by `retry()`, keeps its minimum interval. */
  readonly recent: Map<string, SharedTask>;
  readonly surroundings: Surroundings;
}

/**
 * Creates a client for the tasks of the given accounts.
 *
 * Throws `TypeError` or `RangeError` for an invalid option. The methods throw the same errors for an invalid ref or option.
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
  /** The number of watched tasks. */
  let tasks = 0;
  let waking = Subscription.EMPTY;
  const pollings = new Map<Account, Polling>();
  const deadlines = new TimeOuts(deadlineCheckMs, clock);
  const creations: Creations = { begun: new Map(), records: new Map() };

  const pollingOf = (owner: Account): Polling => {
    const known = pollings.get(owner);
    if (known !== undefined) return known;
    const { provider, baseUrl, rateLimit } = owner;
    const watched = new Map<string, SharedTask>();
    const lane = queue.lane(labelOf(owner), provider.pacing(noHints).minIntervalMs, rateLimit);
    const connection = { account: owner, lane, transport, clock, requestTimeoutMs };
    const polling: Polling = {
      owner,
      config: watchConfig(provider, { ...defaults, baseUrl }),
      connection,
      requests: createRequests({ ...connection, watched }),
      watched,
      recent: new Map(),
      surroundings: { clock, deadlines, leave: (shared, isOver) => { leave(shared, polling, isOver); } },
    };
    pollings.set(owner, polling);
    return polling;
  };

  const configOf = ({ owner, config }: Polling, own: WatchConfigOptions): WatchConfig =>
    Object.keys(own).length === 0
      ? config
      : watchConfig(owner.provider, { ...merged(defaults, own), baseUrl: owner.baseUrl });

  /** Subscribes to `wake` with the first watched task. */
  const listen = (): void => {
    if (wake !== undefined && tasks === 1) waking = wake.subscribe((ref) => { pollingOf(accountOf(ref)).watched.get(ref.id)?.wake(); });
  };

  /** Adds a watcher to a task. Each watcher leaves once. */
  const join = (task: TaskRef, { requests, watched, recent }: Polling): SharedTask => {
    const { id } = task;
    let shared = watched.get(id);
    if (shared === undefined) {
      shared = new SharedTask(task, requests, clock, recent.get(id));
      watched.set(id, shared);
      tasks += 1;
      listen();
    }
    shared.watchers += 1;
    return shared;
  };

  const leave = (shared: SharedTask, { watched, recent }: Polling, isOver: boolean): void => {
    const { id } = shared.task;
    shared.watchers -= 1;
    if ((!isOver && shared.watchers > 0) || watched.get(id) !== shared) return;
    watched.delete(id);
    tasks -= 1;
    if (tasks === 0) waking.unsubscribe();
    recent.delete(id);
    recent.set(id, shared);
    // The oldest entries come first.
    for (const [past, { lastRequest }] of recent) {
      if (lastRequest !== null && lastRequest.sentAtMs + lastRequest.minIntervalMs > clock.elapsedMs()) break;
      recent.delete(past);
    }
  };

  /** Follows a task, and emits what `pick` returns for each result, unless it is null. */
  const follow = <T>(ref: TaskRef, { resumeFrom, save, ...own }: WatchOptions = {}, pick: Picked<T>): Observable<T> => {
    const polling = pollingOf(accountOf(ref));
    const task = plainRef(ref);
    if (save !== undefined) checkFunction('save', save);
    const config = configOf(polling, own);
    const saved = resumeFrom === undefined ? null : checkedState(resumeFrom, task, polling.owner);
    // The saved deadline stays, unless the options of this watch set another.
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
      const watcher = new Watcher(shared, { config, save, begun, seen: given === null ? 0 : seenBefore(given, shared.latest, nowMs) }, polling.surroundings);
      const followed = new Followed(subscriber, watcher, pick);
      subscriber.add(followed);
      subscriber.add(subscribeTo(watcher.states(), followed));
    });
  };

  return {
    query: (ref) => {
      const polling = pollingOf(accountOf(ref));
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
          finalize(() => { leave(shared, polling, false); }),
        );
      });
    },
    states: (ref, options) => follow(ref, options, (state) => state),
    watch: (ref, options) => follow(ref, options, (_, transition) => transition),
    queue: queue.status,
    accountOf,
    connectionOf: (owner) => {
      if (!accounts.some((each: Account) => each === owner)) throw new TypeError('account must be one of the accounts of the client');
      const polling = pollingOf(owner);
      return {
        ...polling.connection,
        creations,
        tell: (task, sentAtMs, reading) => {
          const { provider, hintsOf } = polling.config;
          const shared = join(task, polling);
          shared.tell({ sentAtMs, minIntervalMs: provider.pacing(hintsOf(reading?.snapshot ?? null)).minIntervalMs }, reading);
          leave(shared, polling, false);
        },
      };
    },
    scheduler,
  };
};

/** Emits what `pick` returns for each result. A class saves memory: there is one for each watched task. */
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

/** The value to emit for a result; null for none. */
type Picked<T> = (state: WatchState, transition: TaskTransition | null) => T | null;

/** The next result of a task. */
const nextResult = (shared: SharedTask, settings: PollSettings): Observable<Result> =>
  new Observable((subscriber) => {
    const poller: Poller = {
      leaving: () => undefined,
      arrived: ({ result }) => {
        subscriber.next(result);
        subscriber.complete();
      },
      failed: (error) => { subscriber.error(error); },
    };
    shared.poll(shared.latest?.number ?? 0, poller, settings);
    return () => { shared.withdraw(poller); };
  });

const merged = <Options extends Pick<WatchConfigOptions, 'policy' | 'deadlineMs' | 'giveUpAfterMs'>>(defaults: Options, own: WatchConfigOptions): WatchConfigOptions => ({
  ...own,
  // An invalid policy is passed on: `watchConfig` throws the error.
  policy: own.policy === undefined || isRecord(own.policy) ? { ...defaults.policy, ...own.policy } : own.policy,
  deadlineMs: own.deadlineMs ?? defaults.deadlineMs,
  giveUpAfterMs: own.giveUpAfterMs ?? defaults.giveUpAfterMs,
});

/** The ref without other fields of its object. */
const plainRef = ({ provider, id, account }: TaskRef): TaskRef => {
  if (typeof id !== 'string' || id === '' || id === '.' || id === '..' || /[\ud800-\udfff]/u.test(id)) {
    throw new TypeError(`task.id must be a string other than '', '.' and '..', not ${typeof id === 'string' ? JSON.stringify(id) : String(id)}`);
  }
  return account == null ? { provider, id } : { provider, id, account }; // a database may return null
};

/** The number of the last result that a saved state includes. A state past its deadline needs the result of a new poll. */
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
