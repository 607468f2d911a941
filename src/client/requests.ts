/**
 * The requests of one account: when a task may be polled again, alone or in a list, and how its response is read. All requests go
 * through the account's lane of the request queue.
 */
import { type Either, isLeft, left, right } from 'fp-ts/Either';
import { type Observable, type Observer, Subscription } from 'rxjs';
import { subscribeTo } from '../poll/subscribe.js';
import { sleep } from '../poll/timers.js';
import { messageOf } from '../state/errors.js';
import { afterList, afterQuotaCheck, freshLists, longestUrl, mayList, planOf } from '../state/list-plan.js';
import type { PollError } from '../state/watch-state.js';
import type { Reading, TaskRef } from '../task/snapshot.js';
import type { Clock } from '../transport/clock.js';
import type { ArrivedResponse } from '../transport/rate-limiter.js';
import type { Lane, Turn } from '../transport/request-queue.js';
import { serverWaitMs } from '../transport/retry-after.js';
import { type Timed, TimeOuts } from '../transport/time-outs.js';
import type { HttpResponse, Transport } from '../transport/transport.js';
import type { TaskList } from '../wire/task-list.js';
import { type ReadFailure, shortened } from '../wire/error-response.js';
import type { Account, Credentials } from './account.js';

/** The result of a poll. */
export type Result = Either<PollError, Reading>;

/** A request that is about to be sent. It is sent once all work passed to `waitUntil` has ended. */
export interface Leaving {
  readonly waitUntil: (work: Observable<unknown>) => void;
}

/* eslint-disable no-restricted-syntax -- mutable fields save memory for ten thousand tasks */
/** A task that is polled, one poll at a time: the state of its requests, and the callbacks for their results. */
export interface PolledTask {
  readonly task: TaskRef;
  /** When its last request was sent, by the clock's `elapsedMs`, and the minimum interval after it. */
  lastRequest: { readonly sentAtMs: number; readonly minIntervalMs: number } | null;
  /** The service tier whose list omitted the task; undefined for none. */
  unlistedTier: string | null | undefined;
  /** Its request is about to be sent. Called again if a list omits the task. */
  readonly leaving: (request: Leaving) => void;
  /** The poll has a result. */
  readonly done: (result: Result) => void;
  /** The poll failed because the queue failed. */
  readonly failed: (error: unknown) => void;
}

/** The settings of a poll. */
export interface PollSettings {
  /** Waiting requests are sent in the order of their due time. */
  readonly dueAtMs: number;
  readonly minIntervalMs: number;
  readonly serviceTier: string | null;
}

/** One poll of one task. */
export class Poll {
  readonly polled: PolledTask;
  readonly dueAtMs: number;
  readonly minIntervalMs: number;
  readonly serviceTier: string | null;
  /** Whether it was stopped. */
  isOver = false;
  /** Its wait for the minimum interval. */
  wait: Subscription | null = null;
  /** The request that it has joined. */
  request: Request | null = null;

  constructor(polled: PolledTask, { dueAtMs, minIntervalMs, serviceTier }: PollSettings) {
    this.polled = polled;
    this.dueAtMs = dueAtMs;
    this.minIntervalMs = minIntervalMs;
    this.serviceTier = serviceTier;
  }
}

/** Polls tasks of one account. */
export interface Requests {
  /** Starts a poll. It may call the task's callbacks before it returns. */
  readonly start: (poll: Poll) => void;
  /** Stops a poll, and its request unless another poll has joined it. */
  readonly stop: (poll: Poll) => void;
}

/** The outcome of a request: a redacted response, or the error. */
type Reply = Either<PollError, HttpResponse>;

/** One request, from its place in the queue to its reply, and the polls that have joined it. */
class Request implements Turn, Leaving, Timed, Observer<HttpResponse> {
  readonly dueAtMs: number;
  /** The service tier of all its polls. */
  readonly serviceTier: string | null;
  urlLength: number;
  /** The polls that wait for its reply. A poll may join only before the request is sent. */
  polls: Poll[];
  /** The polls whose tasks it was sent for. */
  sentFor: readonly Poll[] = [];
  /** The earliest due of its polls. */
  first: Poll;
  /** `quota-check`: a request for one task that confirms the quota error of a list. */
  kind: 'single' | 'list' | 'quota-check' = 'single';
  sentAtMs = 0;
  redact: Credentials['redact'] = asItIs;
  /** Its wait for polls to join, then the work before it is sent, then the exchange. */
  active: Subscription | null = null;
  isOver = false;
  readonly #account: RequestsOfAccount;
  #pending = 0;

