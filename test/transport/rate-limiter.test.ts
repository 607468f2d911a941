import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterArrival, afterDeparture, createRateLimiter, limiterWaitMs, type RateLimiterState } from '../../src/transport/rate-limiter.js';
import { days, minutes, seconds } from '../support/client.js';

const minIntervalMs = seconds(10);
const floorPerMinute = minutes(1) / minIntervalMs;
const latencyMs = 100;

interface Happening {
  readonly state: RateLimiterState;
  readonly nowMs: number;
}

/** One request, sent as soon as the limiter allows it, and its response. */
const requested = ({ state, nowMs }: Happening, isRefused: boolean, retryAfterMs: number | null = null): Happening => {
  const sentAtMs = nowMs + limiterWaitMs(state, nowMs);
  const arrivedAtMs = sentAtMs + latencyMs;
  return { state: afterArrival(afterDeparture(state, sentAtMs), { isRefused, sentAtMs, retryAfterMs }, arrivedAtMs, minIntervalMs), nowMs: arrivedAtMs };
};

/** Requests one after another: `.` is accepted, `x` is refused. */
const inTurn = (pattern: string, from: Happening = { state: createRateLimiter(), nowMs: 0 }): Happening =>
  [...pattern].reduce((latest, letter) => requested(latest, letter === 'x'), from);

/** Requests sent together, and responses that arrive together. */
const together = (pattern: string, { state, nowMs }: Happening): Happening => {
  const sent = [...pattern].reduce((latest) => afterDeparture(latest, nowMs), state);
  const arrivedAtMs = nowMs + latencyMs;
  const arrived = [...pattern].reduce(
    (latest, letter) => afterArrival(latest, { isRefused: letter === 'x', sentAtMs: nowMs, retryAfterMs: null }, arrivedAtMs, minIntervalMs),
    sent,
  );
  return { state: arrived, nowMs: arrivedAtMs };
};

const later = ({ state, nowMs }: Happening, ms: number): Happening => ({ state, nowMs: nowMs + ms });
const waitOf = ({ state, nowMs }: Happening): number => limiterWaitMs(state, nowMs);
const restOf = ({ state, nowMs }: Happening): number => Math.max(0, state.restUntilMs - nowMs);

/** The ceilings that a limiter passes through while nothing is refused, and when each began. */
const ceilings = (from: Happening, untilMs: number): readonly { readonly perMinute: number | null; readonly atMs: number }[] => {
  const seen = [{ perMinute: from.state.ceiling, atMs: from.nowMs }];
  for (let now = from; now.nowMs < untilMs;) {
    now = requested(now, false);
    if (now.state.ceiling !== seen.at(-1)?.perMinute) seen.push({ perMinute: now.state.ceiling, atMs: now.nowMs - latencyMs });
  }
  return seen;
};

/** A limiter that has found a ceiling of 90 a minute. */
const found90 = (): Happening => {
  let now: Happening = { state: createRateLimiter(), nowMs: 0 };
  for (let index = 0; index < 100; index += 1) now = later(requested(now, false), 300);
  return inTurn('xxx', now);
};

describe('createRateLimiter', () => {
  it('has no limit: no request waits', () => {
    let state = createRateLimiter();
    for (let index = 0; index < 1_000; index += 1) {
      expect(limiterWaitMs(state, 5)).toBe(0);
      state = afterDeparture(state, 5);
    }
  });

  it('spaces the requests of a given limit evenly, a minute\'s requests over a little more than a minute', () => {
    let now: Happening = { state: createRateLimiter(6), nowMs: 0 };
    const gaps: number[] = [];
    for (let index = 0; index < 6; index += 1) {
      now = { ...now, state: afterDeparture(now.state, now.nowMs) };
      gaps.push(waitOf(now));
      now = later(now, waitOf(now));
    }
    expect(new Set(gaps).size).toBe(1);
    expect(now.nowMs).toBeGreaterThan(minutes(1));
    expect(now.nowMs).toBeLessThan(minutes(1.05));
  });

  it('counts each of several requests sent together', () => {
    const state = [1, 2, 3].reduce((latest) => afterDeparture(latest, 0), createRateLimiter(6));
    expect(limiterWaitMs(state, 0)).toBe(3 * limiterWaitMs(afterDeparture(createRateLimiter(6), 0), 0));
  });

  it('saves up no requests while none is sent', () => {
    const first = { state: afterDeparture(createRateLimiter(6), 0), nowMs: minutes(10) };
    expect(waitOf(first)).toBe(0);
    expect(waitOf({ ...first, state: afterDeparture(first.state, first.nowMs) })).toBeGreaterThan(seconds(10));
  });
});

