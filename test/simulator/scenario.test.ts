import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillScenario } from '../../src/simulator/default-scenario.js';
import { simulatedProviders, sites } from '../../src/simulator/sites.js';
import { outcomes, momentOf } from '../../src/simulator/scenario.js';
import type { Scenario } from '../../src/simulator/scenario.js';

const anyDraw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyProvider = fc.constantFrom(...simulatedProviders);
const anyOutcome = fc.constantFrom(...outcomes);
const anyTimeMs = fc.nat({ max: 10_000_000 });

const anyScenario: fc.Arbitrary<Scenario> = fc
  .record({ outcome: anyOutcome, queueMs: anyTimeMs, runMs: anyTimeMs })
  .map((fields) => fillScenario(sites.ark, fields, () => 0.5));

const order = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown', 'gone'];

describe('momentOf', () => {
  it('never goes back, neither in the phase nor in its progress', () => {
    fc.assert(
      fc.property(anyScenario, anyTimeMs, anyTimeMs, (scenario, a, b) => {
        const [early, late] = [momentOf(scenario, Math.min(a, b)), momentOf(scenario, Math.max(a, b))];
        expect(order.indexOf(late.phase)).toBeGreaterThanOrEqual(order.indexOf(early.phase));
        if (late.phase === early.phase) expect(late.done).toBeGreaterThanOrEqual(early.done);
      }),
    );
  });

  it('reports a progress from 0 to 1 at any time', () => {
    fc.assert(
      fc.property(anyScenario, fc.integer(), (scenario, elapsedMs) => {
        const { done } = momentOf(scenario, elapsedMs);
        expect(done >= 0 && done <= 1).toBe(true);
      }),
    );
  });

  it('ends after the queue and the run, unless the task is cancelled before or stalls', () => {
    fc.assert(
      fc.property(anyScenario, (scenario) => {
        const endMs = scenario.queueMs + scenario.runMs;
        const expected = { stalls: null, cancelled: scenario.queueMs }[scenario.outcome as string];
        expect(momentOf(scenario, endMs).endedAfterMs).toBe(expected === undefined ? endMs : expected);
      }),
    );
  });

  it.each([
    ['succeeds', 'succeeded'],
    ['fails', 'failed'],
    ['moderated', 'failed'],
    ['cancelled', 'cancelled'],
    ['expires', 'expired'],
    ['unknown-status', 'unknown'],
    ['disappears', 'gone'],
    ['stalls', 'running'],
  ] as const)('a task that %s is %s in the end', (outcome, phase) => {
    const scenario = fillScenario(sites.ark, { outcome, queueMs: 10, runMs: 20 }, () => 0);
    expect(momentOf(scenario, 9).phase).toBe('queued');
    expect(momentOf(scenario, 30).phase).toBe(phase);
  });
});

describe('fillScenario', () => {
  it('stays within the documented time, and takes two to three times as long on flex', () => {
    const anyTier = fc.constantFrom('default', 'flex');
    fc.assert(
      fc.property(anyProvider, anyTier, anyDraw, (provider, serviceTier, draw) => {
        const scenario = fillScenario(sites[provider], { serviceTier }, () => draw);
        const [minMs, maxMs] = sites[provider].timeMs(scenario.model, scenario.resolution, scenario.durationMs);
        const [least, most] = serviceTier === 'flex' ? [2, 3] : [1, 1];
        expect(scenario.queueMs + scenario.runMs).toBeGreaterThanOrEqual(minMs * least - 1);
        expect(scenario.queueMs + scenario.runMs).toBeLessThanOrEqual(maxMs * most + 1);
      }),
    );
  });

  it('keeps fields that are set', () => {
    fc.assert(
      fc.property(anyProvider, anyScenario, anyDraw, (provider, scenario, draw) => {
        expect(fillScenario(sites[provider], scenario, () => draw)).toEqual(scenario);
      }),
    );
  });

  it.each([
    [{ queueMs: -1 }, 'queueMs must be finite and ≥ 0; it is -1'],
    [{ runMs: Number.POSITIVE_INFINITY }, 'runMs must be finite and ≥ 0; it is Infinity'],
    [{ durationMs: 0 }, 'durationMs must be > 0 and ≤ 60000; it is 0'],
    [{ durationMs: 60_001 }, 'durationMs must be > 0 and ≤ 60000; it is 60001'],
  ])('rejects %o', (fields, message) => {
    expect(() => fillScenario(sites.ark, fields, () => 0)).toThrow(new RangeError(message));
  });

  it('rejects an unknown outcome', () => {
    // The cast stands for a caller in JavaScript.
    const fields = { outcome: 'wins' as 'succeeds' };
    expect(() => fillScenario(sites.ark, fields, () => 0)).toThrow(/^outcome must be one of succeeds, .*; it is wins$/);
  });
});