  constructor(account: RequestsOfAccount, first: Poll, urlLength: number) {
    this.#account = account;
    this.dueAtMs = first.dueAtMs;
    this.serviceTier = first.serviceTier;
    this.first = first;
    this.polls = [first];
    this.urlLength = urlLength;
    first.request = this;
  }

  /** Adds a poll, which makes the URL longer by `length`. */
  add(poll: Poll, length: number): void {
    this.polls.push(poll);
    this.urlLength += length;
    poll.request = this;
  }

  /** Called by the queue: notifies its polls, and sends the request once all their work has ended. */
  start(): void {
    this.#account.close(this);
    this.active = null;
    this.#pending = 1;
    for (const poll of this.polls) if (poll.request === this) poll.polled.leaving(this);
    this.#workEnded();
  }

  waitUntil(work: Observable<unknown>): void {
    if (this.isOver || this.#pending === 0) return;
    this.#pending += 1;
    const ended = (): void => { this.#workEnded(); };
    this.active ??= new Subscription();
    this.active.add(work.subscribe({ error: ended, complete: ended }));
  }

  #workEnded(): void {
    this.#pending -= 1;
    if (this.#pending === 0 && !this.isOver) this.#account.depart(this);
  }

  next(response: HttpResponse): void {
    this.#account.reply(this, right(redactedBy(this.redact, response)));
  }

  error(error: unknown): void {
    this.#account.reply(this, left({ kind: 'transport', message: shortened(this.redact(messageOf(error))) }));
  }

  complete(): void {
    if (!this.isOver) this.error(new Error('the transport completed without a response'));
  }

  timedOut(): void {
    this.#account.reply(this, left({ kind: 'timeout', message: `no response within ${String(this.#account.requestTimeoutMs)} ms` }));
  }

  /** The queue has failed. */
  fail(error: unknown): void {
    this.#account.fail(this, error);
  }
}
/* eslint-enable no-restricted-syntax */

/** How a client sends the requests of one account. */
export interface Connection {
  readonly account: Account;
  readonly lane: Lane;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
}

/** The watched tasks of an account, by id. */
export interface WatchedTasks {
  readonly watched: Pick<ReadonlyMap<string, unknown>, 'size' | 'has'>;
}

/** The result of each poll of a request; null if the response omits its task. */
type Outcome = (poll: Poll) => Result | null;

/** The maximum wait that a good response can request. */
const longestGoodWaitMs = 2 * 60_000;

class RequestsOfAccount implements Requests {
  readonly requestTimeoutMs: number;
  readonly #account: Account;
  readonly #options: Connection & WatchedTasks;
  readonly #timeOuts: TimeOuts;
  /** The provider's path, up to the id of a task and after it. */
  readonly #beforeId: string;
  readonly #afterId: string;
  /** The provider's list, if the account uses it. */
  readonly #list: TaskList | null;
  /** Requests that polls may join. */
  readonly #open = new Set<Request>();
  #lists = freshLists;
  /** Whether the account has received a good response. */
  #hasGoodResponse = false;

  constructor(options: Connection & WatchedTasks) {
    const { account } = options;
    this.#account = account;
    this.#options = options;
    const { path, list } = account.provider;
    const idAt = path.indexOf('{id}');
    this.#beforeId = path.slice(0, idAt);
    this.#afterId = path.slice(idAt + '{id}'.length);
    this.#list = account.batch ? list : null;
    this.requestTimeoutMs = options.requestTimeoutMs;
    this.#timeOuts = new TimeOuts(options.requestTimeoutMs, options.clock);
  }

  readonly #isWatched = (id: string): boolean => this.#options.watched.has(id);

  start(poll: Poll): void {
    const { clock } = this.#options;
    const { lastRequest } = poll.polled;
    const waitMs = lastRequest === null ? 0 : lastRequest.sentAtMs + Math.max(lastRequest.minIntervalMs, poll.minIntervalMs) - clock.elapsedMs();
    if (waitMs > 0) poll.wait = sleep(waitMs, () => { this.start(poll); }, clock.scheduler);
    else this.#join(poll);
  }

  stop(poll: Poll): void {
    const { request } = poll;
    poll.isOver = true;
    poll.wait?.unsubscribe();
    if (request === null) return;
    request.polls = request.polls.filter((other) => other !== poll);
    if (request.polls.length > 0) return;
    this.#end(request);
    this.#options.lane.leave(request);
  }

  /** Closes a request to further polls. */
  close(request: Request): void {
    this.#open.delete(request);
  }

  /** Sends a request: its turn has come and its work has ended. */
  depart(request: Request): void {
    const polls = request.polls.length === 1 ? request.polls : [...request.polls].sort((a, b) => a.dueAtMs - b.dueAtMs);
    const [first] = polls;
    if (first === undefined) return;
    request.first = first;
    if (this.#list !== null && planOf(this.#lists, polls.length, this.#options.clock.elapsedMs()) === 'list') {
      request.kind = 'list';
      this.#send(request, polls, this.#list.pathOf(polls.map(({ polled }) => polled.task.id), request.serviceTier));
      return;
    }
    if (this.#lists.suspectsQuota) request.kind = 'quota-check';
    // Only a quota check also decides for the other polls. If lists were paused meanwhile, the others get requests of their own.
    else if (polls.length > 1) {
      request.polls = [first];
      for (const poll of polls.slice(1)) this.#again(poll);
    }
    this.#send(request, polls.length === 1 ? polls : [first], this.#beforeId + encodeURIComponent(first.polled.task.id) + this.#afterId);
  }

  /** Passes its result to each poll of a request, and lets the next request start. Only the first reply counts. */
  reply(request: Request, reply: Reply): void {
    if (!this.#end(request)) return;
    let deliver: (poll: Poll) => void;
    try {
      const outcome = request.kind === 'list' ? this.#ofList(request, reply) : this.#ofOne(request, reply);
      deliver = (poll) => {
        const result = outcome(poll);
        if (result === null) this.#again(poll);
        else poll.polled.done(result);
      };
    } catch (error) {
      deliver = (poll) => { poll.polled.failed(error); };
    }
    this.#options.lane.finish(request, () => { this.#deliver(request, deliver); });
  }

  fail(request: Request, error: unknown): void {
    if (this.#end(request)) this.#deliver(request, (poll) => { poll.polled.failed(error); });
  }

  /** Ends a request; false if it had ended already. */
  #end(request: Request): boolean {
    if (request.isOver) return false;
    request.isOver = true;
    this.#open.delete(request);
    this.#timeOuts.stop(request);
    request.active?.unsubscribe();
    return true;
  }

  /** A poll may stop other polls when it gets its result. */
  #deliver(request: Request, deliver: (poll: Poll) => void): void {
    for (const poll of request.polls) if (!poll.isOver) deliver(poll);
  }

  #again(poll: Poll): void {
    poll.request = null;
    this.start(poll);
  }

  #join(poll: Poll): void {
    const { lane, clock, watched } = this.#options;
    const { serviceTier, polled } = poll;
    if (this.#list === null || !mayList(this.#lists, clock.elapsedMs()) || polled.unlistedTier === serviceTier) {
      lane.enter(new Request(this, poll, 0));
      return;
    }
    const emptyLength = this.#list.pathOf([], serviceTier).length;
    const ownLength = this.#list.pathOf([polled.task.id], serviceTier).length - emptyLength;
    const joined = this.#openTo(serviceTier, ownLength);
    if (joined !== null) {
      joined.add(poll, ownLength);
      return;
    }
    const request = new Request(this, poll, this.#account.baseUrl.length + emptyLength + ownLength);
    this.#open.add(request);
    if (watched.size <= 1) lane.enter(request);
    else request.active = sleep(Math.ceil(poll.minIntervalMs / 10), () => { lane.enter(request); }, clock.scheduler);
  }

  /** A request that another poll may join, whose URL grows by `length`. A full one is closed. */
  #openTo(serviceTier: string | null, length: number): Request | null {
    for (const request of this.#open) {
      if (request.serviceTier !== serviceTier) continue;
      if (request.polls.length < this.#lists.largest && request.urlLength + length <= longestUrl) return request;
      this.#open.delete(request);
    }
    return null;
  }

  /** Sends one GET with the key, and a timeout. */
  #send(request: Request, sentFor: readonly Poll[], path: string): void {
    const { transport, clock } = this.#options;
    const { baseUrl, credentials } = this.#account;
    const sentAtMs = clock.elapsedMs();
    request.sentFor = sentFor;
    request.sentAtMs = sentAtMs;
    for (const { polled, minIntervalMs } of sentFor) polled.lastRequest = { sentAtMs, minIntervalMs };
    this.#timeOuts.begin(request);
    let response;
    try {
      const { headers, redact } = credentials();
      request.redact = redact;
      response = transport({ method: 'GET', url: baseUrl + path, headers });
    } catch (error) {
      request.error(error);
      return;
    }
    const exchange = subscribeTo(response, request);
    if (request.isOver) exchange.unsubscribe();
    else request.active = exchange;
  }

  #ofOne(request: Request, reply: Reply): Outcome {
    const { provider } = this.#account;
    const { clock } = this.#options;
    const { first } = request;
    const result = this.#read(request, reply, (response) => explained(provider.read(first.polled.task, response, this.#isWatched), this.#hasGoodResponse, this.#account));
    if (request.kind === 'single') return () => result;
    const isConfirmed = isLeft(result) && 'reason' in result.left && result.left.reason === 'quota';
    this.#lists = afterQuotaCheck(this.#lists, isConfirmed, clock.elapsedMs());
    return (poll) => (isConfirmed || poll === first ? result : null);
  }