describe('a refusal', () => {
  it.each([['first', ''], ['tenth', '.........'], ['thirtieth', '.'.repeat(29)]])('that is the %s response and the only refusal changes no rate', (_, before) => {
    const now = inTurn(`${before}x`);
    expect(waitOf(now)).toBe(0);
    expect(now.state.ceiling).toBeNull();
    expect(waitOf({ ...now, state: afterDeparture(now.state, now.nowMs) })).toBe(0);
  });

  it('leaves a given limit as it is', () => {
    const sent = afterDeparture(createRateLimiter(6), 0);
    const refused = afterArrival(sent, { isRefused: true, sentAtMs: 0, retryAfterMs: null }, latencyMs, minIntervalMs);
    expect(limiterWaitMs(refused, latencyMs)).toBe(limiterWaitMs(sent, latencyMs));
  });

  it('backs off from the second in a row, for 1, 2, 4, … s, one minimum interval at most', () => {
    let now: Happening = { state: createRateLimiter(), nowMs: 0 };
    const rests: number[] = [];
    for (let index = 0; index < 9; index += 1) {
      now = requested(now, true);
      rests.push(restOf(now) / 1000);
    }
    expect(rests).toEqual([0, 1, 2, 4, 8, 10, 10, 10, 10]);
  });

  it('backs off no longer than a short minimum interval', () => {
    let state = createRateLimiter();
    for (let index = 0; index < 5; index += 1) {
      state = afterArrival(state, { isRefused: true, sentAtMs: minutes(index), retryAfterMs: null }, minutes(index), 1_500);
      expect(Math.max(0, state.restUntilMs - minutes(index))).toBe([0, 1_000, 1_500][index] ?? 1_500);
    }
  });

  it('resets the count after an accepted request', () => {
    const now = inTurn(`${'.'.repeat(20)}xx..x`);
    expect(restOf(now)).toBe(0);
    expect(restOf(inTurn('x', now))).toBe(seconds(1));
  });

  it.each([2, 8, 16, 40])('counts once for %d requests that were sent before the first of them was refused', (count) => {
    const now = together('x'.repeat(count), { state: createRateLimiter(), nowMs: 0 });
    expect(waitOf(now)).toBe(0);
    expect(now.state.ceiling).toBeNull();
    expect(restOf(inTurn('x', now))).toBe(seconds(1));
  });

  it('counts once if the responses to one burst arrive one after another', () => {
    let state = createRateLimiter();
    for (let arrivedAtMs = 100; arrivedAtMs <= 900; arrivedAtMs += 100) {
      state = afterArrival(state, { isRefused: true, sentAtMs: 50, retryAfterMs: null }, arrivedAtMs, minIntervalMs);
      expect(limiterWaitMs(state, arrivedAtMs)).toBe(0);
    }
    expect(state.ceiling).toBeNull();
  });
});

