/**
 * Delay policies: pure functions from an attempt to the wait before the next poll, in milliseconds.
 * `maxOf` waits as long as its slowest member, and one 'stop' stops all. `atLeast` and `jittered` never shorten a delay.
 * `limitAttempts` and `limitElapsed` return 'stop' from their limit on. 'stop' passes through every policy.
 */
import { checkAtLeast } from '../checks.js';

/** The input of a policy. */
export interface Attempt<S = unknown> {
  /** The number of polls (for an interval) or consecutive failures (for a retry) before this one: 0 for the first. */
  readonly index: number;
  /** Since the watch began (for an interval) or since the first of the consecutive failures (for a retry). */
  readonly elapsedMs: number;
  /** When the previous result arrived, in ms since the epoch. */
  readonly nowMs: number;
  /** 0 ≤ jitter < 1, the same for the same poll of the same task. */
  readonly jitter: number;
  /** The latest snapshot, or null. */
  readonly latest: S | null;
  /** How long the task has run, without its time in a queue. Null while it is not running, and for downloads and event streams. */
  readonly runMs: number | null;
}

/** The wait before the next poll: milliseconds, or 'stop'. */
export type DelayPolicy<S = unknown> = (attempt: Attempt<S>) => number | 'stop';

/**
 * Always waits the same time.
 *
 * Throws `RangeError` unless `delayMs` is finite and ≥ 0.
 * @example constantDelay(15_000)
 */
export const constantDelay = (delayMs: number): DelayPolicy => {
  checkAtLeast(0, 'constantDelay: delayMs', delayMs);
  return () => delayMs;
};

/**
 * Each wait is `factor` times the one before, up to `maxMs`.
 *
 * Throws `RangeError` for a negative wait, a factor below 1, or a `maxMs` below `initialMs`.
 * @example exponentialDelay({ initialMs: 10_000, maxMs: 120_000 })
 */
export const exponentialDelay = ({
  initialMs,
  factor = 2,
  maxMs = Number.MAX_SAFE_INTEGER,
}: {
  /** The first wait. */
  readonly initialMs: number;
  /** Default: 2. */
  readonly factor?: number;
  /** Default: no limit. */
  readonly maxMs?: number;
}): DelayPolicy => {
  checkAtLeast(0, 'exponentialDelay: initialMs', initialMs);
  checkAtLeast(1, 'exponentialDelay: factor', factor);
  checkAtLeast(initialMs, 'exponentialDelay: maxMs', maxMs);
  return ({ index }) => (initialMs === 0 ? 0 : Math.min(initialMs * factor ** index, maxMs));
};

/**
 * Waits a fixed ratio of the elapsed time: polls a new task often and an old one rarely.
 *
 * Throws `RangeError` unless `ratio` > 0 and 0 ≤ `minMs` ≤ `maxMs`.
 * @example proportionalDelay({ minMs: 30_000, maxMs: 60_000 })
 */
export const proportionalDelay = ({
  minMs,
  maxMs,
  ratio = 0.1,
}: {
  readonly minMs: number;
  readonly maxMs: number;
  /** Of the elapsed time. Default: 0.1. */
  readonly ratio?: number;
}): DelayPolicy => {
  checkAtLeast(0, 'proportionalDelay: minMs', minMs);
  checkAtLeast(minMs, 'proportionalDelay: maxMs', maxMs);
  checkAtLeast(Number.MIN_VALUE, 'proportionalDelay: ratio', ratio);
  return ({ elapsedMs }) => Math.min(Math.max(elapsedMs * ratio, minMs), maxMs);
};

/**
 * Follows the expected time of a task: waits until it can have ended, polls often while its end is likely, then less and less often.
 *
 *     elapsed  0         fromMs          toMs
 *     polls    ^---------^-^-^-^-^-^-^-^-^--^---^----^-----^
 *
 * Jitter places the poll after `fromMs` within one `minMs`. No wait before `fromMs` is longer than about 2 minutes, so that an early
 * failure is found soon; jitter spreads these waits over one `minMs` too.
 *
 * Throws `RangeError` for a negative time, or when `fromMs` > `toMs` or `minMs` > `maxMs`.
 * @example expectedTimeDelay({ fromMs: 90_000, toMs: 240_000, minMs: 10_000, maxMs: 20_000 })
 */