  #ofList(request: Request, reply: Reply): Outcome {
    const { provider } = this.#account;
    const { clock } = this.#options;
    const tasks = request.sentFor.map(({ polled }) => polled.task);
    const results = this.#read(request, reply, (response) => provider.readList(tasks, response, this.#isWatched));
    const failure = isLeft(results) ? results.left : null;
    const { state, isForEach } = afterList(this.#lists, failure, tasks.length, clock.elapsedMs());
    this.#lists = state;
    if (isLeft(results)) return isForEach ? () => results : () => null;
    return ({ polled, serviceTier }) => {
      const result = results.right.get(polled.task);
      if (result === undefined) polled.unlistedTier = serviceTier;
      return result ?? null;
    };
  }

  /** Reads a response, and reports it to the lane. */
  #read<T>(request: Request, reply: Reply, read: (response: HttpResponse) => Either<ReadFailure, T>): Either<PollError, T> {
    if (isLeft(reply)) return reply;
    const { lane, clock } = this.#options;
    const { sentAtMs, sentFor } = request;
    const result = read(reply.right);
    lane.arrived(arrivalOf(result, sentAtMs));
    if (isLeft(result)) return result;
    this.#hasGoodResponse = true;
    const waitMs = Math.min(serverWaitMs(reply.right) ?? 0, longestGoodWaitMs);
    if (waitMs > 0) {
      const untilMs = clock.elapsedMs() + waitMs - sentAtMs;
      for (const { polled, minIntervalMs } of sentFor) polled.lastRequest = { sentAtMs, minIntervalMs: Math.max(minIntervalMs, untilMs) };
    }
    return result;
  }
}

