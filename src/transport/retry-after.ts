/**
 * The `Retry-After` header, as milliseconds. Pure: a date is measured against the answer's own `Date` header, not against a clock.
 */
const seconds = /^\d+(?:\.\d+)?$/;
const httpDate = /^[A-Z][a-z]+, /;

/**
 * How long a server asks to wait.
 *
 * @param value `Retry-After`: seconds, or an HTTP date
 * @param date  the answer's `Date` header, needed for an HTTP date alone
 * @returns ms, 0 for a date that has passed; null when the header is missing or unreadable
 * @example retryAfterMs('2', undefined) // 2000
 */
export const retryAfterMs = (value = '', date = ''): number | null => {
  const text = value.trim();
  if (seconds.test(text)) return Math.min(Math.ceil(Number(text) * 1000), Number.MAX_SAFE_INTEGER);
  const ms = httpDate.test(text) ? Date.parse(text) - Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? null : Math.max(0, ms);
};

/** The longest `Retry-After` that is obeyed, in ms. */
export const longestRetryAfterMs = 10 * 60_000;
