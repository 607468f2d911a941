/**
 * The configuration of a watch: policy, deadline and when it gives up, checked once.
 */
import { checkAtLeast, checkPositive, isRecord } from '../checks.js';
import type { TaskSnapshot } from '../task/snapshot.js';
import { type Attempt, type DelayPolicy, expectedTimeDelay, exponentialDelay, jittered, proportionalDelay } from '../poll/delay-policy.js';
import type { TaskHints, Pacing } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';

/** When to poll again: after a good response (`interval`), and after an error (`retry`). 'stop' ends the watch as `timeout`. */
export interface PollPolicy {
  /**
   * Default: while the task runs, `expectedTimeDelay` of its expected time, within the provider's range. Before that, and without an
   * expected time, a tenth of the elapsed time within the range. Jitter spreads the first wait over one interval, so that watches that
   * start together do not poll together.
   */
  readonly interval?: DelayPolicy<TaskSnapshot>;
  /** Default: the provider's minimum interval, doubled with each consecutive failure, up to 2 minutes. */
  readonly retry?: DelayPolicy<TaskSnapshot>;
}

/** Options of a watch. No wait is shorter than the provider's minimum interval, whatever the policy says. */
export interface WatchConfigOptions {
  /** Default: the provider's own. */
  readonly baseUrl?: string | undefined;
  readonly policy?: PollPolicy | undefined;
  /**
   * In ms from the start of the watch. Default: set by the first good response, to 10 minutes after the provider's own deadline for the
   * task, else to 2 h after that response (flex: 50 h).
   */
  readonly deadlineMs?: number | undefined;
  /** The watch gives up when polls have failed for this long, in ms, and at least five times in a row. Default: 15 minutes. */
  readonly giveUpAfterMs?: number | undefined;
  /** What you know of the task before its first response. */
  readonly expected?: Partial<TaskHints> | undefined;
  /** The wait before the first poll, in ms. Default: 0. */
  readonly firstPollAfterMs?: number | undefined;
}

/** The configuration of a watch. `watchConfig` creates it; the functions of the watch state take it. */
export interface WatchConfig {
  readonly provider: Provider;
  readonly baseUrl: string;
  readonly deadlineMs: number | null;
  readonly giveUpAfterMs: number;
  readonly firstPollAfterMs: number;
  readonly interval: DelayPolicy<TaskSnapshot>;
  readonly retry: DelayPolicy<TaskSnapshot>;
  /** What is known of the task, from its latest snapshot, else from `expected`. */
  readonly hintsOf: (snapshot: TaskSnapshot | null) => TaskHints;
}

/**
 * Checks the options of a watch and adds the defaults.
 *
 * Throws `RangeError` or `TypeError` with the option and its value.
 * @example const config = watchConfig(anyfast, { deadlineMs: 30 * 60_000 })
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
    retry: policy.retry ?? fromMinInterval(provider, hintsOf),
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
      const delay = expectedTimeDelay({ fromMs: expected.minMs, toMs: expected.maxMs, ...pacing.recommended });
      return atMost(pacing, attempt, delay({ ...attempt, elapsedMs: runMs }));
    };

/** Limits a wait to `longestMs`, so that an early failure is found soon. Jitter spreads watches that started together over a tenth of that. */
const atMost = ({ minIntervalMs, longestMs = Infinity }: Pacing, { jitter }: Attempt, delayMs: number | 'stop'): number | 'stop' =>
  delayMs === 'stop' || delayMs < 0.9 * longestMs ? delayMs : Math.max(minIntervalMs, Math.min(delayMs, longestMs * (0.9 + 0.1 * jitter)));

const insideRange = ({ minIntervalMs, recommended: { minMs, maxMs } }: Pacing, attempt: Attempt): number | 'stop' => {
  if (attempt.index === 0) return Math.max(minIntervalMs, maxMs - minMs) + attempt.jitter * minMs;
  const delay = jittered(proportionalDelay({ minMs, maxMs }))(attempt);
  return delay === 'stop' ? delay : Math.min(delay, maxMs);
};

const longestRetryMs = 120_000;

const fromMinInterval =
  (provider: Provider, hintsOf: HintsOf): DelayPolicy<TaskSnapshot> =>
    (attempt) => {
      const { minIntervalMs } = provider.pacing(hintsOf(attempt.latest));
      return exponentialDelay({ initialMs: minIntervalMs, maxMs: Math.max(minIntervalMs, longestRetryMs) })(attempt);
    };
