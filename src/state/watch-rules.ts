/**
 * How one watch behaves: pacing, policy, patience, deadline, resolved once and checked once. Pure; knows no HTTP and no clock.
 */
import { checkPositive, isRecord } from '../checks.js';
import type { StoredSnapshot } from '../task/snapshot.js';
import { type Attempt, type DelayPolicy, expectedTimeDelay, exponentialDelay, jittered, proportionalDelay } from '../poll/delay-policy.js';
import type { Hints, Pacing } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';

/** When to ask again: after a good answer (`interval`), and in trouble (`retry`). 'stop' ends the watch as `timeout`. */
export interface PollPolicy {
  /**
   * Default: while the task runs, `expectedTimeDelay` of its expected time, inside the provider's range. Before that, and where no
   * time is expected, a tenth of the elapsed time inside the range; the first wait falls anywhere in one interval, so that watches
   * which begin together do not ask together.
   */
  readonly interval?: DelayPolicy<StoredSnapshot>;
  /** Default: the provider's floor, doubled with each failure in a row, up to 2 minutes. */
  readonly retry?: DelayPolicy<StoredSnapshot>;
}

/** What a watch may be told; every wait is kept above the provider's floor whatever the policy says. */
export interface RuleOptions {
  /** Default: the provider's own. */
  readonly baseUrl?: string | undefined;
  readonly policy?: PollPolicy | undefined;
  /**
   * From the beginning of the watch, in ms. Default: fixed by the first good answer, as the provider's own deadline for the task and
   * 10 minutes, else 2 h from then (flex: 50 h).
   */
  readonly deadlineMs?: number | undefined;
  /** How long troubles in a row are borne, in ms. Default: 15 minutes. */
  readonly patienceMs?: number | undefined;
  /** What is known of the task before its first answer. */
  readonly expect?: Partial<Hints> | undefined;
}

/** The rules of one watch. Made by `watchRules`, passed to the functions of the watch state. */
export interface WatchRules {
  readonly provider: Provider;
  readonly baseUrl: string;
  readonly deadlineMs: number | null;
  readonly patienceMs: number;
  readonly interval: DelayPolicy<StoredSnapshot>;
  readonly retry: DelayPolicy<StoredSnapshot>;
  /** What is known of the task, from its latest snapshot and what was expected of it. */
  readonly hintsOf: (snapshot: StoredSnapshot | null) => Hints;
}

/**
 * Resolves and checks the rules of a watch.
 *
 * Errors: `RangeError` that names the option and its value.
 * @example const rules = watchRules(anyfast, { deadlineMs: 30 * 60_000 })
 */
export const watchRules = (
  provider: Provider,
  { baseUrl = provider.baseUrl, policy = {}, deadlineMs, patienceMs = 15 * 60_000, expect = {} }: RuleOptions = {},
): WatchRules => {
  if (deadlineMs !== undefined) checkPositive('deadlineMs', deadlineMs);
  checkPositive('patienceMs', patienceMs);
  if (expect.durationMs != null) checkPositive('expect.durationMs', expect.durationMs);
  for (const name of ['serviceTier', 'model', 'resolution'] as const) {
    if (expect[name] != null && typeof expect[name] !== 'string') {
      throw new TypeError(`expect.${name} must be a text, not ${String(expect[name])}`);
    }
  }
  if (!isRecord(policy)) throw new TypeError(`policy must be a record of policies, not ${String(policy)}`);
  for (const name of ['interval', 'retry'] as const) {
    if (policy[name] !== undefined && typeof policy[name] !== 'function') {
      throw new TypeError(`policy.${name} must be a function of an attempt, not ${String(policy[name])}`);
    }
  }
  const hintsOf = (snapshot: StoredSnapshot | null): Hints => ({
    serviceTier: snapshot?.settings.serviceTier ?? expect.serviceTier ?? null,
    model: snapshot?.model ?? expect.model ?? null,
    resolution: snapshot?.settings.resolution ?? expect.resolution ?? null,
    durationMs: snapshot?.settings.durationMs ?? expect.durationMs ?? null,
  });
  return {
    provider,
    baseUrl,
    deadlineMs: deadlineMs ?? null,
    patienceMs,
    hintsOf,
    interval: policy.interval ?? byExpectedTime(provider, hintsOf),
    retry: policy.retry ?? fromFloor(provider, hintsOf),
  };
};

type HintsOf = WatchRules['hintsOf'];

const byExpectedTime =
  (provider: Provider, hintsOf: HintsOf): DelayPolicy<StoredSnapshot> =>
  (attempt) => {
    const hints = hintsOf(attempt.latest);
    const range = provider.pacing(hints);
    const expected = attempt.latest?.status === 'running' ? provider.expectedTimeMs(hints) : null;
    if (expected === null) return insideRange(range, attempt);
    const delay = expectedTimeDelay({ fromMs: expected.minMs, toMs: expected.maxMs, minMs: range.minMs, maxMs: range.maxMs });
    return delay({ ...attempt, elapsedMs: ageOf(attempt) });
  };

const insideRange = ({ floorMs, minMs, maxMs }: Pacing, attempt: Attempt): number | 'stop' => {
  if (attempt.index === 0) return Math.max(floorMs, maxMs - minMs) + attempt.jitter * minMs;
  const delay = jittered(proportionalDelay({ minMs, maxMs }))(attempt);
  return delay === 'stop' ? delay : Math.min(delay, maxMs);
};

/** How long there has been a task, as far as is known. The provider's clock may be ahead of ours. */
const ageOf = ({ elapsedMs, nowMs, latest }: Attempt<StoredSnapshot>): number =>
  Math.max(elapsedMs, nowMs - (latest?.createdAtMs ?? nowMs));

const longestRetryMs = 120_000;

const fromFloor =
  (provider: Provider, hintsOf: HintsOf): DelayPolicy<StoredSnapshot> =>
  (attempt) => {
    const { floorMs } = provider.pacing(hintsOf(attempt.latest));
    return exponentialDelay({ initialMs: floorMs, maxMs: Math.max(floorMs, longestRetryMs) })(attempt);
  };
