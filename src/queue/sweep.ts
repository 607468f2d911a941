/**
 * Polls the due tasks of one account, for workers that share a store: any process may call it at any time, and be killed at any time.
 */
import { type Either, isLeft, isRight, left } from 'fp-ts/Either';
import { asyncScheduler, firstValueFrom, from, type SchedulerLike, throwError, timeout, timer } from 'rxjs';
import { checkAtLeast, checkFunction, checkPositive, isRecord } from '../checks.js';
import { type Account, labelOf } from '../client/account.js';
import { type Exchanged, type Line, pathOf, send } from '../client/exchange.js';
import { explained } from '../client/requests.js';
import { afterList, afterQuotaCheck, longestUrl, mayList, planOf } from '../state/list-plan.js';
import { parseWatchState } from '../state/stored.js';
import { type WatchConfig, watchConfig, type WatchConfigOptions } from '../state/watch-config.js';
import { applyResult, markSent, nextDelayMs, type PollError, resumeWatch, saveTimeoutMs, startWatch, timeLeftMs, type WatchState } from '../state/watch-state.js';
import type { Reading, TaskRef } from '../task/snapshot.js';
import { clockOf } from '../transport/clock.js';
import { afterArrival, afterDeparture, limiterWaitMs } from '../transport/rate-limiter.js';
import type { HttpResponse, Transport } from '../transport/transport.js';
import type { ReadFailure } from '../wire/error-response.js';
import { noHints } from '../wire/facts.js';
import { laneFrom, type LaneRecord, mostUnlisted } from './lane.js';
import type { QueueStore, StoredTask, TaskChange } from './store.js';

/** What happened in a sweep, for logs, metrics and spans. */
export type SweepEvent =
  /** One request. `error` is null for a good response. Times are ms since the epoch. */
  | { readonly kind: 'request'; readonly account: string; readonly list: boolean; readonly tasks: number; readonly sentAtMs: number; readonly arrivedAtMs: number; readonly error: PollError | null }
  /** A poll of a task was kept. */
  | { readonly kind: 'poll'; readonly account: string; readonly task: TaskRef; readonly before: WatchState; readonly state: WatchState }
  /** A watch ended, by a poll or by its deadline: the end is in the outbox. */
  | { readonly kind: 'end'; readonly account: string; readonly task: TaskRef; readonly state: WatchState };

/** Options of `sweep`. */
export interface SweepOptions extends Omit<WatchConfigOptions, 'baseUrl' | 'expected' | 'firstPollAfterMs'> {
  readonly account: Account;
  readonly transport: Transport;
  readonly store: QueueStore;
  /** How long tasks that fall due wait for others where the provider has a list, so that one request polls them all. Default: a tenth of the minimum interval. */
  readonly windowMs?: number | undefined;
  /** No new request leaves after this time. Default: 60 s. */
  readonly maxMs?: number | undefined;
  /** The timeout of one request, in ms. Default: 15 s. */
  readonly requestTimeoutMs?: number | undefined;
  /** Called for each event. What it throws ends the sweep. */
  readonly onEvent?: ((event: SweepEvent) => void) | undefined;
  readonly scheduler?: SchedulerLike | undefined;
}

/** What a sweep did. */
export interface SweepResult {
  readonly requests: number;
  /** Polls whose result was kept. */
  readonly polls: number;
  /** Watches that ended: their ends are in the outbox. */
  readonly ends: number;
  /** Tasks that another worker took meanwhile. */
  readonly lost: number;
  /** When to sweep next, in ms since the epoch: schedule one job for it. Null when the account has no task. */
  readonly nextSweepAtMs: number | null;
}

/** The most tasks that are read at once. */
const roundSize = 500;
/** Departures are planned this far ahead. */
const roundMs = 5_000;
/** How long the lane is held: after the death of its worker another one takes it this much later. It is renewed when less than `renewMs` are left. */
const [holdMs, renewMs] = [20_000, 10_000] as const;
/** The shortest wait between two rounds: without one, a sweep whose requests are in flight would only read its store. */
const shortestWaitMs = 10;
/** A request that would leave later than this after its place in the limit, or after its mark, takes another place and is marked anew. */
const freshMs = 1_000;
/** A poll that is later than this waited for a worker: the time does not count for the watch. */
const lateMs = 10_000;

