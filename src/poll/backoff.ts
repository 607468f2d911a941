/**
 * Failures in a row, and what follows: one backoff for polls, event streams and downloads. Pure functions of plain JSON.
 */
import type { Attempt } from './delay-policy.js';

/** Failures in a row, of whatever kind. */
export interface Failures {
  readonly failureCount: number;
  /** When the first of them came. */
  readonly failingSinceMs: number | null;
}

/** No failure since the last success. */
export const noFailures: Failures = { failureCount: 0, failingSinceMs: null };

/** One more failure. */
export const failedAgain = ({ failureCount, failingSinceMs }: Failures, nowMs: number): Failures => ({
  failureCount: failureCount + 1,
  failingSinceMs: failingSinceMs ?? nowMs,
});

/**
 * What a retry policy is told after a failure: how many came before it, and how long ago the first of them came.
 *
 * @example policy(attemptAfter(failures, { nowMs, jitter: Math.random(), latest: null, runMs: null }))
 */
export const attemptAfter = <S>(failures: Failures, rest: Omit<Attempt<S>, 'index' | 'elapsedMs'>): Attempt<S> => ({
  ...rest,
  index: failures.failureCount - 1,
  elapsedMs: failingMs(failures, rest.nowMs),
});

/** Never give up before this many failures in a row. */
const minFailures = 5;

/** Whether failures have lasted for `giveUpAfterMs`, and were at least five in a row. */
export const hasGivenUp = (failures: Failures, giveUpAfterMs: number, nowMs: number): boolean =>
  failures.failureCount >= minFailures && failingMs(failures, nowMs) >= giveUpAfterMs;

/** How long ago the first failure in a row came, in ms. */
export const failingMs = ({ failingSinceMs }: Failures, nowMs: number): number => Math.max(0, nowMs - (failingSinceMs ?? nowMs));