describe('Retry-After', () => {
  const refusedWith = (retryAfterMs: number, from: Happening = { state: createRateLimiter(), nowMs: 0 }) => requested(from, true, retryAfterMs);

  it.each([[0, 0], [1, 1], [seconds(30), seconds(30)], [minutes(10), minutes(10)], [minutes(10) + 1, minutes(10)], [days(1), minutes(10)], [Number.MAX_SAFE_INTEGER, minutes(10)]])(
    'of %d ms makes the account wait %d ms, after a single refusal too',
    (retryAfterMs, waitMs) => {
      const now = refusedWith(retryAfterMs);
      expect(waitOf(now)).toBe(waitMs);
      expect(now.state.ceiling).toBeNull();
    },
  );

  it('that is shorter than the back-off does not shorten it', () => {
    expect(waitOf(refusedWith(1, inTurn('x')))).toBe(seconds(1));
  });

  it('that is longer than the back-off replaces it', () => {
    expect(waitOf(refusedWith(seconds(40), inTurn('x')))).toBe(seconds(40));
  });

  it('of a later refusal does not shorten the wait of an earlier one', () => {
    const sent = { isRefused: true, sentAtMs: 0 };
    const first = afterArrival(createRateLimiter(), { ...sent, retryAfterMs: seconds(30) }, 100, minIntervalMs);
    expect(limiterWaitMs(afterArrival(first, { ...sent, retryAfterMs: seconds(2) }, 200, minIntervalMs), 200)).toBe(seconds(30) - 100);
  });

  it('of an accepted request changes nothing', () => {
    const state = afterArrival(createRateLimiter(), { isRefused: false, sentAtMs: 0, retryAfterMs: seconds(30) }, 100, minIntervalMs);
    expect(limiterWaitMs(state, 100)).toBe(0);
  });
});

describe('evidence of a limit', () => {
  it('is three refusals in a row: the ceiling is then 0.9 of the requests accepted in the last minute', () => {
    const { state, nowMs } = found90();
    expect(state.ceiling).toBeCloseTo(90);
    expect(limiterWaitMs(afterDeparture(state, nowMs + minutes(1)), nowMs + minutes(1))).toBeCloseTo(minutes(1) / 90);
  });

  it('ignores requests accepted more than a minute ago', () => {
    const old = inTurn('.'.repeat(500));
    let now = later(old, minutes(1));
    for (let index = 0; index < 40; index += 1) now = later(requested(now, false), seconds(1));
    expect(inTurn('xxx', now).state.ceiling).toBeCloseTo(36);
  });

  it('ignores requests accepted before the clock went back', () => {
    const now = inTurn('.'.repeat(100), { state: createRateLimiter(), nowMs: days(1) });
    expect(inTurn('xxx', { ...now, nowMs: minutes(5) }).state.ceiling).toBe(floorPerMinute);
  });

  it('ignores responses to requests sent before the last change of the ceiling', () => {
    const { state, nowMs } = found90();
    const late = Array.from({ length: 20 }).reduce<RateLimiterState>(
      (latest) => afterArrival(latest, { isRefused: true, sentAtMs: nowMs - seconds(1), retryAfterMs: null }, nowMs, minIntervalMs),
      state,
    );
    expect(inTurn('.x', { state: late, nowMs }).state.ceiling).toBe(state.ceiling);
  });

  it('is not two refusals in a row, however often', () => {
    const now = inTurn(`xx${'.'.repeat(20)}`.repeat(10));
    expect(now.state.ceiling).toBeNull();
  });

  it('is a ratio of refusals well above the noise, without two in a row', () => {
    let now: Happening = { state: createRateLimiter(), nowMs: 0 };
    for (let index = 0; index < 20 && now.state.ceiling === null; index += 1) now = inTurn('.x', later(now, seconds(1)));
    expect(now.state.ceiling).not.toBeNull();
  });

  it('needs more than a few responses', () => {
    expect(inTurn('x.x.x').state.ceiling).toBeNull();
  });

  it('ignores stray refusals: one in ten at most, anywhere, slows nothing', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 9, max: 30 }), { maxLength: 30 }), fc.nat({ max: 5_000 }), (gaps, pauseMs) => {
      let now: Happening = { state: createRateLimiter(), nowMs: 0 };
      for (const letter of gaps.map((gap) => `${'.'.repeat(gap)}x`).join('')) {
        now = later(inTurn(letter, now), pauseMs);
        expect(waitOf(now)).toBe(0);
      }
      expect(now.state.ceiling).toBeNull();
    }));
  });

  it('is compared with the noise that remained at a low rate', () => {
    const noisy = (noise: number): Happening => ({ state: { ...createRateLimiter(), ceiling: 60, noise, heldUntilMs: minutes(60) }, nowMs: minutes(5) });
    const strays = '..x..x.x'.repeat(3);
    expect(inTurn(strays, noisy(0.3)).state.ceiling).toBe(60);
    expect(inTurn(strays, noisy(0)).state.ceiling).toBeLessThan(60);
  });

  it('never finds a ceiling below one request in a minimum interval', () => {
    const nothing = inTurn('xxx');
    expect(nothing.state.ceiling).toBe(floorPerMinute);
    expect(waitOf(nothing)).toBe(minIntervalMs);
    expect(inTurn('xxxxxxxxxx', nothing).state.ceiling).toBe(floorPerMinute);
  });

  it('makes the next request wait one interval of the rate found', () => {
    expect(waitOf(found90())).toBeGreaterThanOrEqual(minutes(1) / 90 - 1e-6);
  });
});

