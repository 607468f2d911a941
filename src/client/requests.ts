/**
 * The requests of one account: when a task may be polled again, alone or in a list with others, and what its response says. All of them
 * pass the account's lane of the request queue.
 */
import { type Either, isLeft, left, right } from 'fp-ts/Either';
import { type Observable, type Observer, Subscription } from 'rxjs';
import { sleep } from '../poll/rest.js';
import { messageOf } from '../state/errors.js';
import { afterList, afterQuotaCheck, freshLists, longestUrl, mayList, planOf } from '../state/list-plan.js';
import type { PollError } from '../state/watch-state.js';
import type { Reading, TaskRef } from '../task/snapshot.js';
import type { Clock } from '../transport/clock.js';
import type { Lane, Turn } from '../transport/request-queue.js';
import { serverWaitMs } from '../transport/retry-after.js';
import { type Timed, TimeOuts } from '../transport/time-outs.js';
import type { HttpResponse, Transport } from '../transport/transport.js';
import type { TaskList } from '../wire/task-list.js';
import { type ReadFailure, shortened } from '../wire/error-response.js';
import type { Account, Credentials } from './account.js';

/** What a poll comes to. */
export type Result = Either<PollError, Reading>;

/** A request that is about to leave. It does so once all work that `waitUntil` was given has ended. */
export interface Leaving {
  readonly waitUntil: (work: Observable<unknown>) => void;
}

/* eslint-disable no-restricted-syntax -- what is kept of ten thousand tasks is written in place */
/** A task that is polled, one poll at a time: what is remembered of its requests, and what it is told of them. */
export interface PolledTask {
  readonly task: TaskRef;
  /** When the last request about it left, by the clock's `elapsedMs`, and how long the task is left alone after it. */
  lastRequest: { readonly sentAtMs: number; readonly minIntervalMs: number } | null;
  /** The service tier whose list has left it out; undefined for none. */
  unlistedTier: string | null | undefined;
  /** Its request is about to leave; more than once if a list says nothing of the task. */
  readonly leaving: (request: Leaving) => void;
  /** The poll has its result. */
  readonly done: (result: Result) => void;
  /** The queue has failed, and the poll with it. */
  readonly failed: (error: unknown) => void;
}

/** How a poll is sent. */
export interface PollSettings {
  /** Of the requests that wait, the earliest due leave first. */
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
  rest: Subscription | null = null;
  /** The request that it takes part in. */
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
  /** Starts a poll. Its task may be told of it before this returns. */
  readonly start: (poll: Poll) => void;
  /** Ends a poll that nobody waits for any more, and the request that no other poll takes part in. */
  readonly stop: (poll: Poll) => void;
}

/** What a request brings: a response without the key in it, or the error. */
type Reply = Either<PollError, HttpResponse>;

/** One request, from its place in the queue to its reply, and the polls that it is to answer. */
class Request implements Turn, Leaving, Timed, Observer<HttpResponse> {
  readonly dueAtMs: number;
  /** That of all of its polls. */
  readonly serviceTier: string | null;
  urlLength: number;
  /** The polls that it is to answer. */
  polls: readonly Poll[] = none;
  /** The polls that it asks about, once it has left, and the earliest due of them. */
  asked: readonly Poll[] = none;
  first: Poll;
  /** `quota-check`: of one task, to confirm for all what a list has said. */
  kind: 'single' | 'list' | 'quota-check' = 'single';
  sentAtMs = 0;
  redact: Credentials['redact'] = asItIs;
  /** Its wait for polls to join it, then the work that it waits for, then the exchange. */
  active: Subscription | null = null;
  isOver = false;
  readonly #account: RequestsOfAccount;
  #pending = 0;

  constructor(account: RequestsOfAccount, first: Poll, urlLength: number) {
    this.#account = account;
    this.dueAtMs = first.dueAtMs;
    this.serviceTier = first.serviceTier;
    this.first = first;
    this.urlLength = urlLength;
  }

  /** Its turn has come: its polls are told, and it leaves once all work that they gave it has ended. */
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
    this.#account.reply(this, left({ kind: 'timeout', message: `no answer within ${String(this.#account.requestTimeoutMs)} ms` }));
  }

  /** The queue has failed. */
  fail(error: unknown): void {
    this.#account.fail(this, error);
  }
}
/* eslint-enable no-restricted-syntax */

/** What requests need. */
export interface RequestsOptions {
  readonly lane: Lane;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  /** Whether other tasks of the account are watched. */
  readonly hasOtherTasks: () => boolean;
  /** Whether the task with this id is watched. */
  readonly isWatched: (id: string) => boolean;
}

