/**
 * The requests of one account: when a task may be polled again, alone or in a list with others, and what its response says. All of them
 * pass the account's lane of the request queue.
 */
import { type Either, isLeft, left, right } from 'fp-ts/Either';
import { catchError, concat, defer, EMPTY, map, Observable, of, type Subscriber, Subscription, throwError, throwIfEmpty } from 'rxjs';
import type { Clock } from '../transport/clock.js';
import { rest, sleep, within } from '../poll/rest.js';
import { messageOf } from '../state/errors.js';
import { afterList, afterQuotaCheck, freshLists, longestUrl, mayList, planOf } from '../state/list-plan.js';
import type { PollError } from '../state/watch-state.js';
import type { TaskRef, TaskSnapshot } from '../task/snapshot.js';
import type { Lane } from '../transport/request-queue.js';
import { serverWaitMs } from '../transport/retry-after.js';
import type { HttpResponse, Transport } from '../transport/transport.js';
import { type ReadFailure, shortened } from '../wire/error-response.js';
import type { Account, Credentials } from './account.js';

/** What a poll comes to. */
export type Result = Either<PollError, TaskSnapshot>;

/** The request is about to leave. It does so once all work that `waitUntil` was given has ended. */
export interface Leaving {
  readonly kind: 'leaving';
  readonly waitUntil: (work: Observable<unknown>) => void;
}

/** What becomes of a poll: it leaves, more than once if a list says nothing of its task; then it is done. */
export type PollEvent = Leaving | { readonly kind: 'done'; readonly result: Result };

/* eslint-disable no-restricted-syntax -- what is remembered of ten thousand tasks is written in place */
/** What is remembered of a task's requests. */
export interface PolledTask {
  readonly task: TaskRef;
  /** When the last request about it left, by the clock's `elapsedMs`, and how long the task is left alone after it. */
  lastRequest: { readonly sentAtMs: number; readonly minIntervalMs: number } | null;
  /** The service tier whose list has left it out; undefined for none. */
  unlistedTier: string | null | undefined;
}
/* eslint-enable no-restricted-syntax */

/** One poll of one task. */
export interface Poll {
  readonly polled: PolledTask;
  /** Of the requests that wait, the earliest due leave first. */
  readonly dueAtMs: number;
  readonly minIntervalMs: number;
  readonly serviceTier: string | null;
}

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

/** A poll that takes part in a request. */
interface Member {
  readonly poll: Poll;
  readonly subscriber: Subscriber<PollEvent>;
  /** Polls again at its interval. */
  readonly again: () => void;
}

/** What a request says of each of its members; null when it says nothing. */
type Outcome = (member: Member) => Result | null;

/** One request, and the polls that it is to answer: of one service tier, and one poll alone where lists are out of the question. */
interface Batch {
  readonly serviceTier: string | null;
  readonly members: Set<Member>;
  urlLength: number;
  readonly request: Subscription;
}

/** The longest wait that a good response may ask for. */
const longestGoodWaitMs = 2 * 60_000;

class RequestTimeout extends Error {}

/**
 * Polls tasks of an account.
 *
 *     due      a-b--c---------d-------
 *     sent     -----(abc)-----------d-     a list leaves a tenth of the minimum interval after its first task fell due
 *
 * No task is polled sooner than its minimum interval after the last request about it, whatever became of that request. While no other
 * task is watched, or where the provider documents no list, a poll leaves at once. A task that a list leaves out is polled singly at
 * its next interval, and from then on.
 *
 * Cold: each subscription is one poll. Errors: those of the queue alone; whatever goes wrong with a request is its result.
 */
