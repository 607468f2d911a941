import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { anyAttempt, anyPacing } from '../support/arbitraries.js';
import { withPacing, snapshot } from '../support/snapshots.js';

const nothing = { serviceTier: null, model: null, resolution: null, durationMs: null };

describe('watchConfig', () => {
  it('sets the defaults: the base URL of the provider, 15 minutes for giveUpAfterMs, no deadline', () => {
    expect(watchConfig(ark)).toMatchObject({ provider: ark, baseUrl: ark.baseUrl, deadlineMs: null, giveUpAfterMs: 900_000 });
  });

  it('treats an undefined option as omitted', () => {
    const options = { baseUrl: undefined, policy: undefined, deadlineMs: undefined, giveUpAfterMs: undefined, expect: undefined };
    expect(watchConfig(ark, options)).toMatchObject({ baseUrl: ark.baseUrl, deadlineMs: null, giveUpAfterMs: 900_000 });
  });

  it('uses the given policies', () => {
    const interval = (): number => 1;
    const retry = (): number => 2;
    expect(watchConfig(ark, { policy: { interval, retry } })).toMatchObject({ interval, retry });
  });

  const wrongTimes = [Number.NaN, -1, 0, Infinity, -Infinity, '60000', null];

  it.each(['deadlineMs', 'giveUpAfterMs'] as const)('an invalid %s throws an error with the name and the value', (field) => {
    for (const value of wrongTimes) {
      const make = (): unknown => watchConfig(ark, { [field]: value as number });
      expect(make).toThrow(RangeError);
      expect(make).toThrow(field);
      expect(make).toThrow(String(value));
    }
  });

  it('an invalid expected.durationMs throws an error with the name and the value', () => {
    for (const value of [Number.NaN, -1, 0, Infinity, '5']) {
      const make = (): unknown => watchConfig(ark, { expected: { durationMs: value as number } });
      expect(make).toThrow(RangeError);
      expect(make).toThrow('expected.durationMs');
      expect(make).toThrow(String(value));
    }
    expect(() => watchConfig(ark, { expected: { durationMs: null } })).not.toThrow();
  });

  it.each(['serviceTier', 'model', 'resolution'] as const)('expected.%s that is not a string throws an error with the name and the value', (field) => {
    const make = (): unknown => watchConfig(kyyaipower, { expected: { [field]: 480 as never } });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`expected.${field}`);
    expect(make).toThrow('480');
  });

  it.each(['interval', 'retry'] as const)('policy.%s that is not a function throws an error with the name and the value', (name) => {
    for (const value of [10_000, 'fast', null, true]) {
      const make = (): unknown => watchConfig(ark, { policy: { [name]: value as never } });
      expect(make).toThrow(TypeError);
      expect(make).toThrow(`policy.${name}`);
      expect(make).toThrow(String(value));
    }
  });

  it('a policy that is not an object throws an error with the name', () => {
    expect(() => watchConfig(ark, { policy: null as never })).toThrow(/^policy\b.*null/);
    expect(() => watchConfig(ark, { policy: 15_000 as never })).toThrow(/^policy\b.*15000/);
  });

  it('takes hints from the latest snapshot, else from `expected`', () => {
    const expected = { serviceTier: 'flex', model: 'seedance', resolution: '480p', durationMs: 5_000 };
    const { hintsOf } = watchConfig(ark, { expected: expected });
    expect(hintsOf(null)).toEqual(expected);
    expect(hintsOf(snapshot('running'))).toEqual(expected);
    const said = snapshot('running', { model: 'seedance-2.0', settings: { serviceTier: 'default', resolution: '1080p', durationMs: 10_000 } });
    expect(hintsOf(said)).toEqual({ serviceTier: 'default', model: 'seedance-2.0', resolution: '1080p', durationMs: 10_000 });
    expect(watchConfig(ark).hintsOf(null)).toEqual(nothing);
  });

  it('by default waits within the provider\'s range, for any attempt but the first', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const delay = watchConfig(withPacing(pacing)).interval({ ...attempt, index: attempt.index + 1, latest: null });
      expect(delay).toSatisfy((ms: number) => ms >= pacing.recommended.minMs && ms <= pacing.recommended.maxMs);
    }));
  });

  it('by default spreads the polls of watches that start together', () => {
    for (const provider of [ark, kyyaipower, anyfast]) {
      const delays = [0, 0.25, 0.5, 0.75].map((jitter) => watchConfig(provider).interval({ index: 0, elapsedMs: 0, nowMs: 0, jitter, latest: null, runMs: null }));
      expect(new Set(delays).size).toBe(4);
    }
  });

  it('by default spreads the first wait over one interval above the minimum interval', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const [least, most] = [0, 1].map((jitter) => Number(watchConfig(withPacing(pacing)).interval({ ...attempt, index: 0, jitter, latest: null, runMs: null })));
      expect(least).toBeGreaterThanOrEqual(pacing.minIntervalMs);
      expect(Number(most) - Number(least)).toBe(pacing.recommended.minMs);
    }));
  });

  it('by default polls a running task when it can have ended, by its run time', () => {
    const { interval } = watchConfig(ark);
    const attempt = { index: 3, elapsedMs: 30_000, nowMs: 1_000_000, jitter: 0 };
    const waitOf = (status: 'queued' | 'running', runMs: number | null) => interval({ ...attempt, latest: snapshot(status), runMs });
    expect(waitOf('queued', null)).toBe(10_000);
    expect(waitOf('running', 30_000)).toBe(60_000);
    expect(waitOf('running', 50_000)).toBe(40_000);
    expect(waitOf('running', 200_000)).toBe(10_000);
    expect(interval({ ...attempt, latest: snapshot('running', { settings: { serviceTier: 'flex' } }), runMs: 30_000 })).toBe(10_000);
  });

  it('by default doubles the minimum interval with each failure, up to 2 minutes', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const delay = watchConfig(withPacing(pacing)).retry({ ...attempt, latest: null });
      expect(delay).toBe(Math.max(pacing.minIntervalMs, Math.min(pacing.minIntervalMs * 2 ** attempt.index, 120_000)));
    }));
  });

  it('by default retries without jitter', () => {
    const { retry } = watchConfig(ark);
    const delays = [0, 0.5, 0.99].map((jitter) => retry({ index: 1, elapsedMs: 0, nowMs: 0, jitter, latest: null, runMs: null }));
    expect(delays).toEqual([20_000, 20_000, 20_000]);
  });
});