/** What a reply says of each poll; null when it says nothing. */
type Outcome = (poll: Poll) => Result | null;

/** The longest wait that a good response may ask for. */
const longestGoodWaitMs = 2 * 60_000;

class RequestsOfAccount implements Requests {
  readonly requestTimeoutMs: number;
  readonly #account: Account;
  readonly #options: RequestsOptions;
  readonly #timeOuts: TimeOuts;
  /** The provider's path, up to the id of a task and after it. */
  readonly #beforeId: string;
  readonly #afterId: string;
  /** The provider's list, where the account uses it. */
  readonly #list: TaskList | null;
  /** Requests that polls may join. */
  readonly #open = new Set<Request>();
  #lists = freshLists;
  /** Whether the account has ever had a good response. */
  #hasAnswered = false;

  constructor(account: Account, options: RequestsOptions) {
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

  start(poll: Poll): void {
    const { clock } = this.#options;
    const { lastRequest } = poll.polled;
    const restMs = lastRequest === null ? 0 : lastRequest.sentAtMs + Math.max(lastRequest.minIntervalMs, poll.minIntervalMs) - clock.elapsedMs();
    if (restMs > 0) poll.rest = sleep(restMs, () => { this.start(poll); }, clock.scheduler);
    else this.#join(poll);
  }

  stop(poll: Poll): void {
    const { request } = poll;
    poll.isOver = true;
    poll.rest?.unsubscribe();
    if (request === null) return;
    request.polls = request.polls.filter((other) => other !== poll);
    if (request.polls.length > 0) return;
    this.#end(request);
    this.#options.lane.leave(request);
  }

  /** No poll may join a request any more. */
  close(request: Request): void {
    this.#open.delete(request);
  }

  /** Sends a request whose turn has come, and that waits for nothing else. */
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
    // Only a suspected quota concerns the others; lists that began to rest meanwhile do not.
    else if (polls.length > 1) {
      request.polls = [first];
      for (const poll of polls.slice(1)) this.#again(poll);
    }
    this.#send(request, polls.length === 1 ? polls : [first], this.#beforeId + encodeURIComponent(first.polled.task.id) + this.#afterId);
  }

  /** Tells polls what the reply to their request says of each, and lets the next request start. Only the first reply counts. */
  reply(request: Request, reply: Reply): void {
    if (!this.#end(request)) return;
    let tell: (poll: Poll) => void;
    try {
      const outcome = request.kind === 'list' ? this.#ofList(request, reply) : this.#ofOne(request, reply);
      tell = (poll) => {
        const result = outcome(poll);
        if (result === null) this.#again(poll);
        else poll.polled.done(result);
      };
    } catch (error) {
      tell = (poll) => { poll.polled.failed(error); };
    }
    this.#options.lane.finish(request, () => { this.#tell(request, tell); });
  }

  fail(request: Request, error: unknown): void {
    if (this.#end(request)) this.#tell(request, (poll) => { poll.polled.failed(error); });
  }

  /** Ends whatever a request is about; false where it was over already. */
  #end(request: Request): boolean {
    if (request.isOver) return false;
    request.isOver = true;
    this.#open.delete(request);
    this.#timeOuts.stop(request);
    request.active?.unsubscribe();
    return true;
  }

  /** One of them may stop others when it is told. */
  #tell(request: Request, tell: (poll: Poll) => void): void {
    for (const poll of request.polls) if (!poll.isOver) tell(poll);
  }

