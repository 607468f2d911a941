/** That the simulation counts as one would by hand, and that its chance has the shape it says. */
import { constantDelay, watchConfig } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { describe, expect, it } from 'vitest';
import { createRandom, logNormal } from './random.mjs';
import { bestRatio, byRules, fixed, fixedIntervalFor, outcome, plain } from './schedules.mjs';
import { quantile } from './statistics.mjs';

const life = { index: 0, startsAtMs: 5_000, endsAtMs: 95_000 };

describe('a plain schedule', () => {
  it('polls at the beginning and after each wait, until it has seen the end', () => {
    expect(fixed(10_000)(life)).toEqual({ polls: 11, lateMs: 5_000, startLateMs: 5_000, shortestMs: 10_000 });
  });

  it('may wait longer each time', () => {
    expect(plain((index) => 10_000 * 2 ** index)(life)).toEqual({ polls: 5, lateMs: 55_000, startLateMs: 5_000, shortestMs: 10_000 });
  });
});

it('the library polls as its policy says', () => {
  const rules = watchConfig(ark, { policy: { interval: constantDelay(10_000) } });
  expect(byRules(rules, { model: null, durationMs: 5_000 })(life)).toEqual(fixed(10_000)(life));
});

it('the floor holds whatever the policy says', () => {
  const rules = watchConfig(ark, { policy: { interval: constantDelay(1_000) } });
  expect(byRules(rules, { model: null, durationMs: 5_000 })(life).shortestMs).toBe(10_000);
});

const range = { minMs: 90_000, maxMs: 240_000 };

it('of log-normal times, one in twenty is below the range and one in twenty above', () => {
  const random = createRandom(1);
  const times = Array.from({ length: 50_000 }, () => logNormal(range).draw(random));
  expect(quantile(times, 0.05) / range.minMs).toBeCloseTo(1, 1);
  expect(quantile(times, 0.95) / range.maxMs).toBeCloseTo(1, 1);
  expect(times.reduce((a, b) => a + b) / times.length / logNormal(range).meanMs).toBeCloseTo(1, 1);
});

it('finds the fixed interval of as many polls', () => {
  const random = createRandom(2);
  const lives = Array.from({ length: 2_000 }, (_, index) => ({ index, startsAtMs: 0, endsAtMs: logNormal(range).draw(random) }));
  const intervalMs = fixedIntervalFor(9, lives);
  expect(outcome(fixed(intervalMs), lives).polls).toBeCloseTo(9, 1);
});

it('no schedule can be better where ends are as likely at any time', () => {
  // Exponential ends: what is left has always the same future, so nothing beats a fixed interval.
  const meanMs = 100_000;
  expect(bestRatio({ meanMs, draw: () => 0, density: (ms) => Math.exp(-ms / meanMs) / meanMs })).toBeCloseTo(1, 2);
});
