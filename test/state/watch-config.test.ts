import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { anyAttempt, anyPacing } from '../support/arbitraries.js';
import { paced, snapshot } from '../support/snapshots.js';

const nothing = { serviceTier: null, model: null, resolution: null, durationMs: null };

describe('watchConfig', () => {
  it('fills in the defaults: the address of the provider, 15 minutes of patience, no deadline of its own', () => {
    expect(watchConfig(ark)).toMatchObject({ provider: ark, baseUrl: ark.baseUrl, deadlineMs: null, giveUpAfterMs: 900_000 });
  });

  it('takes an option that is undefined as left out', () => {
    const options = { baseUrl: undefined, policy: undefined, deadlineMs: undefined, giveUpAfterMs: undefined, expect: undefined };
    expect(watchConfig(ark, options)).toMatchObject({ baseUrl: ark.baseUrl, deadlineMs: null, giveUpAfterMs: 900_000 });
  });

  it('takes policies as they are', () => {
    const interval = (): number => 1;
    const retry = (): number => 2;
    expect(watchConfig(ark, { policy: { interval, retry } })).toMatchObject({ interval, retry });
  });

  const wrongTimes = [Number.NaN, -1, 0, Infinity, -Infinity, '60000', null];

  it.each(['deadlineMs', 'giveUpAfterMs'] as const)('%s that is no time is refused by its name and value', (field) => {
    for (const value of wrongTimes) {
      const make = (): unknown => watchConfig(ark, { [field]: value as number });
      expect(make).toThrow(RangeError);
      expect(make).toThrow(field);
      expect(make).toThrow(String(value));
    }
  });

  it('expected.durationMs that is no time is refused by its name and value', () => {
    for (const value of [Number.NaN, -1, 0, Infinity, '5']) {
      const make = (): unknown => watchConfig(ark, { expected: { durationMs: value as number } });
      expect(make).toThrow(RangeError);
      expect(make).toThrow('expected.durationMs');
      expect(make).toThrow(String(value));
    }
    expect(() => watchConfig(ark, { expected: { durationMs: null } })).not.toThrow();
  });

  it.each(['serviceTier', 'model', 'resolution'] as const)('expected.%s that is no string is refused by its name and value', (field) => {
    const make = (): unknown => watchConfig(kyyaipower, { expected: { [field]: 480 as never } });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`expected.${field}`);
    expect(make).toThrow('480');
  });

  it.each(['interval', 'retry'] as const)('policy.%s that is no function is refused by its name and value', (name) => {
    for (const value of [10_000, 'fast', null, true]) {
      const make = (): unknown => watchConfig(ark, { policy: { [name]: value as never } });
      expect(make).toThrow(TypeError);
      expect(make).toThrow(`policy.${name}`);
      expect(make).toThrow(String(value));
    }
  });

  it('a policy that is no record is refused by its name', () => {
    expect(() => watchConfig(ark, { policy: null as never })).toThrow(/^policy\b.*null/);
    expect(() => watchConfig(ark, { policy: 15_000 as never })).toThrow(/^policy\b.*15000/);
  });

  it('knows of the task what its latest snapshot says, filled up by what is expected', () => {
    const expected = { serviceTier: 'flex', model: 'seedance', resolution: '480p', durationMs: 5_000 };
    const { hintsOf } = watchConfig(ark, { expected: expected });
    expect(hintsOf(null)).toEqual(expected);
    expect(hintsOf(snapshot('running'))).toEqual(expected);
    const said = snapshot('running', { model: 'seedance-2.0', settings: { serviceTier: 'default', resolution: '1080p', durationMs: 10_000 } });
    expect(hintsOf(said)).toEqual({ serviceTier: 'default', model: 'seedance-2.0', resolution: '1080p', durationMs: 10_000 });
    expect(watchConfig(ark).hintsOf(null)).toEqual(nothing);
  });

  it('by default waits inside the range of the provider, for any attempt but the first', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const delay = watchConfig(paced(pacing)).interval({ ...attempt, index: attempt.index + 1, latest: null });
      expect(delay).toSatisfy((ms: number) => ms >= pacing.minMs && ms <= pacing.maxMs);
    }));
  });

  it('by default does not let watches that began together ask together', () => {
    for (const provider of [ark, kyyaipower, anyfast]) {
      const delays = [0, 0.25, 0.5, 0.75].map((jitter) => watchConfig(provider).interval({ index: 0, elapsedMs: 0, nowMs: 0, jitter, latest: null, runMs: null }));
      expect(new Set(delays).size).toBe(4);
    }
  });

  it('by default the first wait falls anywhere in one interval above the floor', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const [least, most] = [0, 1].map((jitter) => Number(watchConfig(paced(pacing)).interval({ ...attempt, index: 0, jitter, latest: null, runMs: null })));
      expect(least).toBeGreaterThanOrEqual(pacing.minIntervalMs);
      expect(Number(most) - Number(least)).toBe(pacing.minMs);
    }));
  });

  it('by default knows when a task that runs can have ended, by the time that it has run', () => {
    const { interval } = watchConfig(ark);
    const attempt = { index: 3, elapsedMs: 30_000, nowMs: 1_000_000, jitter: 0 };
    const waitOf = (status: 'queued' | 'running', runMs: number | null) => interval({ ...attempt, latest: snapshot(status), runMs });
    expect(waitOf('queued', null)).toBe(10_000);
    expect(waitOf('running', 30_000)).toBe(60_000);
    expect(waitOf('running', 50_000)).toBe(40_000);
    expect(waitOf('running', 200_000)).toBe(10_000);
    expect(interval({ ...attempt, latest: snapshot('running', { settings: { serviceTier: 'flex' } }), runMs: 30_000 })).toBe(10_000);
  });

  it('by default doubles the floor with each failure, up to 2 minutes', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const delay = watchConfig(paced(pacing)).retry({ ...attempt, latest: null });
      expect(delay).toBe(Math.max(pacing.minIntervalMs, Math.min(pacing.minIntervalMs * 2 ** attempt.index, 120_000)));
    }));
  });

  it('by default knows no jitter in trouble', () => {
    const { retry } = watchConfig(ark);
    const delays = [0, 0.5, 0.99].map((jitter) => retry({ index: 1, elapsedMs: 0, nowMs: 0, jitter, latest: null, runMs: null }));
    expect(delays).toEqual([20_000, 20_000, 20_000]);
  });
});
