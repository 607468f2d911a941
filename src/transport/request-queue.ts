/**
 * The request queue of a client: one lane per account, so many requests in flight in all and per lane. Where requests wait, and why, can
 * be observed.
 */
import { isObservable, Observable, type Subscriber, Subscription } from 'rxjs';
import { checkCount } from '../checks.js';
import type { Clock } from './clock.js';
import { afterArrival, afterDeparture, type ArrivedResponse, createRateLimiter, limiterWaitMs, type RateLimiterState } from './rate-limiter.js';

/** What an account may send. */
export interface RateLimitOptions {
  /** Requests in any minute, evenly spaced. Default: no limit until the server refuses (429); then one is found. */
  readonly perMinute?: number | undefined;
  /** Requests in flight at once. Default: 16. */
  readonly maxInFlight?: number | undefined;
}

/** One account's part of the queue. */
export interface Lane {
  /** Lets a poll through when its turn comes: the earliest due first. Its first value ends it. Unsubscribing leaves the queue. */
  readonly poll: <T>(dueAtMs: number, request: Observable<T>) => Observable<T>;
  /** Lets a POST or DELETE through: before polls, by the same limits. */
  readonly write: <T>(request: Observable<T>) => Observable<T>;
  /** Tells the limiter of a response, before the request ends. Times are the clock's `elapsedMs`. */
  readonly arrived: (response: ArrivedResponse) => void;
}

/** Why a lane's requests wait. */
export type WaitingFor = 'concurrency' | 'max-in-flight' | 'rate-limit' | 'back-off';

/** Where one lane stands. */
export interface LaneStatus {
  readonly name: string;
  readonly waiting: number;
  readonly inFlight: number;
  /** Null when nothing waits. */
  readonly waitingFor: WaitingFor | null;
  /** How long the limiter still waits, in ms. */
  readonly waitMs: number;
  /** Requests a minute that the lane keeps to, given or found; null for no limit. */
  readonly perMinute: number | null;
}

/** Where the queue stands: counts and reasons, no secret. */
export interface QueueStatus {
  /** The most requests in flight at once. 0: paused. */
  readonly concurrency: number;
  readonly inFlight: number;
  readonly lanes: readonly LaneStatus[];
}

/** Requests that wait for their turn. */
export interface RequestQueue {
  readonly lane: (name: string, minIntervalMs: number, limits?: RateLimitOptions) => Lane;
  /** The status, at once and after each change. */
  readonly status: Observable<QueueStatus>;
}

interface Waiting {
  readonly dueAtMs: number;
  /** Ends it with an error of the concurrency. */
  readonly fail: (error: unknown) => void;
  readonly start: () => void;
}

interface LaneState {
  readonly name: string;
  readonly maxInFlight: number;
  limiter: RateLimiterState;
  /** Ordered by due time; first in, first out among equals. */
  readonly waiting: Waiting[];
  inFlight: number;
}

const defaultMaxInFlight = 16;

/**
 * A queue.
 *
 *     concurrency 1   request      --(a|)
 *     first           ^            --(a|)
 *     second          ^            ----(a|)     leaves when the first has its response
 *
 * While another lane could send, a lane holds at most half of all places, rounded up.
 *
 * @param concurrency requests in flight at once, a number or an Observable of one; 0 pauses. An Observable is subscribed to while
 * requests wait or are in flight; nothing leaves before its first value, and the last one stays after its end
 * Errors: those of the requests. Throws `RangeError` unless the concurrency is an integer ≥ 0; one that an Observable emits, and its
 * error, is the error of the requests that wait.
 */
