/**
 * The rate limit of a running simulator. It counts each key separately.
 */
import { admit } from './rate-limit.js';
import type { RateLimit, RateLimitUsage } from './rate-limit.js';

/** A rejected request. */
export interface RateLimitRejection {
  /** In whole seconds, at least 1; null when the limit sends no `Retry-After`. */
  readonly retryAfterSeconds: number | null;
}

/** Counts requests, and rejects those above the limit. */
export interface RateLimiter {
  /** Replaces the limit. Every key starts from zero. */
  readonly set: (limit: RateLimit | null) => void;
  /** Counts one request. Returns null when it is accepted. */
  readonly check: (key: string, nowMs: number) => RateLimitRejection | null;
}

/** Creates a limiter. Null means no limit. */
export const createRateLimiter = (first: RateLimit | null): RateLimiter => {
  let limit = first;
  const usages = new Map<string, RateLimitUsage>();
  return {
    set: (next) => {
      limit = next;
      usages.clear();
    },
    check: (key, nowMs) => {
      if (limit === null) return null;
      const { usage, waitMs } = admit(limit, usages.get(key) ?? null, nowMs);
      usages.set(key, usage);
      if (waitMs === 0) return null;
      return { retryAfterSeconds: limit.retryAfter ? Math.ceil(waitMs / 1000) : null };
    },
  };
};