  #again(poll: Poll): void {
    poll.request = null;
    this.start(poll);
  }

  #join(poll: Poll): void {
    const { lane, clock, hasOtherTasks } = this.#options;
    const { serviceTier, polled } = poll;
    const list = mayList(this.#lists, clock.elapsedMs()) && polled.unlistedTier !== serviceTier ? this.#list : null;
    const emptyLength = list?.pathOf([], serviceTier).length ?? 0;
    const ownLength = list === null ? 0 : list.pathOf([polled.task.id], serviceTier).length - emptyLength;
    const joined = list === null ? null : this.#openTo(poll, ownLength);
    const request = joined ?? new Request(this, poll, this.#account.baseUrl.length + emptyLength);
    poll.request = request;
    request.polls = joined === null ? [poll] : [...request.polls, poll];
    request.urlLength += ownLength;
    if (joined !== null) return;
    if (list !== null) this.#open.add(request);
    if (list === null || !hasOtherTasks()) lane.enter(request);
    else request.active = sleep(Math.ceil(poll.minIntervalMs / 10), () => { lane.enter(request); }, clock.scheduler);
  }

  /** A request that a poll may join, which makes its URL so much longer. */
  #openTo({ serviceTier }: Poll, length: number): Request | null {
    for (const request of this.#open) {
      if (request.serviceTier === serviceTier && request.polls.length < this.#lists.largest && request.urlLength + length <= longestUrl) return request;
    }
    return null;
  }

  /** One GET with the key, in time. */
  #send(request: Request, asked: readonly Poll[], path: string): void {
    const { transport, clock } = this.#options;
    const { baseUrl, credentials } = this.#account;
    const sentAtMs = clock.elapsedMs();
    request.asked = asked;
    request.sentAtMs = sentAtMs;
    for (const { polled, minIntervalMs } of asked) polled.lastRequest = { sentAtMs, minIntervalMs };
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
    const exchange = response.subscribe(request);
    if (request.isOver) exchange.unsubscribe();
    else request.active = exchange;
  }

  #ofOne(request: Request, reply: Reply): Outcome {
    const { provider } = this.#account;
    const { clock, isWatched } = this.#options;
    const { first } = request;
    const result = this.#read(request, reply, (response) => this.#explained(provider.read(first.polled.task, response, isWatched)));
    if (request.kind === 'single') return () => result;
    const isConfirmed = isLeft(result) && 'reason' in result.left && result.left.reason === 'quota';
    this.#lists = afterQuotaCheck(this.#lists, isConfirmed, clock.elapsedMs());
    return (poll) => (isConfirmed || poll === first ? result : null);
  }

  #ofList(request: Request, reply: Reply): Outcome {
    const { provider } = this.#account;
    const { clock, isWatched } = this.#options;
    const tasks = request.asked.map(({ polled }) => polled.task);
    const results = this.#read(request, reply, (response) => provider.readList(tasks, response, isWatched));
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

  /** Reads a response, and tells the lane of it. */
  #read<T>(request: Request, reply: Reply, read: (response: HttpResponse) => Either<ReadFailure, T>): Either<PollError, T> {
    if (isLeft(reply)) return reply;
    const { lane, clock } = this.#options;
    const { sentAtMs, asked } = request;
    const result = read(reply.right);
    const isRefused = isLeft(result) && 'reason' in result.left && result.left.reason === 'rate-limited';
    const retryAfterMs = isRefused && 'retryAfterMs' in result.left ? result.left.retryAfterMs : null;
    lane.arrived({ isRefused, sentAtMs, retryAfterMs });
    if (isLeft(result)) return result;
    this.#hasAnswered = true;
    const waitMs = Math.min(serverWaitMs(reply.right) ?? 0, longestGoodWaitMs);
    if (waitMs > 0) {
      const untilMs = clock.elapsedMs() + waitMs - sentAtMs;
      for (const { polled, minIntervalMs } of asked) polled.lastRequest = { sentAtMs, minIntervalMs: Math.max(minIntervalMs, untilMs) };
    }
    return result;
  }

  /** A 404 that is not in the API's own words, before any good response: no such path is there. */
  #explained<T>(result: Either<ReadFailure, T>): Either<ReadFailure, T> {
    return this.#hasAnswered || !isLeft(result) || result.left.kind !== 'response' || result.left.status !== 404 || result.left.reason !== 'server'
      ? result
      : left({ ...result.left, reason: 'wrong-url', message: `${result.left.message}; is the baseUrl '${this.#account.baseUrl}' right?` });
  }
}

/**
 * The requests of an account.
 *
 *     due      a-b--c---------d-------
 *     sent     -----(abc)-----------d-     a list leaves a tenth of the minimum interval after its first task fell due
 *
 * No task is polled sooner than its minimum interval after the last request about it, whatever became of that request. While no other
 * task is watched, or where the provider documents no list, a poll leaves at once. A task that a list leaves out is polled singly at
 * its next interval, and from then on. Only the queue can fail a poll; whatever goes wrong with a request is its result.
 */
export const createRequests = (account: Account, options: RequestsOptions): Requests => new RequestsOfAccount(account, options);

/** Most tasks are polled by themselves: no list is made to hold nobody. */
const none: readonly Poll[] = [];

const asItIs = (text: string): string => text;

/** The response itself where nothing in it is an echo of the key. */
const redactedBy = (redact: Credentials['redact'], response: HttpResponse): HttpResponse => {
  const { status, headers } = response;
  const body = redact(response.body);
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (redact(value) !== value) return { status, headers: Object.fromEntries(Object.entries(headers).map(([field, text]) => [field, redact(text)])), body };
  }
  return body === response.body ? response : { status, headers, body };
};
