/**
 * The request queue of a client: one lane per account, with a maximum of requests in flight in total and per lane. Its status says where
 * requests wait, and why.
 */
import { isObservable, Observable, type Subscriber, Subscription } from 'rxjs';
import { checkCount } from '../checks.js';
import type { Clock } from './clock.js';
import { afterArrival, afterDeparture, type ArrivedResponse, createRateLimiter, limiterWaitMs, type RateLimiterState } from './rate-limiter.js';

/** The rate limit of an account. */
export interface RateLimitOptions {
  /** Requests in any minute, evenly spaced. Default: no limit until the server refuses requests (429); then the queue finds the limit. */
  readonly perMinute?: number | undefined;
  /** Requests in flight at once. Default: 16. */
  readonly maxInFlight?: number | undefined;
}

/** A request that waits in a lane. */
export interface Turn {
  /** The earliest due request of a lane starts first. `-Infinity` for a POST or DELETE: before all polls. */
  readonly dueAtMs: number;
  /** Starts the request. It counts as in flight until `finish` or `leave`. Never throws. */
  readonly start: () => void;
  /** The queue's concurrency has failed, and the request is removed. */
  readonly fail: (error: unknown) => void;
}

/** One account's part of the queue. */
export interface Lane {
  /** Adds a request. */
  readonly enter: (turn: Turn) => void;
  /** Ends a request: frees its place, calls `tell`, and then starts the next one. */
  readonly finish: (turn: Turn, tell: () => void) => void;
  /** Removes a request that waits or is in flight; does nothing for any other. */
  readonly leave: (turn: Turn) => void;
  /** Counts one more request in the turn of a request in flight. */
  readonly departed: () => void;
  /** Passes a response to the rate limiter, before the request ends. Times are the clock's `elapsedMs`. */
  readonly arrived: (response: ArrivedResponse) => void;
}

/** Why a lane's requests wait. */
export type WaitingFor = 'concurrency' | 'max-in-flight' | 'rate-limit' | 'back-off';

/** The status of one lane. */
export interface LaneStatus {
  readonly name: string;
  readonly waiting: number;
  readonly inFlight: number;
  /** Null when nothing waits. */
  readonly waitingFor: WaitingFor | null;
  /** The remaining wait of the rate limiter, in ms. */
  readonly waitMs: number;
  /** The limit of the lane in requests a minute, given or found; null for none. */
  readonly perMinute: number | null;
}

/** The status of the queue. It holds no secrets. */
export interface QueueStatus {
  /** The maximum of requests in flight; 0 pauses the queue. */
  readonly concurrency: number;
  readonly inFlight: number;
  readonly lanes: readonly LaneStatus[];
}

/** A queue of requests; see `createRequestQueue`. */
export interface RequestQueue {
  readonly lane: (name: string, minIntervalMs: number, limits?: RateLimitOptions) => Lane;
  /** Emits the status on subscription and after each change. */
  readonly status: Observable<QueueStatus>;
}

interface LaneState {
  readonly name: string;
  readonly maxInFlight: number;
  limiter: RateLimiterState;
  /** Ordered by due time; first in, first out among equals. */
  readonly waiting: Turn[];
  readonly inFlight: Set<Turn>;
}

const defaultMaxInFlight = 16;

