/**
 * Reads the wait that a response demands, in milliseconds. A date is compared with the response's own `Date` header, which needs no clock.
 */
import type { HttpResponse } from './transport.js';

const seconds = /^\d+(?:\.\d+)?$/;
const httpDate = /^[A-Z][a-z]+, /;

/**
 * Reads a `Retry-After` header.
 *
 * @param value `Retry-After`: seconds, or an HTTP date
 * @param date  the response's `Date` header, needed only for an HTTP date
 * @returns ms, 0 for a date that has passed; null when the header is missing or unreadable
 * @example retryAfterMs('2', undefined) // 2000
 */
export const retryAfterMs = (value = '', date = ''): number | null => {
  const text = value.trim();
  if (seconds.test(text)) return Math.min(Math.ceil(Number(text) * 1000), Number.MAX_SAFE_INTEGER);
  const ms = httpDate.test(text) ? Date.parse(text) - Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
};

/** Headers with the end of a rate limit: seconds, an instant in seconds since the epoch, or an HTTP date. */
const resetHeaders = ['ratelimit-reset', 'x-ratelimit-retry-after', 'x-ratelimit-reset', 'x-rate-limit-reset'] as const;

/** 2020, in seconds. Numbers from this one are instants; smaller ones are durations. */
const earliestInstant = 1_577_836_800;

/**
 * The wait that a response demands: its `Retry-After`; on a 429 or 503 without one, the time until its rate limit ends.
 *
 * @returns ms; null when no header can be read
 */
export const serverWaitMs = ({ status, headers }: Pick<HttpResponse, 'status' | 'headers'>): number | null => {
  const date = headers['date'];
  const own = retryAfterMs(headers['retry-after'], date);
  if (own !== null || (status !== 429 && status !== 503)) return own;
  const [reset] = resetHeaders.flatMap((name) => headers[name] ?? []);
  const value = Number(reset ?? Number.NaN);
  if (!(value >= earliestInstant)) return retryAfterMs(reset, date);
  if (!Number.isFinite(value)) return null;
  return date === undefined ? null : atLeastZero((value >= 1000 * earliestInstant ? value : 1000 * value) - Date.parse(date));
};

const atLeastZero = (ms: number): number | null => (Number.isNaN(ms) ? null : Math.max(0, ms));

/** The longest `Retry-After` that is obeyed, in ms. */
export const longestRetryAfterMs = 10 * 60_000;