const deadlineCame: Either<PollError, never> = left({ kind: 'timeout', message: 'the deadline has passed' });

/** A task of this round: what is stored, and its state now. */
interface DueTask extends Pick<StoredTask, 'task' | 'revision' | 'dueAtMs'> {
  readonly state: WatchState;
  /** Once it is marked: see `TaskChange`. */
  readonly markedDueAtMs?: number;
}

/** The store, each of whose calls is rejected after `saveTimeoutMs`: a worker whose database hangs must not hold its lane for ever. */
const inTime = (store: QueueStore, scheduler: SchedulerLike): QueueStore => {
  const timed = <Args extends readonly unknown[], T>(name: string, call: (...args: Args) => Promise<T>) => (...args: Args): Promise<T> =>
    firstValueFrom(from(call(...args)).pipe(timeout({ first: saveTimeoutMs, scheduler, with: () => throwError(() => new Error(`the store took longer than ${saveTimeoutMs} ms for ${name}`)) })));
  return {
    add: timed('add', store.add),
    due: timed('due', store.due),
    swap: timed('swap', store.swap),
    wake: timed('wake', store.wake),
    lane: timed('lane', store.lane),
    swapLane: timed('swapLane', store.swapLane),
    ended: timed('ended', store.ended),
    acknowledge: timed('acknowledge', store.acknowledge),
  };
};

/** The tasks of one request, and when it leaves. */
interface Departure {
  readonly atMs: number;
  readonly tasks: readonly DueTask[];
}

/**
 * Polls what is due for one account: by lists where the provider has them, within the rate limit of the key, and never sooner than the minimum
 * interval of a task. Only one worker at a time sweeps an account. States are marked in the store before a request leaves, and written by compare-and-set
 * after it; the end of a watch enters the outbox in the same transaction.
 *
 * Rejects with the error of the store or of `onEvent`. What was in flight is polled again later, by any worker. Throws `TypeError` or `RangeError` for an
 * invalid option.
 * @example const { nextSweepAtMs } = await sweep({ account: own, transport: undiciTransport(), store })
 */
export const sweep = async (options: SweepOptions): Promise<SweepResult> => new Sweep(options).run();

class Sweep {
  readonly #account: Account;
  readonly #label: string;
  readonly #store: QueueStore;
  readonly #config: WatchConfig;
  readonly #line: Line;
  readonly #windowMs: number;
  readonly #maxMs: number;
  readonly #onEvent: (event: SweepEvent) => void;
  /** A name that no other sweep has. */
  readonly #id = Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 8)).join('');
  /** The lane as it is in the store, and as it will be written. */
  #laneText: string | null = null;
  #lane: LaneRecord;
  /** The ids of tasks whose request is planned or in flight. */
  readonly #planned = new Set<string>();
  /** When the next list leaves that was not full. */
  #nextListAtMs = Infinity;
  /** Whether more is due than could be planned. */
  #waiting = false;
  readonly #maxInFlight: number;
  #requests = 0;
  #polls = 0;
  #ends = 0;
  #lost = 0;

