/**
 * Lets one contender wait for the ends of many tasks in virtual time, once for each seed, and reports how late each end was noticed and
 * what was requested.
 */
import { asyncScheduler, catchError, EMPTY, from, map, mergeMap, takeUntil, tap, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { options, report } from '../child.mjs';
import { contenders } from '../contenders/notice.mjs';
import { createRandom, logNormal } from '../random.mjs';
import { quantile } from '../statistics.mjs';
import { createVirtualArk, outcomes, pollsBelow } from '../virtual-ark.mjs';

/** A run ends here: what has not been noticed by then never is. */
const runMs = 2 * 3_600_000;

/** Ark's. */
const minIntervalMs = 10_000;

const { contender, seeds, tasks, ends, latencyMs, endings = ['succeeded'], limit = null, faults = null, toldPerMinute } = options;

const perMinuteAt = (/** @type {number} */ nowMs) => (nowMs < (limit.halvedAtMs ?? Infinity) ? limit.perMinute : limit.perMinute / 2);

/** @returns {Map<string, import('../virtual-ark.mjs').VirtualTask>} */
const draw = (/** @type {number} */ seed) => {
  const random = createRandom(seed);
  const task = (/** @type {number} */ index) => ({ endMs: logNormal(ends).draw(random), outcome: endings[index % endings.length] });
  return new Map(Array.from({ length: tasks }, (_, index) => [`cgt-20260301101500-${String(index).padStart(5, '0')}`, task(index)]));
};

const run = (/** @type {number} */ seed) => {
  const all = draw(seed);
  const server = createVirtualArk({
    latencyMs,
    tasks: all,
    limit: limit && { ...limit, perMinute: perMinuteAt },
    faults: faults && { ...faults, seed },
  });
  /** @type {Map<string, number>} */
  const delaysMs = new Map();
  let wrong = 0;
  new TestScheduler(() => undefined).run(() => {
    const watch = contenders[/** @type {keyof typeof contenders} */ (contender)](server.transport, { perMinute: toldPerMinute });
    from(all).pipe(
      mergeMap(([id, { endMs, outcome }]) => watch(id).pipe(
        tap(({ status, code }) => {
          const delayMs = asyncScheduler.now() - endMs;
          const isRight = delayMs >= 0 && status === outcomes[outcome].status && code === (outcomes[outcome].error?.code ?? null);
          if (isRight) delaysMs.set(id, delayMs);
          else wrong += 1;
        }),
        catchError(() => {
          wrong += 1;
          return EMPTY;
        }),
      )),
      map(() => null),
      takeUntil(timer(runMs)),
    ).subscribe();
  });
  // An end that was never rightly reported counts as noticed when the run ends.
  const delays = [...all].map(([id, { endMs }]) => delaysMs.get(id) ?? runMs - endMs);
  const late = server.log.filter(({ atMs }) => atMs >= 60_000);
  const limited = (/** @type {typeof server.log} */ log) => log.filter(({ cause }) => cause === 'limit').length;
  return {
    p50Ms: quantile(delays, 0.5),
    p95Ms: quantile(delays, 0.95),
    right: delaysMs.size,
    wrong,
    unseen: tasks - delaysMs.size - wrong,
    requests: server.log.length,
    limited: limited(server.log),
    faulty429s: server.log.filter(({ status, cause }) => status === 429 && cause !== 'limit').length,
    lateLimitedShare: late.length === 0 ? 0 : limited(late) / late.length,
    below: pollsBelow(server.log, minIntervalMs),
  };
};

report(seeds.map(run));
