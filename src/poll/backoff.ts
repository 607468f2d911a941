/**
 * Counts consecutive failures: one backoff for polls, event streams and downloads. Pure functions of plain JSON.
 */
import type { Attempt } from './delay-policy.js';

/** Consecutive failures of any kind. */
export interface Failures {
  readonly failureCount: number;
  /** When the first of them occurred. */
  readonly failingSinceMs: number | null;
}

/** No failure since the last success. */
export const noFailures: Failures = { failureCount: 0, failingSinceMs: null };

/** Adds a failure. */
export const failedAgain = ({ failureCount, failingSinceMs }: Failures, nowMs: number): Failures => ({
  failureCount: failureCount + 1,
  failingSinceMs: failingSinceMs ?? nowMs,
});

/**
 * The input of a retry policy: the number of failures before this one, and the time since the first of them.
 *
 * @example policy(attemptAfter(failures, nowMs, Math.random()))
 */
export const attemptAfter = (failures: Failures, nowMs: number, jitter: number): Attempt<never> => ({
  index: failures.failureCount - 1,
  elapsedMs: failingMs(failures, nowMs),
  nowMs,
  jitter,
  latest: null,
  runMs: null,
});

/** Never give up before this many consecutive failures. */
const minFailures = 5;

/** Whether failures have lasted for `giveUpAfterMs`, and at least five are consecutive. */
export const hasGivenUp = (failures: Failures, giveUpAfterMs: number, nowMs: number): boolean =>
  failures.failureCount >= minFailures && failingMs(failures, nowMs) >= giveUpAfterMs;

/** The time since the first of the consecutive failures, in ms. */
export const failingMs = ({ failingSinceMs }: Failures, nowMs: number): number => Math.max(0, nowMs - (failingSinceMs ?? nowMs));