/**
 * Creates a queue.
 *
 *     concurrency 1   request      --(a|)
 *     first           ^            --(a|)
 *     second          ^            ----(a|)     starts when the first has its response
 *
 * While another lane can send, a lane holds at most half of all places, rounded up.
 *
 * @param concurrency maximum of requests in flight: a number or an Observable of numbers; 0 pauses. The queue subscribes to an Observable
 * while requests wait or are in flight; no request starts before its first value, and its last value stays valid after it completes
 * Errors: those of the requests. Throws `RangeError` unless `concurrency` is an integer ≥ 0. If an Observable fails, or emits an invalid value,
 * the requests that wait fail with that error.
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
    lane.inFlight.size >= Math.ceil(capacity / 2) && lanes.some((other) => other !== lane && other.waiting.length > 0 && waitingFor(other) === null);

  /** Why a lane's first request waits, apart from the queue's concurrency; null when it can start. */
  const waitingFor = ({ inFlight: own, maxInFlight, limiter }: LaneState): WaitingFor | null => {
    if (own.size >= maxInFlight) return 'max-in-flight';
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

  /** Starts the requests that may start now, and sets one timer for the next. */
  const pump = (): void => {
    // A started request may add others: the loop below finds them.
    if (isPumping) return;
    isPumping = true;
    for (let lane = next(); lane !== null; lane = next()) {
      const turn = lane.waiting.shift();
      if (turn === undefined) continue;
      inFlight += 1;
      lane.inFlight.add(turn);
      lane.limiter = afterDeparture(lane.limiter, clock.elapsedMs());
      turn.start();
    }
    isPumping = false;
    pumpIn(limiterWait());
    changed();
  };

  /** Used after an unsubscription: several may follow, and a freed place must not start a request that is about to be unsubscribed. */
  const pumpLater = (): void => {
    pumpIn(isIdle() ? null : 0);
    changed();
  };

  /** The shortest wait among lanes that wait only for their rate limiter; null for none. */
  const limiterWait = (): number | null => {
    let shortest = Infinity;
    if (inFlight >= capacity) return null;
    for (const { waiting, limiter, inFlight: own, maxInFlight } of lanes) {
      if (waiting.length > 0 && own.size < maxInFlight) shortest = Math.min(shortest, limiterWaitMs(limiter, clock.elapsedMs()));
    }
    // Time passes during this loop: a wait that has ended meanwhile counts as 1 ms.
    return shortest < Infinity ? Math.max(1, Math.ceil(shortest)) : null;
  };

  const changed = (): void => {
    if (inFlight === 0 && listening !== null && isIdle()) {
      listening.unsubscribe();
      listening = null;
    }
    if (observers.size > 0) for (const observer of [...observers]) observer.next(statusNow());
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

  /** Frees the place of a request; returns false if it is not in flight. */
  const release = (lane: LaneState, turn: Turn): boolean => {
    if (!lane.inFlight.delete(turn)) return false;
    inFlight -= 1;
    return true;
  };

  /** Removes a waiting request; returns false if it does not wait. */
  const withdraw = ({ waiting }: LaneState, turn: Turn): boolean => {
    const place = waiting.indexOf(turn);
    if (place >= 0) waiting.splice(place, 1);
    return place >= 0;
  };

  const statusNow = (): QueueStatus => ({
    concurrency: capacity,
    inFlight,
    lanes: lanes.map((lane) => {
      const { name, waiting, limiter } = lane;
      const limits = [limiter.givenPerMinute, limiter.ceiling].filter((limit) => limit !== null);
      return {
        name,
        waiting: waiting.length,
        inFlight: lane.inFlight.size,
        waitingFor: waiting.length === 0 ? null : (waitingFor(lane) ?? 'concurrency'),
        waitMs: limiterWaitMs(limiter, clock.elapsedMs()),
        perMinute: limits.length === 0 ? null : Math.floor(Math.min(...limits)),
      };
    }),
  });

  return {
    lane: (name, minIntervalMs, { perMinute, maxInFlight = defaultMaxInFlight } = {}) => {
      const lane: LaneState = { name, maxInFlight, limiter: createRateLimiter(perMinute ?? null), waiting: [], inFlight: new Set() };
      lanes.push(lane);
      return {
        enter: (turn) => {
          insert(lane.waiting, turn);
          listen();
          pump();
        },
        finish: (turn, tell) => {
          release(lane, turn);
          tell();
          pump();
        },
        leave: (turn) => {
          if (release(lane, turn) || withdraw(lane, turn)) pumpLater();
        },
        departed: () => { lane.limiter = afterDeparture(lane.limiter, clock.elapsedMs()); },
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

/** Inserts a request after all that are due at the same time or earlier: usually at the end. */
const insert = (waiting: Turn[], own: Turn): void => {
  let place = waiting.length;
  while (place > 0 && (waiting[place - 1]?.dueAtMs ?? -Infinity) > own.dueAtMs) place -= 1;
  waiting.splice(place, 0, own);
};