/**
 * Creates the requests of an account.
 *
 *     due      a-b--c---------d-------
 *     sent     -----(abc)-----------d-     a list is sent a tenth of the minimum interval after its first task fell due
 *
 * A task is polled at its minimum interval after its last request at the earliest, even if that request failed. A poll is sent at once if
 * no other task is watched, or if the provider documents no list. A task that a list omits is polled singly from its next interval on.
 * An error of a request is the result of its polls; only an error of the queue fails a poll.
 */
export const createRequests = (connection: Connection & WatchedTasks): Requests => new RequestsOfAccount(connection);

const asItIs = (text: string): string => text;

/** Before any good response, a 404 that is not in the API's own format means that the path does not exist. */
export const explained = <T>(result: Either<ReadFailure, T>, hasGoodResponse: boolean, { baseUrl }: Account): Either<ReadFailure, T> =>
  hasGoodResponse || !isLeft(result) || result.left.kind !== 'response' || result.left.status !== 404 || result.left.reason !== 'server'
    ? result
    : left({ ...result.left, reason: 'wrong-url', message: `${result.left.message}; check the baseUrl '${baseUrl}'` });

/** The facts of a result that matter for rate limits. */
export const arrivalOf = (result: Either<ReadFailure, unknown>, sentAtMs: number): ArrivedResponse => {
  const isRefused = isLeft(result) && 'reason' in result.left && result.left.reason === 'rate-limited';
  return { isRefused, sentAtMs, retryAfterMs: isRefused && 'retryAfterMs' in result.left ? result.left.retryAfterMs : null };
};

/** Redacts a response. Returns the same object if it does not contain the key. */
export const redactedBy = (redact: Credentials['redact'], response: HttpResponse): HttpResponse => {
  const { status, headers } = response;
  const body = redact(response.body);
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (redact(value) !== value) return { status, headers: Object.fromEntries(Object.entries(headers).map(([field, text]) => [field, redact(text)])), body };
  }
  return body === response.body ? response : { status, headers, body };
};
