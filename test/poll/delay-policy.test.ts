import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  atLeast,
  type Attempt,
  checkedDelay,
  constantDelay,
  expectedTimeDelay,
  exponentialDelay,
  jittered,
  limitAttempts,
  limitElapsed,
  maxOf,
  proportionalDelay,
} from '../../src/poll/delay-policy.js';
import { anyAttempt, anyDelay, anyDelayMs, anyPolicy } from '../support/arbitraries.js';

const attempt = (changes: Partial<Attempt>): Attempt => ({ index: 0, elapsedMs: 0, nowMs: 0, jitter: 0.5, latest: null, runMs: null, ...changes });

describe('delay policies', () => {
  it('constantDelay: waits the same for any attempt', () => {
    fc.assert(fc.property(anyDelayMs, anyAttempt, (ms, any) => {
      expect(constantDelay(ms)(any)).toBe(ms);
    }));
  });

  it('exponentialDelay: grows by its factor up to its limit', () => {
    const delay = exponentialDelay({ initialMs: 10, maxMs: 70 });
    expect([0, 1, 2, 3, 4].map((index) => delay(attempt({ index })))).toEqual([10, 20, 40, 70, 70]);
  });

  it('exponentialDelay: stays finite for any attempt', () => {
    fc.assert(fc.property(anyAttempt, fc.double({ min: 1, max: 100, noNaN: true }), (any, factor) => {
      for (const initialMs of [0, 1]) {
        expect(exponentialDelay({ initialMs, factor })(any)).toSatisfy((ms: number) => ms >= initialMs && ms < Infinity);
      }
    }));
  });

  it('proportionalDelay: waits a ratio of the elapsed time, within its range', () => {
    const delay = proportionalDelay({ minMs: 30, maxMs: 60 });
    expect([0, 300, 450, 600, 6_000].map((elapsedMs) => delay(attempt({ elapsedMs })))).toEqual([30, 30, 45, 60, 60]);
  });

  it('expectedTimeDelay: polls when the task can have ended, often while its end is likely, less often later', () => {
    const delay = expectedTimeDelay({ fromMs: 90_000, toMs: 240_000, minMs: 10_000, maxMs: 20_000 });
    const waits = [0, 60_000, 79_999, 80_000, 150_000, 240_000, 290_000, 340_000, 900_000].map((elapsedMs) => delay(attempt({ elapsedMs })));
    expect(waits).toEqual([95_000, 35_000, 15_001, 10_000, 10_000, 10_000, 15_000, 20_000, 20_000]);
  });

  it('expectedTimeDelay: spreads the first polls over one interval, and waits at most 2 minutes', () => {
    const delay = expectedTimeDelay({ fromMs: 90_000, toMs: 240_000, minMs: 10_000, maxMs: 20_000 });
    expect([0, 0.25, 0.75].map((jitter) => delay(attempt({ jitter })))).toEqual([90_000, 92_500, 97_500]);
    const longAway = expectedTimeDelay({ fromMs: 600_000, toMs: 900_000, minMs: 10_000, maxMs: 20_000 });
    expect([0, 0.5, 1].map((jitter) => longAway(attempt({ jitter })))).toEqual([110_000, 115_000, 120_000]);
  });

  it('expectedTimeDelay: never waits less than minMs, and more than maxMs only before fromMs', () => {
    const anyTimes = fc.record({ fromMs: fc.nat({ max: 1_000_000 }), lastsMs: fc.nat({ max: 1_000_000 }), minMs: fc.nat({ max: 200_000 }), moreMs: fc.nat({ max: 100_000 }) });
    fc.assert(fc.property(anyTimes, anyAttempt, ({ fromMs, lastsMs, minMs, moreMs }, any) => {
      const ms = expectedTimeDelay({ fromMs, toMs: fromMs + lastsMs, minMs, maxMs: minMs + moreMs })(any);
      expect(ms).toBeGreaterThanOrEqual(minMs);
      expect(ms).toBeLessThanOrEqual(fromMs - any.elapsedMs > minMs ? Math.max(120_000, minMs) : minMs + moreMs);
    }));
  });

  it('jittered: never shortens a delay, and lengthens it by less than its ratio', () => {
    fc.assert(fc.property(anyDelayMs, anyAttempt, (ms, any) => {
      expect(jittered(constantDelay(ms), 0.2)(any)).toSatisfy((got: number) => got >= ms && got <= ms * 1.2);
    }));
  });

  it('atLeast: the larger of the delay and minMs', () => {
    fc.assert(fc.property(anyDelayMs, anyDelayMs, anyAttempt, (ms, least, any) => {
      expect(atLeast(constantDelay(ms), least)(any)).toBe(Math.max(ms, least));
    }));
  });

  it('maxOf: one stop stops all, otherwise the larger delay wins', () => {
    fc.assert(fc.property(anyDelay, anyDelay, anyAttempt, (a, b, any) => {
      expect(maxOf(() => a, () => b)(any)).toBe(a === 'stop' || b === 'stop' ? 'stop' : Math.max(a, b));
    }));
  });

  it('limitAttempts and limitElapsed: change nothing before the limit and stop from it on', () => {
    fc.assert(fc.property(anyPolicy, fc.nat({ max: 20_000 }), anyAttempt, (delay, limit, any) => {
      expect(limitAttempts(delay, limit)(any)).toBe(any.index < limit ? delay(any) : 'stop');
      expect(limitElapsed(delay, limit)(any)).toBe(any.elapsedMs < limit ? delay(any) : 'stop');
    }));
  });

  it('limitAttempts: stops after `count` waits', () => {
    const delay = limitAttempts(constantDelay(7), 3);
    expect([0, 1, 2, 3, 4].map((index) => delay(attempt({ index })))).toEqual([7, 7, 7, 'stop', 'stop']);
  });

  it('limitElapsed: stops in the millisecond of its limit', () => {
    const delay = limitElapsed(constantDelay(7), 100);
    expect([0, 99, 100, 101].map((elapsedMs) => delay(attempt({ elapsedMs })))).toEqual([7, 7, 'stop', 'stop']);
  });

  it('a stop passes through every combinator', () => {
    const stop = () => 'stop' as const;
    for (const delay of [jittered(stop), atLeast(stop, 5), maxOf(stop), limitAttempts(stop, 5), limitElapsed(stop, 5)]) {
      expect(delay(attempt({}))).toBe('stop');
    }
  });

  it('names the field and the value of an invalid number', () => {
    const refused: readonly (readonly [() => unknown, string])[] = [
      [() => constantDelay(-1), 'constantDelay: delayMs must be finite and ≥ 0, not -1'],
      [() => constantDelay(Number.NaN), 'not NaN'],
      [() => constantDelay(Infinity), 'not Infinity'],
      [() => constantDelay('5' as never), 'constantDelay: delayMs'],
      [() => exponentialDelay({ initialMs: -5 }), 'exponentialDelay: initialMs'],
      [() => exponentialDelay({ initialMs: 5, factor: 0.5 }), 'exponentialDelay: factor must be finite and ≥ 1, not 0.5'],
      [() => exponentialDelay({ initialMs: 5, maxMs: 4 }), 'exponentialDelay: maxMs must be finite and ≥ 5, not 4'],
      [() => proportionalDelay({ minMs: -1, maxMs: 5 }), 'proportionalDelay: minMs'],
      [() => proportionalDelay({ minMs: 9, maxMs: 5 }), 'proportionalDelay: maxMs'],
      [() => proportionalDelay({ minMs: 1, maxMs: 5, ratio: 0 }), 'proportionalDelay: ratio'],
      [() => expectedTimeDelay({ fromMs: -1, toMs: 9, minMs: 1, maxMs: 5 }), 'expectedTimeDelay: fromMs must be finite and ≥ 0, not -1'],
      [() => expectedTimeDelay({ fromMs: 9, toMs: 8, minMs: 1, maxMs: 5 }), 'expectedTimeDelay: toMs must be finite and ≥ 9, not 8'],
      [() => expectedTimeDelay({ fromMs: 1, toMs: 9, minMs: -1, maxMs: 5 }), 'expectedTimeDelay: minMs must be finite and ≥ 0, not -1'],
      [() => expectedTimeDelay({ fromMs: 1, toMs: 9, minMs: 6, maxMs: 5 }), 'expectedTimeDelay: maxMs must be finite and ≥ 6, not 5'],
      [() => jittered(constantDelay(1), -0.1), 'jittered: ratio'],
      [() => atLeast(constantDelay(1), Number.NaN), 'atLeast: minMs'],
      [() => maxOf(), 'maxOf: number of policies'],
      [() => limitAttempts(constantDelay(1), -1), 'limitAttempts: count'],
      [() => limitElapsed(constantDelay(1), -1), 'limitElapsed: limitMs'],
    ];
    for (const [make, message] of refused) {
      expect(make).toThrow(RangeError);
      expect(make).toThrow(message);
    }
  });
});

describe('the result of a policy', () => {
  it.each<readonly [number | 'stop', number | 'stop']>([['stop', 'stop'], [0, 0], [1, 1], [10.2, 11], [1e300, 1e300]])('%s is rounded up to whole ms: %s', (given, kept) => {
    expect(checkedDelay('policy.retry', given)).toBe(kept);
  });

  it.each([-1, -0.5, Number.NaN, Infinity, -Infinity, '5' as never, null as never, undefined as never, 'halt' as never])('%s throws an error with the name of the policy', (given) => {
    const refusal = `policy.retry must return a number of ms ≥ 0 or 'stop', not ${String(given)}`;
    expect(() => checkedDelay('policy.retry', given)).toThrow(new RangeError(refusal));
  });
});