describe('a found ceiling', () => {
  it('grows by half every 10 s while nothing is refused', () => {
    const found = found90();
    const steps = ceilings(found, found.nowMs + seconds(55));
    expect(steps.length).toBeGreaterThanOrEqual(5);
    steps.slice(1).forEach(({ perMinute, atMs }, index) => {
      const before = steps[index]!;
      expect(perMinute).toBeCloseTo(before.perMinute! * 1.5);
      expect(atMs - before.atMs).toBeGreaterThan(seconds(10));
      expect(atMs - before.atMs).toBeLessThan(seconds(12));
    });
  });

  it('grows also from one request in a minimum interval', () => {
    const found = inTurn('xxx');
    expect(ceilings(found, found.nowMs + minutes(2)).at(-1)?.perMinute).toBeGreaterThan(5 * floorPerMinute);
  });

  it('does not grow while no requests are sent', () => {
    const found = found90();
    const idle = later(found, minutes(30));
    expect(afterDeparture(idle.state, idle.nowMs).ceiling).toBe(found.state.ceiling);
  });

  it('undoes a step that exceeds the limit, pauses for a minute, and then grows by a tenth', () => {
    const found = found90();
    let now = found;
    while (now.state.ceiling === found.state.ceiling) now = requested(now, false);
    expect(now.state.ceiling).toBeCloseTo(135);
    const undone = inTurn('xxx', now);
    expect(undone.state.ceiling).toBeCloseTo(90);
    const steps = ceilings(undone, undone.nowMs + minutes(1.5));
    expect(steps[1]?.perMinute).toBeCloseTo(99);
    expect(steps[1]!.atMs - undone.nowMs).toBeGreaterThan(seconds(59));
    expect(steps[2]?.perMinute).toBeCloseTo(108.9);
    expect(steps[2]!.atMs - steps[1]!.atMs).toBeLessThan(seconds(12));
  });

  it('pauses for a minute after each undone step of a tenth', () => {
    const grownFrom = (from: Happening): Happening => {
      let now = from;
      while (now.state.ceiling === from.state.ceiling) now = requested(now, false);
      return now;
    };
    const undone = inTurn('xxx', grownFrom(found90()));
    const again = inTurn('xxx', grownFrom(undone));
    expect(again.state.ceiling).toBeCloseTo(90);
    const third = grownFrom(again);
    expect(third.state.ceiling).toBeCloseTo(99);
    expect(third.nowMs - again.nowMs).toBeGreaterThan(seconds(59));
  });

  it('is dropped when it no longer limits', () => {
    const found = found90();
    const last = ceilings(found, found.nowMs + minutes(5)).at(-1);
    expect(last?.perMinute).toBeNull();
  });

  it('counts at most a tenth of all responses as noise, whatever ratio was refused before a step', () => {
    const refused = { ...createRateLimiter(), ceiling: 60, noise: 0.5, recent: 2 ** 20 - 1, recentCount: 20 };
    const grown = afterDeparture(refused, minutes(5));
    expect(grown.ceiling).toBeGreaterThan(60);
    expect(grown.noise).toBe(0.1);
  });

  it('never loosens a given limit', () => {
    let now: Happening = { state: { ...createRateLimiter(6), ceiling: 1_000 }, nowMs: 0 };
    const gaps: number[] = [];
    for (let index = 0; index < 30; index += 1) {
      const before = now.nowMs;
      now = requested(now, false);
      gaps.push(now.nowMs - before);
    }
    expect(Math.min(...gaps.slice(1))).toBeGreaterThan(seconds(10));
  });
});

