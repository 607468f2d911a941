import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { spedUp } from '../../src/simulator/index.js';

const nothing = { serviceTier: null, model: null, resolution: null, durationMs: null };

describe('spedUp', () => {
  it('divides the pace and the expected times, and leaves every other fact as it is', () => {
    const { pacing, expectedTimeMs, ...facts } = spedUp(anyfast, 40);
    expect(pacing(nothing)).toEqual({ floorMs: 250, minMs: 375, maxMs: 375 });
    expect(expectedTimeMs(nothing)).toEqual({ minMs: 1_500, maxMs: 7_500 });
    expect(anyfast).toMatchObject(facts);
  });

  it('keeps an expected time that nobody knows unknown', () => {
    expect(spedUp(kyyaipower, 40).expectedTimeMs(nothing)).toBeNull();
  });

  it('refuses a speed that is none, by its value', () => {
    for (const speed of [0, -1, Number.NaN, Infinity]) expect(() => spedUp(anyfast, speed)).toThrow(`it is ${String(speed)}`);
  });
});
