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

/** A request that waits for its turn. */
export interface Turn {
  /** Of those that wait in a lane, the earliest due leaves first. `-Infinity` for a POST or DELETE: before all polls. */
  readonly dueAtMs: number;
  /** Its turn has come: it holds its place until `finish` or `leave`. Never throws. */
  readonly start: () => void;
  /** The concurrency of the queue has failed; it waits no more. */
  readonly fail: (error: unknown) => void;
}

/** One account's part of the queue. */
export interface Lane {
  /** Waits for a turn. */
  readonly enter: (turn: Turn) => void;
  /** A request has ended: its place is free, `tell` says so, and only then the next one starts. */
  readonly finish: (turn: Turn, tell: () => void) => void;
  /** Nobody wants it any more, whether it waits or holds a place. One that does neither does no harm. */
  readonly leave: (turn: Turn) => void;
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
    lane.inFlight.size >= Math.ceil(capacity / 2) && lanes.some((other) => other !== lane && other.waiting.length > 0 && waitingFor(other) === null);

  /** What keeps a lane's first request, the places of the client left aside; null when nothing does. */
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

  /** Starts what may leave now, and sets one timer for what may leave later. */
  const pump = (): void => {
    // A request that is started may enqueue others: the loop below finds them.
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
      if (waiting.length > 0 && own.size < maxInFlight) shortest = Math.min(shortest, limiterWaitMs(limiter, clock.elapsedMs()));
    }
    // Time passes while this is read: a wait that is over by now is a wait of 1 ms.
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

  /** Frees the place of a request; false if it holds none. */
  const release = (lane: LaneState, turn: Turn): boolean => {
    if (!lane.inFlight.delete(turn)) return false;
    inFlight -= 1;
    return true;
  };

  /** Takes a request out of those that wait; false if it is not among them. */
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
const insert = (waiting: Turn[], own: Turn): void => {
  let place = waiting.length;
  while (place > 0 && (waiting[place - 1]?.dueAtMs ?? -Infinity) > own.dueAtMs) place -= 1;
  waiting.splice(place, 0, own);
};