describe('against a real limit', () => {
  /** A server that accepts a number of requests in any minute. */
  const slidingWindow = (perMinute: number) => {
    let granted: readonly number[] = [];
    return (atMs: number): boolean => {
      granted = granted.filter((each) => each > atMs - minutes(1));
      if (granted.length >= perMinute) return false;
      granted = [...granted, atMs];
      return true;
    };
  };

  /** A server that accepts a number of requests a minute, and twenty at once after a pause. */
  const tokenBucket = (perMinute: number) => {
    let [tokens, filledAtMs] = [20, 0];
    return (atMs: number): boolean => {
      tokens = Math.min(20, tokens + ((atMs - filledAtMs) * perMinute) / minutes(1));
      filledAtMs = atMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    };
  };

  const servers = [['sliding window', slidingWindow], ['token bucket', tokenBucket]] as const;

  it.each(servers.flatMap(([name, server]) => [60, 120].map((perMinute) => [name, perMinute, server] as const)))(
    'that is a %s of %d a minute: in the long run few requests are refused, most of the limit is used, and refusals are not taken for noise',
    (_, perMinute, server) => {
      const grants = server(perMinute);
      let now: Happening = { state: createRateLimiter(), nowMs: 0 };
      let [accepted, refused] = [0, 0];
      while (now.nowMs < minutes(40)) {
        const isGranted = grants(now.nowMs + waitOf(now));
        now = requested(now, !isGranted);
        if (now.nowMs < minutes(10)) continue;
        if (isGranted) accepted += 1;
        else refused += 1;
      }
      expect(accepted / 30).toBeGreaterThan(0.7 * perMinute);
      expect(refused / (accepted + refused)).toBeLessThan(0.25);
      expect(now.state.noise).toBeLessThan(0.25);
    },
  );
});

