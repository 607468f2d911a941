/**
 * A rate limit as a pure function: from the usage of one key and the time of a request to a decision.
 *
 *     perMinute 2                 0 s   20 s   50 s   60 s   80 s
 *     sliding                     yes   yes    no     yes    yes
 *     token-bucket, burst 1       yes   no     yes    no     yes
 */

/** How requests are counted: over the last 60 s, or by a bucket that refills steadily. */
export type RateLimitWindow = 'sliding' | 'token-bucket';

/** How many requests are accepted, and the header of a rejection. */
export interface RateLimit {
  /** An integer ≥ 1. */
  readonly perMinute: number;
  readonly window: RateLimitWindow;
  /** Whether a rejection carries `Retry-After`. */
  readonly retryAfter: boolean;
}

/** The recent requests of one key. */
export type RateLimitUsage =
  | { readonly window: 'sliding'; readonly acceptedAtMs: readonly number[] }
  /** `credit` is the tokens left × 60,000. It stays an integer for whole milliseconds, so there are no rounding errors. */
  | { readonly window: 'token-bucket'; readonly credit: number; readonly atMs: number };

/** The decision on one request. */
export interface RateLimitVerdict {
  /** The usage to pass with the next request. A rejected request does not count. */
  readonly usage: RateLimitUsage;
  /** 0 when the request is accepted; otherwise the time until the next request is accepted, in whole ms. */
  readonly waitMs: number;
}

const minuteMs = 60_000;

/** The capacity of a token bucket: what it refills in 10 s, and at least one request. */
export const burstOf = (perMinute: number): number => Math.max(1, Math.floor(perMinute / 6));

/** At most `perMinute` requests in any 60 s. The interval includes its start and excludes its end. */
const slide = (perMinute: number, acceptedAtMs: readonly number[], nowMs: number): RateLimitVerdict => {
  const recent = acceptedAtMs.filter((atMs) => atMs > nowMs - minuteMs);
  const oldest = recent[0];
  return oldest === undefined || recent.length < perMinute
    ? { usage: { window: 'sliding', acceptedAtMs: [...recent, nowMs] }, waitMs: 0 }
    : { usage: { window: 'sliding', acceptedAtMs: recent }, waitMs: oldest + minuteMs - nowMs };
};

/** Each request takes one token. A token costs 60,000 of credit, and each ms adds `perMinute` of credit. */
const take = (perMinute: number, credit: number, nowMs: number): RateLimitVerdict =>
  credit >= minuteMs
    ? { usage: { window: 'token-bucket', credit: credit - minuteMs, atMs: nowMs }, waitMs: 0 }
    : { usage: { window: 'token-bucket', credit, atMs: nowMs }, waitMs: Math.ceil((minuteMs - credit) / perMinute) };

/**
 * Decides on one request.
 *
 * @param usage of the key so far; null before its first request
 * @param nowMs in whole ms; never less than in the call before
 * @example const { usage, waitMs } = admit({ perMinute: 120, window: 'sliding', retryAfter: true }, null, 0)
 */
export const admit = ({ perMinute, window }: RateLimit, usage: RateLimitUsage | null, nowMs: number): RateLimitVerdict => {
  switch (window) {
    case 'sliding':
      return slide(perMinute, usage?.window === window ? usage.acceptedAtMs : [], nowMs);
    case 'token-bucket': {
      const full = burstOf(perMinute) * minuteMs;
      const credit = usage?.window === window ? Math.min(full, usage.credit + (nowMs - usage.atMs) * perMinute) : full;
      return take(perMinute, credit, nowMs);
    }
  }
};