export const expectedTimeDelay = ({
  fromMs,
  toMs,
  minMs,
  maxMs,
}: {
  /** The task does not end before this elapsed time. */
  readonly fromMs: number;
  /** The task has most likely ended by this elapsed time. */
  readonly toMs: number;
  /** The wait between `fromMs` and `toMs`. After `toMs` it grows by a tenth of the time since then, up to `maxMs`. */
  readonly minMs: number;
  readonly maxMs: number;
}): DelayPolicy => {
  checkAtLeast(0, 'expectedTimeDelay: fromMs', fromMs);
  checkAtLeast(fromMs, 'expectedTimeDelay: toMs', toMs);
  checkAtLeast(0, 'expectedTimeDelay: minMs', minMs);
  checkAtLeast(minMs, 'expectedTimeDelay: maxMs', maxMs);
  return ({ elapsedMs, jitter }) => {
    const earlyMs = fromMs - elapsedMs;
    if (earlyMs > minMs) return Math.max(minMs, Math.min(earlyMs, longestBlindMs - minMs) + jitter * minMs);
    return Math.min(maxMs, minMs + Math.max(0, elapsedMs - toMs) / 10);
  };
};

/** The longest wait before `fromMs`. */
const longestBlindMs = 120_000;

/**
 * Lengthens each wait by up to `ratio` of itself, so that watches that start together do not poll together.
 *
 * @param ratio default: 0.1
 * Throws `RangeError` unless `ratio` is finite and ≥ 0.
 * @example jittered(constantDelay(15_000))
 */
export const jittered = <S>(delay: DelayPolicy<S>, ratio = 0.1): DelayPolicy<S> => {
  checkAtLeast(0, 'jittered: ratio', ratio);
  return (attempt) => unlessStopped(delay(attempt), (ms) => ms * (1 + ratio * attempt.jitter));
};

/**
 * Never waits less than `minMs`.
 *
 * Throws `RangeError` unless `minMs` is finite and ≥ 0.
 * @example atLeast(exponentialDelay({ initialMs: 1_000 }), 10_000)
 */
export const atLeast = <S>(delay: DelayPolicy<S>, minMs: number): DelayPolicy<S> => {
  checkAtLeast(0, 'atLeast: minMs', minMs);
  return (attempt) => unlessStopped(delay(attempt), (ms) => Math.max(ms, minMs));
};

/**
 * Waits as long as the slowest of several policies; stops when one of them stops.
 *
 * Throws `RangeError` without a policy.
 * @example maxOf(constantDelay(15_000), proportionalDelay({ minMs: 10_000, maxMs: 60_000 }))
 */
export const maxOf = <S>(...delays: readonly DelayPolicy<S>[]): DelayPolicy<S> => {
  checkAtLeast(1, 'maxOf: number of policies', delays.length);
  return (attempt) =>
    delays
      .map((delay) => delay(attempt))
      .reduce((a, b) => (a === 'stop' || b === 'stop' ? 'stop' : Math.max(a, b)));
};

/**
 * Stops after `count` waits.
 *
 * Throws `RangeError` unless `count` is finite and ≥ 0.
 * @example limitAttempts(constantDelay(15_000), 40)
 */
export const limitAttempts = <S>(delay: DelayPolicy<S>, count: number): DelayPolicy<S> => {
  checkAtLeast(0, 'limitAttempts: count', count);
  return (attempt) => (attempt.index < count ? delay(attempt) : 'stop');
};

/**
 * Stops once `limitMs` have passed.
 *
 * Throws `RangeError` unless `limitMs` is finite and ≥ 0.
 * @example limitElapsed(constantDelay(15_000), 600_000)
 */
export const limitElapsed = <S>(delay: DelayPolicy<S>, limitMs: number): DelayPolicy<S> => {
  checkAtLeast(0, 'limitElapsed: limitMs', limitMs);
  return (attempt) => (attempt.elapsedMs < limitMs ? delay(attempt) : 'stop');
};

/**
 * A policy's result, rounded up to whole ms.
 *
 * Throws `RangeError` with the policy's name unless the result is a number of ms ≥ 0 or 'stop'.
 */
export const checkedDelay = (name: string, delay: number | 'stop'): number | 'stop' => {
  if (delay === 'stop') return delay;
  if (Number.isFinite(delay) && delay >= 0) return Math.ceil(delay);
  throw new RangeError(`${name} must return a number of ms ≥ 0 or 'stop', not ${String(delay)}`);
};

const unlessStopped = (delay: number | 'stop', change: (ms: number) => number): number | 'stop' =>
  delay === 'stop' ? delay : change(delay);