  constructor({ account, transport, store, windowMs, maxMs = 60_000, requestTimeoutMs = 15_000, onEvent = () => undefined, scheduler = asyncScheduler, ...watch }: SweepOptions) {
    if (!isRecord(account) || typeof account.credentials !== 'function') throw new TypeError(`account must be a result of account(), not ${String(account)}`);
    checkFunction('transport', transport);
    checkFunction('onEvent', onEvent);
    if (!isRecord(store)) throw new TypeError(`store must be a QueueStore, not ${String(store)}`);
    const { minIntervalMs } = account.provider.pacing(noHints);
    this.#windowMs = windowMs ?? minIntervalMs / 10;
    checkAtLeast(0, 'windowMs', this.#windowMs);
    checkPositive('maxMs', maxMs);
    checkPositive('requestTimeoutMs', requestTimeoutMs);
    this.#account = account;
    this.#label = labelOf(account);
    this.#store = inTime(store, scheduler);
    this.#config = watchConfig(account.provider, { ...watch, baseUrl: account.baseUrl });
    this.#maxMs = maxMs;
    this.#maxInFlight = account.rateLimit.maxInFlight ?? 16;
    this.#onEvent = onEvent;
    this.#lane = laneFrom(null, account.rateLimit.perMinute ?? null);
    const clock = clockOf(scheduler);
    this.#line = {
      account,
      transport,
      clock,
      requestTimeoutMs,
      // The limiter is passed on between machines: it lives by the wall clock.
      lane: { arrived: (response) => { this.#setLane({ limiter: afterArrival(this.#lane.limiter, { ...response, sentAtMs: this.#wallOf(response.sentAtMs) }, clock.now(), minIntervalMs) }); } },
    };
  }

  async run(): Promise<SweepResult> {
    const untilMs = this.#now() + this.#maxMs;
    this.#laneText = await this.#store.lane(this.#label);
    this.#lane = laneFrom(this.#laneText, this.#account.rateLimit.perMinute ?? null);
    if (this.#lane.holder !== null && this.#lane.heldUntilMs > this.#now()) return this.#result(this.#lane.heldUntilMs);
    const inFlight = new Set<Promise<void>>();
    const failures: unknown[] = [];
    let isHeld = await this.#hold();
    try {
      while (isHeld && failures.length === 0 && (this.#now() < untilMs || inFlight.size > 0)) {
        const places = this.#now() < untilMs ? this.#maxInFlight - inFlight.size : 0;
        this.#nextListAtMs = Infinity;
        const departures = places > 0 ? await this.#departures(places) : [];
        isHeld = departures.length === 0 && this.#lane.heldUntilMs - this.#now() > renewMs ? isHeld : await this.#hold();
        if (!isHeld) break;
        for (const departure of departures) {
          const request = this.#request(departure).catch((error: unknown) => failures.push(error)).then(() => {
            inFlight.delete(request);
            for (const { task } of departure.tasks) this.#planned.delete(task.id);
          });
          inFlight.add(request);
        }
        const waitMs = Math.max(shortestWaitMs, Math.min(this.#windowMs, this.#nextListAtMs - this.#now()), limiterWaitMs(this.#lane.limiter, this.#now()) - roundMs);
        if (inFlight.size === 0 && (!this.#isLimited() || this.#now() + waitMs >= untilMs)) break;
        // For lists, tasks that fall due wait for others. Without them a free place is used at once.
        const free = this.#mayList() && inFlight.size < this.#maxInFlight ? [] : [...inFlight];
        await Promise.race([...free, this.#wait(waitMs)]);
      }
    } finally {
      await Promise.all(inFlight);
    }
    if (failures.length > 0) throw failures[0];
    if (isHeld) await this.#write({ holder: null, heldUntilMs: 0 });
    const [first] = await this.#store.due(this.#label, Number.MAX_SAFE_INTEGER, 1);
    if (first === undefined) return this.#result(null);
    const dueAtMs = first.dueAtMs + (this.#mayList() ? this.#windowMs : 0);
    return this.#result(Math.max(dueAtMs, this.#now() + limiterWaitMs(this.#lane.limiter, this.#now())));
  }

  /** Whether tasks wait for the rate limit. */
  #isLimited(): boolean {
    return this.#waiting && limiterWaitMs(this.#lane.limiter, this.#now()) > 0;
  }

  #result(nextSweepAtMs: number | null): SweepResult {
    return { requests: this.#requests, polls: this.#polls, ends: this.#ends, lost: this.#lost, nextSweepAtMs };
  }

  #now(): number {
    return this.#line.clock.now();
  }

  #wallOf(elapsedMs: number): number {
    return elapsedMs + this.#now() - this.#line.clock.elapsedMs();
  }

  #setLane(changes: Partial<LaneRecord>): void {
    this.#lane = { ...this.#lane, ...changes };
  }

  /** Writes the lane. Returns false if another worker has it. */
  async #write(changes: Pick<LaneRecord, 'holder' | 'heldUntilMs'>): Promise<boolean> {
    const text = JSON.stringify({ ...this.#lane, ...changes });
    const isWritten = await this.#store.swapLane(this.#label, this.#laneText, text);
    if (!isWritten) return false;
    this.#laneText = text;
    // Responses may have changed the rest meanwhile: the next write has it.
    this.#setLane(changes);
    return true;
  }

  /** Takes the lane, or keeps it. The departures that are planned are counted already: a worker that takes over keeps the limit. */
  #hold(): Promise<boolean> {
    return this.#write({ holder: this.#id, heldUntilMs: this.#now() + holdMs });
  }

  /**
   * The requests to send within a round, each with its departure in the limiter. What is due without a poll is written at once: ends by the deadline, and
   * later polls.
   */
  async #departures(places: number): Promise<readonly Departure[]> {
    const nowMs = this.#now();
    if (limiterWaitMs(this.#lane.limiter, nowMs) > roundMs) return [];
    const round: DueTask[] = [];
    const changes: TaskChange[] = [];
    const size = this.#mayList() ? roundSize : places;
    for (const row of await this.#store.due(this.#label, nowMs, size + this.#planned.size)) {
      if (this.#planned.has(row.task.id)) continue;
      const state = this.#stateOf(row, nowMs);
      const waitMs = this.#waitOf(state, row.dueAtMs, nowMs);
      if (waitMs === 0) round.push({ task: row.task, revision: row.revision, dueAtMs: row.dueAtMs, state });
      else changes.push({ task: row.task, revision: row.revision, state, dueAtMs: waitMs === 'done' ? null : nowMs + waitMs });
    }
    await this.#swap(changes);
    const departures: Departure[] = [];
    let { limiter } = this.#lane;
    const requests = this.#requestsFor(round, nowMs);
    for (const tasks of requests) {
      const atMs = nowMs + limiterWaitMs(limiter, nowMs);
      if (departures.length >= places || atMs > nowMs + roundMs) break;
      limiter = afterDeparture(limiter, atMs);
      departures.push({ atMs, tasks });
      for (const { task } of tasks) this.#planned.add(task.id);
    }
    this.#waiting = departures.length < requests.length;
    this.#setLane({ limiter });
    return departures;
  }

  #mayList(): boolean {
    return this.#account.batch && this.#account.provider.list !== null && mayList(this.#lane.lists, this.#now());
  }

  #stateOf({ task, state: saved }: StoredTask, nowMs: number): WatchState {
    let state;
    try {
      state = parseWatchState(saved);
    } catch {
      // A state that cannot be read is not polled sooner than a new request could have been sent.
      const { minIntervalMs } = this.#account.provider.pacing(noHints);
      return { ...startWatch(task, this.#config, nowMs), nextPollAtMs: nowMs + minIntervalMs };
    }
    if (state.ended !== null) return state;
    if (state.sentAtMs !== null || nowMs - state.nextPollAtMs > lateMs) return resumeWatch(state, this.#config, nowMs);
    return timeLeftMs(state, nowMs) <= 0 ? applyResult(state, deadlineCame, this.#config, nowMs) : state;
  }

  /** The wait before the next poll: also that of a task that was woken, which keeps its minimum interval. */
  #waitOf(state: WatchState, dueAtMs: number, nowMs: number): number | 'done' {
    const waitMs = nextDelayMs(state, nowMs);
    if (waitMs === 'done' || waitMs === 0 || dueAtMs + freshMs >= state.nextPollAtMs) return waitMs;
    const lastMs = Math.max(state.polledAtMs ?? -Infinity, state.sentAtMs === null ? -Infinity : state.sentAtMs + saveTimeoutMs);
    return Math.min(waitMs, Math.max(0, lastMs + this.#minIntervalOf(state) - nowMs));
  }

  #minIntervalOf({ snapshot }: WatchState): number {
    return this.#config.provider.pacing(this.#config.hintsOf(snapshot)).minIntervalMs;
  }

  /**
   * The tasks of each request. What is left beside full lists waits for others until its first task has waited for a window, as the first list
   * has: few tasks more than a list can have need no second one.
   */
  #requestsFor(round: readonly DueTask[], nowMs: number): readonly (readonly DueTask[])[] {
    const { lists, unlisted } = this.#lane;
    const { provider, baseUrl } = this.#account;
    const list = this.#mayList() ? provider.list : null;
    const requests = new Set<DueTask[]>();
    const open = new Map<string | null, { readonly tasks: DueTask[]; length: number; readonly leavesAtMs: number }>();
    for (const each of round) {
      const tier = this.#tierOf(each);
      if (list === null || unlisted[each.task.id] === tier) {
        requests.add([each]);
        continue;
      }
      const emptyLength = list.pathOf([], tier).length;
      const length = list.pathOf([each.task.id], tier).length - emptyLength;
      const current = open.get(tier);
      if (current !== undefined && current.tasks.length < lists.largest && current.length + length <= longestUrl) {
        current.tasks.push(each);
        current.length += length;
      } else {
        const tasks = [each];
        requests.add(tasks);
        open.set(tier, { tasks, length: baseUrl.length + emptyLength + length, leavesAtMs: current === undefined ? nowMs : each.dueAtMs + this.#windowMs });
      }
    }
    for (const { tasks, leavesAtMs } of open.values()) {
      if (leavesAtMs <= nowMs) continue;
      requests.delete(tasks);
      this.#nextListAtMs = Math.min(this.#nextListAtMs, leavesAtMs);
    }
    return [...requests];
  }

  #tierOf({ state }: DueTask): string | null {
    return this.#config.hintsOf(state.snapshot).serviceTier;
  }

  /** Marks the tasks of a request, sends it, and writes what became of them. */
  async #request({ tasks, atMs }: Departure): Promise<void> {
    let sent = tasks;
    let leavesAtMs = atMs;
    for (;;) {
      await this.#wait(leavesAtMs - this.#now());
      sent = await this.#marked(sent, this.#now());
      if (sent.length === 0 || this.#now() - leavesAtMs <= freshMs) break;
      // It is late, so it would leave together with others: it takes another place in the limit.
      const waitMs = limiterWaitMs(this.#lane.limiter, this.#now());
      if (waitMs > roundMs) return;
      leavesAtMs = this.#now() + waitMs;
      this.#setLane({ limiter: afterDeparture(this.#lane.limiter, leavesAtMs) });
    }
    // A worker that was paused has lost the lane: what it marked is polled later, by another.
    if (sent.length === 0 || this.#now() > this.#lane.heldUntilMs) return;
    const { provider } = this.#account;
    const [first] = sent as readonly [DueTask, ...DueTask[]]; // not empty
    const plan = provider.list === null ? 'first-alone' : planOf(this.#lane.lists, sent.length, this.#now());
    const isQuotaCheck = plan === 'first-alone' && this.#lane.lists.suspectsQuota;
    const asked = plan === 'list' ? sent : [first];
    const ids = new Set(sent.map(({ task }) => task.id));
    const isOther = (id: string): boolean => ids.has(id);
    const sentAtMs = this.#now();
    this.#requests += 1;
    if (plan === 'list' && provider.list !== null) {
      const path = provider.list.pathOf(sent.map(({ task }) => task.id), this.#tierOf(first));
      const { result } = await this.#send(path, (response) => provider.readList(sent.map(({ task }) => task), response, isOther));
      this.#told({ list: true, tasks: sent.length, sentAtMs, error: isLeft(result) ? result.left : null });
      const { state, isForEach } = afterList(this.#lane.lists, isLeft(result) ? result.left : null, sent.length, this.#now());
      this.#setLane({ lists: state });
      await this.#apply(sent, (each) => {
        if (isLeft(result)) return isForEach ? result : null;
        const own = result.right.get(each.task);
        if (own === undefined) this.#unlist(each);
        return own ?? null;
      });
    } else {
      const { result } = await this.#send(pathOf(provider, first.task.id), (response) => explained(provider.read(first.task, response, isOther), this.#lane.hasGoodResponse, this.#account));
      this.#told({ list: false, tasks: 1, sentAtMs, error: isLeft(result) ? result.left : null });
      const isQuota = isLeft(result) && 'reason' in result.left && result.left.reason === 'quota';
      if (isQuotaCheck) this.#setLane({ lists: afterQuotaCheck(this.#lane.lists, isQuota, this.#now()) });
      await this.#apply(sent, (each) => (asked.includes(each) || (isQuotaCheck && isQuota) ? result : null));
    }
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await firstValueFrom(timer(Math.ceil(ms), this.#line.clock.scheduler));
  }

  /** Marks tasks as sent. Returns those that no other worker has taken. */
  async #marked(tasks: readonly DueTask[], nowMs: number): Promise<readonly DueTask[]> {
    const marked = tasks.map((each) => {
      const state = markSent(each.state, nowMs);
      return { ...each, state, markedDueAtMs: nowMs + saveTimeoutMs + this.#minIntervalOf(state) };
    });
    const isKept = await this.#swap(marked.map(({ task, revision, state, markedDueAtMs }) => ({ task, revision, state, dueAtMs: markedDueAtMs })));
    return marked.filter((_, index) => isKept[index]).map((each) => ({ ...each, revision: each.revision + 1 }));
  }

  async #send<T>(path: string, read: (response: HttpResponse) => Either<ReadFailure, T>): Promise<Exchanged<T>> {
    const exchanged = await firstValueFrom(send(this.#line, { method: 'GET', path }, read));
    if (isRight(exchanged.result)) this.#setLane({ hasGoodResponse: true });
    return exchanged;
  }

  #told(event: Omit<Extract<SweepEvent, { kind: 'request' }>, 'kind' | 'account' | 'arrivedAtMs'>): void {
    this.#onEvent({ kind: 'request', account: this.#label, arrivedAtMs: this.#now(), ...event });
  }

  #unlist(each: DueTask): void {
    const unlisted = { ...this.#lane.unlisted, [each.task.id]: this.#tierOf(each) };
    const isUseless = Object.keys(unlisted).length > mostUnlisted;
    this.#setLane(isUseless ? { unlisted: {}, lists: afterQuotaCheck(this.#lane.lists, false, this.#now()) } : { unlisted });
  }

  /** Writes the result of each task. Null: the request said nothing of it, so it is polled again at its minimum interval. */
  async #apply(tasks: readonly DueTask[], resultOf: (each: DueTask) => Either<PollError, Reading> | null): Promise<void> {
    const nowMs = this.#now();
    const applied = tasks.map((each) => {
      const result = resultOf(each);
      const state = result === null ? { ...each.state, nextPollAtMs: nowMs + this.#minIntervalOf(each.state) } : applyResult(each.state, result, this.#config, nowMs);
      const waitMs = nextDelayMs(state, nowMs);
      return { each, state, isPoll: result !== null, change: { task: each.task, revision: each.revision, state, dueAtMs: waitMs === 'done' ? null : nowMs + waitMs, markedDueAtMs: each.markedDueAtMs } };
    });
    const isKept = await this.#swap(applied.map(({ change }) => change));
    for (const [index, { each, state, isPoll }] of applied.entries()) {
      if (isKept[index] !== true || !isPoll) continue;
      this.#polls += 1;
      this.#onEvent({ kind: 'poll', account: this.#label, task: each.task, before: each.state, state });
    }
  }

  async #swap(changes: readonly TaskChange[]): Promise<readonly boolean[]> {
    if (changes.length === 0) return [];
    const isKept = await this.#store.swap(this.#label, changes);
    let unlisted: Record<string, string | null> | null = null;
    for (const [index, { dueAtMs, task, state }] of changes.entries()) {
      if (isKept[index] !== true) this.#lost += 1;
      else if (dueAtMs === null) {
        this.#ends += 1;
        this.#onEvent({ kind: 'end', account: this.#label, task, state });
        if (task.id in this.#lane.unlisted) {
          unlisted ??= { ...this.#lane.unlisted };
          delete unlisted[task.id]; // eslint-disable-line @typescript-eslint/no-dynamic-delete -- a copy
        }
      }
    }
    if (unlisted !== null) this.#setLane({ unlisted });
    return isKept;
  }
}