describe('the state of a limiter', () => {
  interface Step {
    readonly passedMs: number;
    readonly kind: 'departure' | 'accepted' | 'refused';
    readonly tookMs: number;
    readonly retryAfterMs: number | null;
  }

  /** Mostly realistic times, and clocks that jump. */
  const anyPassedMs = fc.oneof(
    { weight: 10, arbitrary: fc.nat({ max: 2_000 }) },
    { weight: 3, arbitrary: fc.double({ min: 0, max: minutes(2), noNaN: true }) },
    { weight: 1, arbitrary: fc.integer({ min: -days(400), max: days(400) }) },
  );
  const anyStep: fc.Arbitrary<Step> = fc.record({
    passedMs: anyPassedMs,
    kind: fc.constantFrom('departure', 'accepted', 'refused', 'refused'),
    tookMs: fc.oneof(fc.constant(0), fc.nat({ max: 60_000 })),
    retryAfterMs: fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, fc.nat({ max: minutes(20) }), fc.constant(Number.MAX_SAFE_INTEGER)),
  });
  const anyGiven = fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10_000 }));
  const anyMinIntervalMs = fc.integer({ min: 1, max: minutes(2) });
  const anyStartMs = fc.constantFrom(0, 12_345.678, Date.UTC(2026, 0));

  const advanced = (state: RateLimiterState, { kind, tookMs, retryAfterMs }: Step, nowMs: number, intervalMs: number): RateLimiterState =>
    kind === 'departure'
      ? afterDeparture(state, nowMs)
      : afterArrival(state, { isRefused: kind === 'refused', sentAtMs: nowMs - tookMs, retryAfterMs }, nowMs, intervalMs);

  it('survives JSON, and its waits are finite and ≥ 0, whatever happens and however clocks jump', () => {
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 100 }), anyGiven, anyMinIntervalMs, anyStartMs, (steps, given, intervalMs, startMs) => {
      let [state, nowMs] = [createRateLimiter(given), startMs];
      expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state);
      for (const step of steps) {
        nowMs += step.passedMs;
        state = advanced(state, step, nowMs, intervalMs);
        expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state);
        expect(limiterWaitMs(state, nowMs)).toSatisfy((ms: number) => Number.isFinite(ms) && ms >= 0);
      }
    }));
  });

  it('is not changed by reading it', () => {
    const frozen = Object.freeze({ ...found90().state, accepted: Object.freeze([3, 2, 1]) });
    const copy = JSON.stringify(frozen);
    afterDeparture(frozen, minutes(5));
    afterArrival(frozen, { isRefused: false, sentAtMs: minutes(5), retryAfterMs: null }, minutes(5), minIntervalMs);
    afterArrival(frozen, { isRefused: true, sentAtMs: minutes(5), retryAfterMs: 5 }, minutes(5), minIntervalMs);
    expect(JSON.stringify(frozen)).toBe(copy);
  });

  it('stays small after many requests', () => {
    const { state } = inTurn('.....x.xx'.repeat(2_000));
    expect(JSON.stringify(state).length).toBeLessThan(1_000);
  });

  it('has no ceiling below one request in a minimum interval, and no noise beyond a half', () => {
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 100 }), anyMinIntervalMs, (steps, intervalMs) => {
      let [state, nowMs] = [createRateLimiter(), 0];
      for (const step of steps) {
        nowMs += step.passedMs;
        state = advanced(state, step, nowMs, intervalMs);
        if (state.ceiling !== null) expect(state.ceiling).toBeGreaterThanOrEqual(minutes(1) / intervalMs);
        expect(state.noise).toSatisfy((noise: number) => noise >= 0 && noise <= 0.5);
      }
    }));
  });

  it('never shortens a wait after a response, or after a refusal', () => {
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 100 }), anyGiven, anyMinIntervalMs, (steps, given, intervalMs) => {
      let [state, nowMs] = [createRateLimiter(given), 0];
      for (const step of steps) {
        nowMs += step.passedMs;
        const next = advanced(state, step, nowMs, intervalMs);
        if (step.kind !== 'departure') expect(limiterWaitMs(next, nowMs)).toBeGreaterThanOrEqual(limiterWaitMs(state, nowMs));
        state = next;
      }
    }));
  });

  it('obeys a given limit that is lower than the one found from refusals', () => {
    const now = inTurn('xxx', { state: createRateLimiter(1), nowMs: 0 });
    expect(waitOf(now)).toBeGreaterThan(minutes(1) - latencyMs);
  });

  it('never allows more than the given limit in any minute, whatever is refused', () => {
    const anyRequest = fc.record({ idleMs: fc.oneof(fc.constant(0), fc.nat({ max: minutes(1) })), isRefused: fc.boolean(), retryAfterMs: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.nat({ max: seconds(90) })) });
    fc.assert(fc.property(fc.array(anyRequest, { maxLength: 80 }), fc.integer({ min: 1, max: 60 }), (requests, given) => {
      let now: Happening = { state: createRateLimiter(given), nowMs: 0 };
      const sentAt: number[] = [];
      for (const { idleMs, isRefused, retryAfterMs } of requests) {
        now = requested(later(now, idleMs), isRefused, retryAfterMs);
        sentAt.push(now.nowMs - latencyMs);
      }
      for (const from of sentAt) expect(sentAt.filter((atMs) => atMs >= from && atMs < from + minutes(1)).length).toBeLessThanOrEqual(given);
    }));
  });
});