export const createRequestQueue = (concurrency: number | Observable<number>, clock: Clock): RequestQueue => {
  if (!isObservable(concurrency)) checkCount('concurrency', concurrency, 0);
  const lanes: LaneState[] = [];
  const observers = new Set<Subscriber<QueueStatus>>();
  let capacity = isObservable(concurrency) ? 0 : concurrency;
  let listening: Subscription | null = null;
  let inFlight = 0;
  let timer: Subscription | null = null;
  let isPumping = false;

  /** Whether a lane already holds its half of the places while another lane could send. */
  const isGreedy = (lane: LaneState): boolean =>
    lane.inFlight >= Math.ceil(capacity / 2) && lanes.some((other) => other !== lane && other.waiting.length > 0 && waitingFor(other) === null);

  /** What keeps a lane's first request, the places of the client left aside; null when nothing does. */
  const waitingFor = ({ inFlight: own, maxInFlight, limiter }: LaneState): WaitingFor | null => {
    if (own >= maxInFlight) return 'max-in-flight';
    const nowMs = clock.elapsedMs();
    if (limiterWaitMs(limiter, nowMs) <= 0) return null;
    return limiter.restUntilMs > nowMs ? 'back-off' : 'rate-limit';
  };

  const next = (): LaneState | null => {
    let first: LaneState | null = null;
    if (inFlight >= capacity) return first;
    for (const lane of lanes) {
      const head = lane.waiting[0];
      if (head === undefined || waitingFor(lane) !== null || (lanes.length > 1 && isGreedy(lane))) continue;
      if (first === null || head.dueAtMs < (first.waiting[0]?.dueAtMs ?? Infinity)) first = lane;
    }
    return first;
  };

  const isIdle = (): boolean => lanes.every(({ waiting }) => waiting.length === 0);

  const pumpIn = (ms: number | null): void => {
    timer?.unsubscribe();
    timer = ms === null ? null : clock.scheduler.schedule(pump, ms);
  };

  /** Starts what may leave now, and sets one timer for what may leave later. */
  const pump = (): void => {
    // A request that is started may enqueue others: the loop below finds them.
    if (isPumping) return;
    isPumping = true;
    for (let lane = next(); lane !== null; lane = next()) lane.waiting.shift()?.start();
    isPumping = false;
    pumpIn(limiterWait());
    changed();
  };

  /** After an unsubscription: many may come together, and a freed place must not start a request that is about to be unsubscribed too. */
  const pumpLater = (): void => {
    pumpIn(isIdle() ? null : 0);
    changed();
  };

  /** The shortest wait of those that only their limiter keeps; null for none. */
  const limiterWait = (): number | null => {
    let shortest = Infinity;
    if (inFlight >= capacity) return null;
    for (const { waiting, limiter, inFlight: own, maxInFlight } of lanes) {
      if (waiting.length > 0 && own < maxInFlight) shortest = Math.min(shortest, limiterWaitMs(limiter, clock.elapsedMs()));
    }
    // Time passes while this is read: a wait that is over by now is a wait of 1 ms.
    return shortest < Infinity ? Math.max(1, Math.ceil(shortest)) : null;
  };

  const changed = (): void => {
    if (inFlight === 0 && listening !== null && isIdle()) {
      listening.unsubscribe();
      listening = null;
    }
    for (const observer of [...observers]) observer.next(statusNow());
  };

  const listen = (): void => {
    if (!isObservable(concurrency) || listening !== null) return;
    const own = new Subscription();
    listening = own;
    const fail = (error: unknown): void => {
      for (const { waiting } of lanes) for (const each of waiting.splice(0)) each.fail(error);
      changed();
    };
    own.add(concurrency.subscribe({
      next: (count) => {
        try {
          checkCount('concurrency', count, 0);
        } catch (error) {
          fail(error);
          return;
        }
        capacity = count;
        pump();
      },
      error: (error: unknown) => {
        listening = null;
        fail(error);
      },
    }));
  };

  const enqueue = <T>(lane: LaneState, dueAtMs: number, request: Observable<T>): Observable<T> =>
    new Observable((subscriber) => {
      let isHeld = false;
      const release = (): void => {
        if (!isHeld) return;
        isHeld = false;
        inFlight -= 1;
        lane.inFlight -= 1;
      };
      const start = (): void => {
        isHeld = true;
        inFlight += 1;
        lane.inFlight += 1;
        lane.limiter = afterDeparture(lane.limiter, clock.elapsedMs());
        subscriber.add(request.subscribe({
          next: (value) => {
            release();
            subscriber.next(value);
            subscriber.complete();
            pump();
          },
          error: (error: unknown) => {
            release();
            subscriber.error(error);
            pump();
          },
          complete: () => {
            release();
            subscriber.complete();
            pump();
          },
        }));
      };
      const own: Waiting = { dueAtMs, fail: (error) => { subscriber.error(error); }, start };
      insert(lane.waiting, own);
      subscriber.add(() => {
        const place = isHeld ? -1 : lane.waiting.indexOf(own);
        if (place >= 0) lane.waiting.splice(place, 1);
        if (!isHeld && place < 0) return;
        release();
        pumpLater();
      });
      listen();
      pump();
    });

  const statusNow = (): QueueStatus => ({
    concurrency: capacity,
    inFlight,
    lanes: lanes.map((lane) => {
      const { name, waiting, limiter } = lane;
      const limits = [limiter.givenPerMinute, limiter.ceiling].filter((limit) => limit !== null);
      return {
        name,
        waiting: waiting.length,
        inFlight: lane.inFlight,
        waitingFor: waiting.length === 0 ? null : (waitingFor(lane) ?? 'concurrency'),
        waitMs: limiterWaitMs(limiter, clock.elapsedMs()),
        perMinute: limits.length === 0 ? null : Math.floor(Math.min(...limits)),
      };
    }),
  });

  return {
    lane: (name, minIntervalMs, { perMinute, maxInFlight = defaultMaxInFlight } = {}) => {
      const lane: LaneState = { name, maxInFlight, limiter: createRateLimiter(perMinute ?? null), waiting: [], inFlight: 0 };
      lanes.push(lane);
      return {
        poll: (dueAtMs, request) => enqueue(lane, dueAtMs, request),
        write: (request) => enqueue(lane, -Infinity, request),
        arrived: (response) => { lane.limiter = afterArrival(lane.limiter, response, clock.elapsedMs(), minIntervalMs); },
      };
    },
    status: new Observable((subscriber) => {
      observers.add(subscriber);
      subscriber.next(statusNow());
      return () => observers.delete(subscriber);
    }),
  };
};

/** Inserts behind all that fell due no later: mostly at the end. */
const insert = (waiting: Waiting[], own: Waiting): void => {
  let place = waiting.length;
  while (place > 0 && (waiting[place - 1]?.dueAtMs ?? -Infinity) > own.dueAtMs) place -= 1;
  waiting.splice(place, 0, own);
};
