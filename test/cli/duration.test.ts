import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forPeople, parseDuration } from '../../src/cli/duration.js';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['14s', 14_000],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['1h1ms', 3_600_001],
    ['1.5h', 5_400_000],
    ['0.5s', 500],
  ])('reads %s', (text, ms) => {
    expect(parseDuration('--deadline', text)).toBe(ms);
  });

  it.each(['', '5', 'h', '-5s', '0s', '0h0m', '1m1h', '5 s', '1h 30m', '1e3s', 'Infinityh', '5S', '.5s', '9'.repeat(400) + 'h'])('rejects %j, and names the option and the string', (text) => {
    expect(() => parseDuration('--deadline', text)).toThrow(new RangeError(`--deadline must be a duration such as 90s, 30m or 1h30m, not '${text}'`));
  });

  it('reads any combination of hours, minutes, seconds and milliseconds', () => {
    const part = fc.option(fc.nat({ max: 5_000 }), { nil: null });
    fc.assert(
      fc.property(part, part, part, part, (h, m, s, ms) => {
        const total = (h ?? 0) * 3_600_000 + (m ?? 0) * 60_000 + (s ?? 0) * 1_000 + (ms ?? 0);
        fc.pre(total > 0);
        const text = [[h, 'h'], [m, 'm'], [s, 's'], [ms, 'ms']].map(([count, unit]) => (count === null ? '' : `${count}${unit}`)).join('');
        expect(parseDuration('--deadline', text)).toBe(total);
      }),
    );
  });
});

describe('forPeople', () => {
  it.each([
    [-5_000, '0 s'],
    [0, '0 s'],
    [1, '1 s'],
    [7_200, '8 s'],
    [59_000, '59 s'],
    [59_500, '1:00'],
    [65_000, '1:05'],
    [3_599_000, '59:59'],
    [3_600_000, '1 h 0 min'],
    [7_800_000, '2 h 10 min'],
    [259_200_000, '3 days'],
  ])('formats %d ms as %s', (ms, text) => {
    expect(forPeople(ms)).toBe(text);
  });
});
