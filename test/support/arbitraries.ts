import fc from 'fast-check';
import type { Attempt, DelayPolicy } from '../../src/poll/delay-policy.js';

export const anyAttempt: fc.Arbitrary<Attempt> = fc.record({
  index: fc.nat({ max: 10_000 }),
  elapsedMs: fc.nat({ max: 1_000_000_000 }),
  jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  latest: fc.constant(null),
});

export const anyDelayMs = fc.oneof(fc.nat({ max: 1_000_000_000 }), fc.double({ min: 0, max: 1e9, noNaN: true }));

/** Whatever one attempt may be answered with. */
export const anyDelay: fc.Arbitrary<number | 'stop'> = fc.oneof({ weight: 4, arbitrary: anyDelayMs }, fc.constant('stop' as const));

/** A policy of every kind, around any delay. */
export const anyPolicy: fc.Arbitrary<DelayPolicy> = anyDelay.map((delay) => () => delay);
