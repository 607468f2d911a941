/** A bench is believed for its arithmetic: these are its rules, on numbers small enough to check by eye. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extent, median, ratios } from './statistics.mjs';

const figure = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

describe('median', () => {
  it.each([
    [[7], 7],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[1, 1, 1, 1000, 1000], 1],
    [[10, 9, 2], 9],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('does not depend on the order, lies within the extent, and leaves its values as they were', () => {
    fc.assert(
      fc.property(fc.array(figure, { minLength: 1 }), (values) => {
        const kept = [...values];
        const middle = median(values);
        expect(values).toEqual(kept);
        expect(median(values.toReversed())).toBe(middle);
        const [least, greatest] = extent(values);
        expect(middle).toBeGreaterThanOrEqual(least);
        expect(middle).toBeLessThanOrEqual(greatest);
      }),
    );
  });

  it.each([[[]], [[1, Number.NaN]], [[Infinity]]])('refuses %j', (values) => {
    expect(() => median(values)).toThrow(RangeError);
  });
});

describe('ratios', () => {
  it('are taken round by round', () => {
    expect(ratios([2, 30, 4], [1, 10, 2])).toEqual([2, 3, 2]);
  });

  it('do not move when a whole round is slower', () => {
    expect(median(ratios([2, 2000, 2], [1, 1000, 1]))).toBe(2);
  });

  it('refuses measurements of different rounds, and a ratio to nothing', () => {
    expect(() => ratios([1, 2], [1])).toThrow(RangeError);
    expect(() => ratios([1], [0])).toThrow(RangeError);
  });
});
