/**
 * The rate limits of a virtual server: a number of requests in any minute, or a token bucket that fills evenly. A refused request does
 * not count against the limit.
 */

const minuteMs = 60_000;

/** How many tokens a bucket holds, and so how many requests it accepts at once. */
const capacity = 20;

/**
 * @typedef {object} Limit
 * @property {number | ((nowMs: number) => number)} perMinute
 * @property {'sliding' | 'token-bucket'} window
 * @property {boolean} retryAfter whether a 429 says when to come back
 */

/**
 * A limit, as a function that each request passes: it returns 0 for a request that is accepted, and for a refused one the ms until the
 * next one can be.
 *
 * @param {Pick<Limit, 'perMinute' | 'window'>} limit
 * @returns {(nowMs: number) => number}
 */
export const createLimit = ({ perMinute, window }) => {
  const rateAt = (/** @type {number} */ nowMs) => (typeof perMinute === 'number' ? perMinute : perMinute(nowMs));
  return window === 'sliding' ? slidingWindow(rateAt) : tokenBucket(rateAt);
};

/** @param {(nowMs: number) => number} rateAt */
const slidingWindow = (rateAt) => {
  /** When the requests of the last minute were accepted. @type {number[]} */
  const accepted = [];
  return (/** @type {number} */ nowMs) => {
    while (accepted[0] !== undefined && accepted[0] <= nowMs - minuteMs) accepted.shift();
    const excess = accepted.length - rateAt(nowMs);
    if (excess >= 0) return (accepted[excess] ?? nowMs) + minuteMs - nowMs;
    accepted.push(nowMs);
    return 0;
  };
};

/** @param {(nowMs: number) => number} rateAt */
const tokenBucket = (rateAt) => {
  let tokens = capacity;
  let filledAtMs = 0;
  return (/** @type {number} */ nowMs) => {
    const perMs = rateAt(nowMs) / minuteMs;
    tokens = Math.min(capacity, tokens + (nowMs - filledAtMs) * perMs);
    filledAtMs = nowMs;
    // A sum of fractions may stay a little below the whole.
    if (tokens < 1 - 1e-9) return (1 - tokens) / perMs;
    tokens -= 1;
    return 0;
  };
};