export const createRequests = (account: Account, { lane, transport, clock, requestTimeoutMs, hasOtherTasks, isWatched }: RequestsOptions): ((poll: Poll) => Observable<PollEvent>) => {
  const { provider, baseUrl, credentials } = account;
  const list = account.batch ? provider.list : null;
  const open = new Set<Batch>();
  let lists = freshLists;
  /** Whether the account has ever had a good response. */
  let hasAnswered = false;
  const timedOut = throwError(() => new RequestTimeout(`no answer within ${String(requestTimeoutMs)} ms`));

  /** One GET with the key, in time; the key is taken out of whatever comes back. */
  const get = (path: string): Observable<Either<PollError, HttpResponse>> =>
    defer(() => {
      let redact: Credentials['redact'] = asItIs;
      return defer(() => {
        const own = credentials();
        redact = own.redact;
        return transport({ method: 'GET', url: baseUrl + path, headers: own.headers });
      }).pipe(
        within(requestTimeoutMs, timedOut, clock.scheduler),
        throwIfEmpty(),
        map((response) => right(redactedBy(redact, response))),
        catchError((error: unknown) =>
          of(left({ kind: error instanceof RequestTimeout ? 'timeout' : 'transport', message: shortened(redact(messageOf(error))) } as const))),
      );
    });

  /** Sends a request about some tasks, and tells the lane of its response. */
  const send = <T>(path: string, polled: readonly Poll[], read: (response: HttpResponse) => Either<PollError, T>): Observable<Either<PollError, T>> => {
    const sentAtMs = clock.elapsedMs();
    for (const { polled: task, minIntervalMs } of polled) task.lastRequest = { sentAtMs, minIntervalMs };
    return get(path).pipe(
      map((answer) => {
        if (isLeft(answer)) return answer;
        const result = read(answer.right);
        const isRefused = isLeft(result) && 'reason' in result.left && result.left.reason === 'rate-limited';
        const retryAfterMs = isRefused && 'retryAfterMs' in result.left ? result.left.retryAfterMs : null;
        lane.arrived({ isRefused, sentAtMs, retryAfterMs });
        hasAnswered ||= !isLeft(result);
        const waitMs = isLeft(result) ? 0 : Math.min(serverWaitMs(answer.right) ?? 0, longestGoodWaitMs);
        const untilMs = clock.elapsedMs() + waitMs - sentAtMs;
        if (waitMs > 0) for (const { polled: task, minIntervalMs } of polled) task.lastRequest = { sentAtMs, minIntervalMs: Math.max(minIntervalMs, untilMs) };
        return result;
      }),
    );
  };

  /** A 404 that is not in the API's own words, before any good response: no such path is there. */
  const explained = <T>(result: Either<ReadFailure, T>): Either<ReadFailure, T> =>
    hasAnswered || !isLeft(result) || result.left.kind !== 'response' || result.left.status !== 404 || result.left.reason !== 'server'
      ? result
      : left({ ...result.left, reason: 'wrong-url', message: `${result.left.message}; is the baseUrl '${baseUrl}' right?` });

  const sendOne = (member: Member): Observable<Result> => {
    const { task } = member.poll.polled;
    return send(provider.path.replace('{id}', () => encodeURIComponent(task.id)), [member.poll], (response) => explained(provider.read(task, response, isWatched)));
  };

  const sendList = (members: readonly Member[], path: string): Observable<Outcome> => {
    const tasks = members.map(({ poll }) => poll.polled.task);
    return send(path, members.map(({ poll }) => poll), (response) => provider.readList(tasks, response, isWatched)).pipe(
      map((answers): Outcome => {
        const failure = isLeft(answers) ? answers.left : null;
        const { state, isForEach } = afterList(lists, failure, members.length, clock.elapsedMs());
        lists = state;
        if (isLeft(answers)) return isForEach ? () => answers : () => null;
        return ({ poll }) => {
          const answer = answers.right.get(poll.polled.task);
          if (answer === undefined) poll.polled.unlistedTier = poll.serviceTier;
          return answer ?? null;
        };
      }),
    );
  };

  /** The request of a batch whose turn has come and whose members have left. */
  const depart = ({ members, serviceTier }: Batch): Observable<Outcome> => {
    const all = [...members].sort((a, b) => a.poll.dueAtMs - b.poll.dueAtMs);
    const [first] = all;
    if (first === undefined) return EMPTY;
    if (list !== null && planOf(lists, all.length, clock.elapsedMs()) === 'list') {
      return sendList(all, list.pathOf(all.map(({ poll }) => poll.polled.task.id), serviceTier));
    }
    const confirmsQuota = lists.suspectsQuota;
    // Only a suspected quota concerns the others; lists that began to rest meanwhile do not.
    for (const member of confirmsQuota ? [] : all.slice(1)) {
      members.delete(member);
      member.again();
    }
    return sendOne(first).pipe(
      map((result): Outcome => {
        if (!confirmsQuota) return (member) => (member === first ? result : null);
        const isConfirmed = isLeft(result) && 'reason' in result.left && result.left.reason === 'quota';
        lists = afterQuotaCheck(lists, isConfirmed, clock.elapsedMs());
        return (member) => (isConfirmed || member === first ? result : null);
      }),
    );
  };

  const lengthOf = (ids: readonly string[], serviceTier: string | null): number => list?.pathOf(ids, serviceTier).length ?? 0;

  const openBatch = (serviceTier: string | null): Batch =>
    ({ serviceTier, members: new Set(), urlLength: baseUrl.length + lengthOf([], serviceTier), request: new Subscription() });

  const begin = (batch: Batch, dueAtMs: number, windowMs: number): void => {
    const request = lane.poll(dueAtMs, defer(() => {
      open.delete(batch);
      return concat(leaving(batch.members), defer(() => depart(batch)));
    }));
    batch.request.add((windowMs > 0 ? concat(rest(windowMs, clock.scheduler), request) : request).subscribe({
      next: (outcome) => {
        const members = [...batch.members];
        batch.members.clear();
        for (const member of members) deliver(member, outcome(member));
      },
      error: (error: unknown) => { for (const { subscriber } of [...batch.members]) subscriber.error(error); },
    }));
  };

  const join = (member: Member): void => {
    const { polled, serviceTier, dueAtMs, minIntervalMs } = member.poll;
    const more = lengthOf([polled.task.id], serviceTier) - lengthOf([], serviceTier);
    const isListable = list !== null && mayList(lists, clock.elapsedMs()) && polled.unlistedTier !== serviceTier;
    const hasRoom = (batch: Batch): boolean => batch.serviceTier === serviceTier && batch.members.size < lists.largest && batch.urlLength + more <= longestUrl;
    const joined = isListable ? [...open].find(hasRoom) : undefined;
    const batch = joined ?? openBatch(serviceTier);
    batch.urlLength += more;
    batch.members.add(member);
    member.subscriber.add(() => {
      batch.members.delete(member);
      if (batch.members.size > 0) return;
      open.delete(batch);
      batch.request.unsubscribe();
    });
    if (joined !== undefined) return;
    if (isListable) open.add(batch);
    begin(batch, dueAtMs, isListable && hasOtherTasks() ? Math.ceil(minIntervalMs / 10) : 0);
  };

  const restMs = ({ polled: { lastRequest }, minIntervalMs }: Poll): number =>
    lastRequest === null ? 0 : lastRequest.sentAtMs + Math.max(lastRequest.minIntervalMs, minIntervalMs) - clock.elapsedMs();

  return (poll) =>
    new Observable((subscriber) => {
      const attempt = (): void => {
        const ms = restMs(poll);
        if (ms > 0) subscriber.add(sleep(ms, attempt, clock.scheduler));
        else join({ poll, subscriber, again: attempt });
      };
      attempt();
    });
};

const asItIs = (text: string): string => text;

const redactedBy = (redact: Credentials['redact'], { status, headers, body }: HttpResponse): HttpResponse => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, redact(value)])),
  body: redact(body),
});

const deliver = ({ subscriber, again }: Member, result: Result | null): void => {
  if (result === null) {
    again();
    return;
  }
  subscriber.next({ kind: 'done', result });
  subscriber.complete();
};

/** Tells the members that their request is leaving; completes once all work that they asked to wait for has ended. */
const leaving = (members: ReadonlySet<Member>): Observable<never> =>
  new Observable((subscriber) => {
    let pending = 1;
    const ended = (): void => {
      pending -= 1;
      if (pending === 0) subscriber.complete();
    };
    const waitUntil = (work: Observable<unknown>): void => {
      if (subscriber.closed) return;
      pending += 1;
      subscriber.add(work.subscribe({ error: ended, complete: ended }));
    };
    for (const member of [...members]) member.subscriber.next({ kind: 'leaving', waitUntil });
    ended();
  });
