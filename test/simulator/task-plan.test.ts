import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillPlan } from '../../src/simulator/default-plan.js';
import { simulatedProviders, sites } from '../../src/simulator/sites.js';
import { fates, momentOf } from '../../src/simulator/task-plan.js';
import type { TaskPlan } from '../../src/simulator/task-plan.js';

const anyLuck = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyProvider = fc.constantFrom(...simulatedProviders);
const anyFate = fc.constantFrom(...fates);
const anyTimeMs = fc.nat({ max: 10_000_000 });

const anyPlan: fc.Arbitrary<TaskPlan> = fc
  .record({ fate: anyFate, queueMs: anyTimeMs, runMs: anyTimeMs })
  .map((wishes) => fillPlan(sites.ark, wishes, () => 0.5));

const order = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'unknown', 'gone'];

describe('momentOf', () => {
  it('never goes back: neither the phase, nor what is done of it', () => {
    fc.assert(
      fc.property(anyPlan, anyTimeMs, anyTimeMs, (plan, a, b) => {
        const [early, late] = [momentOf(plan, Math.min(a, b)), momentOf(plan, Math.max(a, b))];
        expect(order.indexOf(late.phase)).toBeGreaterThanOrEqual(order.indexOf(early.phase));
        if (late.phase === early.phase) expect(late.done).toBeGreaterThanOrEqual(early.done);
      }),
    );
  });

  it('does a share from 0 to 1, at any time', () => {
    fc.assert(
      fc.property(anyPlan, fc.integer(), (plan, elapsedMs) => {
        const { done } = momentOf(plan, elapsedMs);
        expect(done >= 0 && done <= 1).toBe(true);
      }),
    );
  });

  it('ends when the queue and the run are over, unless the task is cancelled before or stalls', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const endMs = plan.queueMs + plan.runMs;
        const expected = { stalls: null, cancelled: plan.queueMs }[plan.fate as string];
        expect(momentOf(plan, endMs).endedAfterMs).toBe(expected === undefined ? endMs : expected);
      }),
    );
  });

  it.each([
    ['succeeds', 'succeeded'],
    ['fails', 'failed'],
    ['moderated', 'failed'],
    ['cancelled', 'cancelled'],
    ['expires', 'expired'],
    ['unknown-word', 'unknown'],
    ['vanishes', 'gone'],
    ['stalls', 'running'],
  ] as const)('a task that %s is %s in the end', (fate, phase) => {
    const plan = fillPlan(sites.ark, { fate, queueMs: 10, runMs: 20 }, () => 0);
    expect(momentOf(plan, 9).phase).toBe('queued');
    expect(momentOf(plan, 30).phase).toBe(phase);
  });
});

describe('fillPlan', () => {
  it('keeps within the documented time, and two to three times of it on flex', () => {
    const anyTier = fc.constantFrom('default', 'flex');
    fc.assert(
      fc.property(anyProvider, anyTier, anyLuck, (provider, serviceTier, luck) => {
        const plan = fillPlan(sites[provider], { serviceTier }, () => luck);
        const [minMs, maxMs] = sites[provider].timeMs(plan.model, plan.resolution, plan.durationMs);
        const [least, most] = serviceTier === 'flex' ? [2, 3] : [1, 1];
        expect(plan.queueMs + plan.runMs).toBeGreaterThanOrEqual(minMs * least - 1);
        expect(plan.queueMs + plan.runMs).toBeLessThanOrEqual(maxMs * most + 1);
      }),
    );
  });

  it('leaves alone what is settled', () => {
    fc.assert(
      fc.property(anyProvider, anyPlan, anyLuck, (provider, plan, luck) => {
        expect(fillPlan(sites[provider], plan, () => luck)).toEqual(plan);
      }),
    );
  });

  it.each([
    [{ queueMs: -1 }, 'queueMs must be a finite number from 0; it is -1'],
    [{ runMs: Number.POSITIVE_INFINITY }, 'runMs must be a finite number from 0; it is Infinity'],
    [{ durationMs: 0 }, 'durationMs must be above 0 and at most 60000; it is 0'],
    [{ durationMs: 60_001 }, 'durationMs must be above 0 and at most 60000; it is 60001'],
  ])('refuses %o', (wishes, message) => {
    expect(() => fillPlan(sites.ark, wishes, () => 0)).toThrow(new RangeError(message));
  });

  it('refuses a fate that is none', () => {
    // As JavaScript would.
    const wishes = { fate: 'wins' as 'succeeds' };
    expect(() => fillPlan(sites.ark, wishes, () => 0)).toThrow(/^fate must be one of succeeds, .*; it is wins$/);
  });
});
