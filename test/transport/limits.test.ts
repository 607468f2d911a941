import { expect, it } from 'vitest';
import { checkLimits } from '../../src/transport/limits.js';

it('has defaults of a minute and 8 MiB', () => {
  expect(checkLimits({})).toEqual({ timeoutMs: 60_000, maxBodyBytes: 8 * 1_048_576 });
});

it('keeps the given limits', () => {
  expect(checkLimits({ timeoutMs: 0.5, maxBodyBytes: 1 })).toEqual({ timeoutMs: 0.5, maxBodyBytes: 1 });
});

it('accepts the largest values of a timer and a counter', () => {
  const most = { timeoutMs: 2 ** 31 - 1, maxBodyBytes: 2 ** 53 - 1 };
  expect(checkLimits(most)).toEqual(most);
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '5' as never])('refuses %s, and names the limit', (value) => {
  const text = (field: string, most: number) => `${field} must be a number above 0, at most ${most}, not ${value}`;
  expect(() => checkLimits({ timeoutMs: value })).toThrow(new RangeError(text('timeoutMs', 2 ** 31 - 1)));
  expect(() => checkLimits({ maxBodyBytes: value })).toThrow(new RangeError(text('maxBodyBytes', 2 ** 53 - 1)));
});
