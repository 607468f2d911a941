import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { watchRules } from '../../src/state/watch-rules.js';
import { anyAttempt, anyPacing } from '../support/arbitraries.js';
import { paced, snapshot } from '../support/snapshots.js';

const nothing = { serviceTier: null, model: null, resolution: null, durationMs: null };

describe('watchRules', () => {
  it('fills in the defaults: the address of the provider, 15 minutes of patience, no deadline of its own', () => {
    expect(watchRules(ark)).toMatchObject({ provider: ark, baseUrl: ark.baseUrl, deadlineMs: null, patienceMs: 900_000 });
  });

  it('takes an option that is undefined as left out', () => {
    const options = { baseUrl: undefined, policy: undefined, deadlineMs: undefined, patienceMs: undefined, expect: undefined };
    expect(watchRules(ark, options)).toMatchObject({ baseUrl: ark.baseUrl, deadlineMs: null, patienceMs: 900_000 });
  });

  it('takes policies as they are', () => {
    const interval = (): number => 1;
    const retry = (): number => 2;
    expect(watchRules(ark, { policy: { interval, retry } })).toMatchObject({ interval, retry });
  });

  const wrongTimes = [Number.NaN, -1, 0, Infinity, -Infinity, '60000', null];

  it.each(['deadlineMs', 'patienceMs'] as const)('%s that is no time is refused by its name and value', (field) => {
    for (const value of wrongTimes) {
      const make = (): unknown => watchRules(ark, { [field]: value as number });
      expect(make).toThrow(RangeError);
      expect(make).toThrow(field);
      expect(make).toThrow(String(value));
    }
  });

  it('expect.durationMs that is no time is refused by its name and value', () => {
    for (const value of [Number.NaN, -1, 0, Infinity, '5']) {
      const make = (): unknown => watchRules(ark, { expect: { durationMs: value as number } });
      expect(make).toThrow(RangeError);
      expect(make).toThrow('expect.durationMs');
      expect(make).toThrow(String(value));
    }
    expect(() => watchRules(ark, { expect: { durationMs: null } })).not.toThrow();
  });

  it.each(['serviceTier', 'model', 'resolution'] as const)('expect.%s that is no text is refused by its name and value', (field) => {
    const make = (): unknown => watchRules(kyyaipower, { expect: { [field]: 480 as never } });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`expect.${field}`);
    expect(make).toThrow('480');
  });

  it.each(['interval', 'retry'] as const)('policy.%s that is no function is refused by its name and value', (name) => {
    for (const value of [10_000, 'fast', null, true]) {
      const make = (): unknown => watchRules(ark, { policy: { [name]: value as never } });
      expect(make).toThrow(TypeError);
      expect(make).toThrow(`policy.${name}`);
      expect(make).toThrow(String(value));
    }
  });

  it('a policy that is no record is refused by its name', () => {
    expect(() => watchRules(ark, { policy: null as never })).toThrow(/^policy\b.*null/);
    expect(() => watchRules(ark, { policy: 15_000 as never })).toThrow(/^policy\b.*15000/);
  });

  it('knows of the task what its latest snapshot says, filled up by what is expected', () => {
    const expected = { serviceTier: 'flex', model: 'seedance', resolution: '480p', durationMs: 5_000 };
    const { hintsOf } = watchRules(ark, { expect: expected });
    expect(hintsOf(null)).toEqual(expected);
    expect(hintsOf(snapshot('running'))).toEqual(expected);
    const said = snapshot('running', { model: 'seedance-2.0', settings: { serviceTier: 'default', resolution: '1080p', durationMs: 10_000 } });
    expect(hintsOf(said)).toEqual({ serviceTier: 'default', model: 'seedance-2.0', resolution: '1080p', durationMs: 10_000 });
    expect(watchRules(ark).hintsOf(null)).toEqual(nothing);
  });

  it('by default waits inside the range of the provider, for any attempt but the first', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const delay = watchRules(paced(pacing)).interval({ ...attempt, index: attempt.index + 1, latest: null });
      expect(delay).toSatisfy((ms: number) => ms >= pacing.minMs && ms <= pacing.maxMs);
    }));
  });

  it('by default does not let watches that began together ask together', () => {
    for (const provider of [ark, kyyaipower, anyfast]) {
      const delays = [0, 0.25, 0.5, 0.75].map((jitter) => watchRules(provider).interval({ index: 0, elapsedMs: 0, nowMs: 0, jitter, latest: null }));
      expect(new Set(delays).size).toBe(4);
    }
  });

  it('by default the first wait falls anywhere in one interval above the floor', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const [least, most] = [0, 1].map((jitter) => Number(watchRules(paced(pacing)).interval({ ...attempt, index: 0, jitter, latest: null })));
      expect(least).toBeGreaterThanOrEqual(pacing.floorMs);
      expect(Number(most) - Number(least)).toBe(pacing.minMs);
    }));
  });

  it('by default knows when a task that runs can have ended, by the age that its provider gives it', () => {
    const { interval } = watchRules(ark);
    const attempt = { index: 3, elapsedMs: 30_000, nowMs: 1_000_000, jitter: 0 };
    const waitOf = (status: 'queued' | 'running', createdAtMs: number | null) => interval({ ...attempt, latest: snapshot(status, { createdAtMs }) });
    expect(waitOf('queued', null)).toBe(10_000);
    expect(waitOf('running', null)).toBe(60_000);
    expect(waitOf('running', 950_000)).toBe(40_000);
    expect(waitOf('running', 800_000)).toBe(10_000);
    expect(waitOf('running', 2_000_000)).toBe(60_000);
    expect(interval({ ...attempt, latest: snapshot('running', { settings: { serviceTier: 'flex' } }) })).toBe(10_000);
  });

  it('by default doubles the floor with each failure, up to 2 minutes', () => {
    fc.assert(fc.property(anyPacing, anyAttempt, (pacing, attempt) => {
      const delay = watchRules(paced(pacing)).retry({ ...attempt, latest: null });
      expect(delay).toBe(Math.max(pacing.floorMs, Math.min(pacing.floorMs * 2 ** attempt.index, 120_000)));
    }));
  });

  it('by default knows no jitter in trouble', () => {
    const { retry } = watchRules(ark);
    const delays = [0, 0.5, 0.99].map((jitter) => retry({ index: 1, elapsedMs: 0, nowMs: 0, jitter, latest: null }));
    expect(delays).toEqual([20_000, 20_000, 20_000]);
  });
});
