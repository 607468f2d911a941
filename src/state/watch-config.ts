/**
 * How one watch behaves: intervals, policy, deadline and when it gives up, resolved once and checked once.
 */
import { checkAtLeast, checkPositive, isRecord } from '../checks.js';
import type { TaskSnapshot } from '../task/snapshot.js';
import { type Attempt, type DelayPolicy, expectedTimeDelay, exponentialDelay, jittered, proportionalDelay } from '../poll/delay-policy.js';
import type { TaskHints, Pacing } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';

/** When to poll again: after a good response (`interval`), and after an error (`retry`). 'stop' ends the watch as `timeout`. */
export interface PollPolicy {
  /**
   * Default: while the task runs, `expectedTimeDelay` of its expected time, inside the provider's range. Before that, and where no
   * time is expected, a tenth of the elapsed time inside the range; the first wait falls anywhere in one interval, so that watches
   * which begin together do not poll together.
   */
  readonly interval?: DelayPolicy<TaskSnapshot>;
  /** Default: the provider's minimum interval, doubled with each failure in a row, up to 2 minutes. */
  readonly retry?: DelayPolicy<TaskSnapshot>;
}

/** Options of a watch. No wait is shorter than the provider's minimum interval, whatever the policy says. */
export interface WatchConfigOptions {
  /** Default: the provider's own. */
  readonly baseUrl?: string | undefined;
  readonly policy?: PollPolicy | undefined;
  /**
   * From the beginning of the watch, in ms. Default: fixed by the first good answer, as the provider's own deadline for the task and
   * 10 minutes, else 2 h from then (flex: 50 h).
   */
  readonly deadlineMs?: number | undefined;
  /** How long polls may fail in a row before the watch gives up, in ms. Default: 15 minutes. */
  readonly giveUpAfterMs?: number | undefined;
  /** What is known of the task before its first answer. */
  readonly expected?: Partial<TaskHints> | undefined;
  /** How long to wait before the first poll, in ms. Default: 0. */
  readonly firstPollAfterMs?: number | undefined;
}

/** The rules of one watch. Made by `watchConfig`, passed to the functions of the watch state. */
export interface WatchConfig {
  readonly provider: Provider;
  readonly baseUrl: string;
  readonly deadlineMs: number | null;
  readonly giveUpAfterMs: number;
  readonly firstPollAfterMs: number;
  readonly interval: DelayPolicy<TaskSnapshot>;
  readonly retry: DelayPolicy<TaskSnapshot>;
  /** What is known of the task, from its latest snapshot and what was expected of it. */
  readonly hintsOf: (snapshot: TaskSnapshot | null) => TaskHints;
}

/**
 * Resolves and checks the rules of a watch.
 *
 * Errors: `RangeError` that names the option and its value.
 * @example const rules = watchConfig(anyfast, { deadlineMs: 30 * 60_000 })
 */
export const watchConfig = (
  provider: Provider,
  { baseUrl = provider.baseUrl, policy = {}, deadlineMs, giveUpAfterMs = 15 * 60_000, expected = {}, firstPollAfterMs = 0 }: WatchConfigOptions = {},
): WatchConfig => {
  if (deadlineMs !== undefined) checkPositive('deadlineMs', deadlineMs);
  checkPositive('giveUpAfterMs', giveUpAfterMs);
  checkAtLeast(0, 'firstPollAfterMs', firstPollAfterMs);
  if (expected.durationMs != null) checkPositive('expected.durationMs', expected.durationMs);
  for (const name of ['serviceTier', 'model', 'resolution'] as const) {
    if (expected[name] != null && typeof expected[name] !== 'string') {
      throw new TypeError(`expected.${name} must be a string, not ${String(expected[name])}`);
    }
  }
  if (!isRecord(policy)) throw new TypeError(`policy must be a record of policies, not ${String(policy)}`);
  for (const name of ['interval', 'retry'] as const) {
    if (policy[name] !== undefined && typeof policy[name] !== 'function') {
      throw new TypeError(`policy.${name} must be a function of an attempt, not ${String(policy[name])}`);
    }
  }
  const hintsOf = (snapshot: TaskSnapshot | null): TaskHints => ({
    serviceTier: snapshot?.settings.serviceTier ?? expected.serviceTier ?? null,
    model: snapshot?.model ?? expected.model ?? null,
    resolution: snapshot?.settings.resolution ?? expected.resolution ?? null,
    durationMs: snapshot?.settings.durationMs ?? expected.durationMs ?? null,
  });
  return {
    provider,
    baseUrl,
    deadlineMs: deadlineMs ?? null,
    giveUpAfterMs,
    firstPollAfterMs,
    hintsOf,
    interval: policy.interval ?? byExpectedTime(provider, hintsOf),
    retry: policy.retry ?? fromFloor(provider, hintsOf),
  };
};

type HintsOf = WatchConfig['hintsOf'];

const byExpectedTime =
  (provider: Provider, hintsOf: HintsOf): DelayPolicy<TaskSnapshot> =>
  (attempt) => {
    const hints = hintsOf(attempt.latest);
    const pacing = provider.pacing(hints);
    const runMs = attempt.latest?.status === 'running' ? attempt.runMs : null;
    const expected = runMs === null ? null : provider.expectedTimeMs(hints);
    if (runMs === null || expected === null) return insideRange(pacing, attempt);
    const delay = expectedTimeDelay({ fromMs: expected.minMs, toMs: expected.maxMs, minMs: pacing.minMs, maxMs: pacing.maxMs });
    return atMost(pacing, attempt, delay({ ...attempt, elapsedMs: runMs }));
  };

/** At least as often as the provider recommends for a task that runs: one that fails early is seen. Watches that began together spread over a tenth of that. */
const atMost = ({ minIntervalMs, longestMs = Infinity }: Pacing, { jitter }: Attempt, delayMs: number | 'stop'): number | 'stop' =>
  delayMs === 'stop' || delayMs < 0.9 * longestMs ? delayMs : Math.max(minIntervalMs, Math.min(delayMs, longestMs * (0.9 + 0.1 * jitter)));

const insideRange = ({ minIntervalMs, minMs, maxMs }: Pacing, attempt: Attempt): number | 'stop' => {
  if (attempt.index === 0) return Math.max(minIntervalMs, maxMs - minMs) + attempt.jitter * minMs;
  const delay = jittered(proportionalDelay({ minMs, maxMs }))(attempt);
  return delay === 'stop' ? delay : Math.min(delay, maxMs);
};

const longestRetryMs = 120_000;

const fromFloor =
  (provider: Provider, hintsOf: HintsOf): DelayPolicy<TaskSnapshot> =>
  (attempt) => {
    const { minIntervalMs } = provider.pacing(hintsOf(attempt.latest));
    return exponentialDelay({ initialMs: minIntervalMs, maxMs: Math.max(minIntervalMs, longestRetryMs) })(attempt);
  };
