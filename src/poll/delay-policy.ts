/**
 * When to ask again, as pure functions of an attempt. Knows no clock, no rxjs, no task. Units: milliseconds throughout.
 * Laws: `longest` waits as long as its slowest member, and one 'stop' stops all; `atLeast` and `jittered` never shorten a delay;
 * `limitAttempts` and `limitElapsed` change nothing before their limit and stop from it on; 'stop' passes through all of them.
 */
import { checkAtLeast } from '../checks.js';

/** What a policy may look at. */
export interface Attempt<S = unknown> {
  /** How many asks (for an interval) or failures in a row (for a retry) came before: 0 for the first. */
  readonly index: number;
  /** Since the watch began (for an interval) or since the first of the failures in a row (for a retry). */
  readonly elapsedMs: number;
  /** When the answer before came, in ms since the epoch. */
  readonly nowMs: number;
  /** From 0 up to 1, the same for the same ask of the same task. */
  readonly jitter: number;
  /** The latest thing known, or null. */
  readonly latest: S | null;
  /** How long the task has run, without its time in a queue; null while it does not, or where nothing runs. */
  readonly runMs: number | null;
}

/** How long to wait before the next ask: milliseconds, or 'stop'. */
export type DelayPolicy<S = unknown> = (attempt: Attempt<S>) => number | 'stop';

/**
 * Always the same wait.
 *
 * Errors: `RangeError` for a wait that is no finite number from 0.
 * @example constantDelay(15_000)
 */
export const constantDelay = (delayMs: number): DelayPolicy => {
  checkAtLeast(0, 'constantDelay: delayMs', delayMs);
  return () => delayMs;
};

/**
 * Each wait is `factor` times the one before, up to `maxMs`.
 *
 * Errors: `RangeError` for a negative wait, a factor below 1, or a limit below the first wait.
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
 * A share of the time that has passed: asks often while a task is young, seldom once it is old.
 *
 * Errors: `RangeError` for a share that is not above 0, or a range that is none.
 * @example proportionalDelay({ minMs: 30_000, maxMs: 60_000 })
 */
export const proportionalDelay = ({
  minMs,
  maxMs,
  share = 0.1,
}: {
  readonly minMs: number;
  readonly maxMs: number;
  /** Of the elapsed time. Default: 0.1. */
  readonly share?: number;
}): DelayPolicy => {
  checkAtLeast(0, 'proportionalDelay: minMs', minMs);
  checkAtLeast(minMs, 'proportionalDelay: maxMs', maxMs);
  checkAtLeast(Number.MIN_VALUE, 'proportionalDelay: share', share);
  return ({ elapsedMs }) => Math.min(Math.max(elapsedMs * share, minMs), maxMs);
};

/**
 * Knows how long such a task takes: waits until it can have ended, asks often while it is expected, ever less often after that.
 *
 *     elapsed  0         fromMs          toMs
 *     asks     ^---------^-^-^-^-^-^-^-^-^--^---^----^-----^
 *
 * The first look falls anywhere in the first `minMs` after `fromMs`, by the attempt's jitter. No wait is longer than 2 minutes, so that
 * a task which fails early is not missed for long; where that cuts it short, it is spread over one `minMs` too.
 *
 * Errors: `RangeError` for a negative time, or a range that is none.
 * @example expectedTimeDelay({ fromMs: 90_000, toMs: 240_000, minMs: 10_000, maxMs: 20_000 })
 */
export const expectedTimeDelay = ({
  fromMs,
  toMs,
  minMs,
  maxMs,
}: {
  /** Elapsed time before which it has not ended. */
  readonly fromMs: number;
  /** Elapsed time by which it has most likely ended. */
  readonly toMs: number;
  /** The wait in between; it grows to `maxMs` after that, by a tenth of the time that has passed since. */
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

/** However long a task is expected to take, it is looked after once in this time. */
const longestBlindMs = 120_000;

/**
 * Lengthens each wait by up to `ratio` of itself, so that watches that begin together do not ask together.
 *
 * @param ratio default: 0.1
 * Errors: `RangeError` for a ratio that is no finite number from 0.
 * @example jittered(constantDelay(15_000))
 */
export const jittered = <S>(delay: DelayPolicy<S>, ratio = 0.1): DelayPolicy<S> => {
  checkAtLeast(0, 'jittered: ratio', ratio);
  return (attempt) => unlessStopped(delay(attempt), (ms) => ms * (1 + ratio * attempt.jitter));
};

/**
 * Never waits less than `minMs`.
 *
 * Errors: `RangeError` for a wait that is no finite number from 0.
 * @example atLeast(exponentialDelay({ initialMs: 1_000 }), 10_000)
 */
export const atLeast = <S>(delay: DelayPolicy<S>, minMs: number): DelayPolicy<S> => {
  checkAtLeast(0, 'atLeast: minMs', minMs);
  return (attempt) => unlessStopped(delay(attempt), (ms) => Math.max(ms, minMs));
};

/**
 * Waits as long as the slowest of several policies; stops when one of them stops.
 *
 * Errors: `RangeError` without a policy.
 * @example maxOf(constantDelay(15_000), proportionalDelay({ minMs: 10_000, maxMs: 60_000 }))
 */
export const maxOf = <S>(...delays: readonly DelayPolicy<S>[]): DelayPolicy<S> => {
  checkAtLeast(1, 'longest: number of policies', delays.length);
  return (attempt) =>
    delays
      .map((delay) => delay(attempt))
      .reduce((a, b) => (a === 'stop' || b === 'stop' ? 'stop' : Math.max(a, b)));
};

/**
 * Stops after `count` waits.
 *
 * Errors: `RangeError` for a count that is no finite number from 0.
 * @example limitAttempts(constantDelay(15_000), 40)
 */
export const limitAttempts = <S>(delay: DelayPolicy<S>, count: number): DelayPolicy<S> => {
  checkAtLeast(0, 'limitAttempts: count', count);
  return (attempt) => (attempt.index < count ? delay(attempt) : 'stop');
};

/**
 * Stops once `limitMs` have passed.
 *
 * Errors: `RangeError` for a limit that is no finite number from 0.
 * @example limitElapsed(constantDelay(15_000), 600_000)
 */
export const limitElapsed = <S>(delay: DelayPolicy<S>, limitMs: number): DelayPolicy<S> => {
  checkAtLeast(0, 'limitElapsed: limitMs', limitMs);
  return (attempt) => (attempt.elapsedMs < limitMs ? delay(attempt) : 'stop');
};

/**
 * What a policy gave, in whole ms.
 *
 * Errors: `RangeError` that names the policy, for what is neither ms nor 'stop'.
 */
export const checkedDelay = (name: string, delay: number | 'stop'): number | 'stop' => {
  if (delay === 'stop') return delay;
  if (Number.isFinite(delay) && delay >= 0) return Math.ceil(delay);
  throw new RangeError(`${name} must give a number of ms from 0, or 'stop', not ${String(delay)}`);
};

const unlessStopped = (delay: number | 'stop', change: (ms: number) => number): number | 'stop' =>
  delay === 'stop' ? delay : change(delay);
