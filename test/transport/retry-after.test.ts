import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../src/transport/retry-after.js';

const date = 'Wed, 21 Oct 2026 07:28:00 GMT';

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['1', 1_000],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['007', 7_000],
    ['0.5', 500],
    ['1.2345', 1_235],
  ])('reads %j as seconds: %d ms', (value, ms) => {
    expect(retryAfterMs(value, undefined)).toBe(ms);
    expect(retryAfterMs(value, date)).toBe(ms);
  });

  it.each([
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Thu, 22 Oct 2026 07:28:00 GMT', 86_400_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 0],
    ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
    ['Wednesday, 21-Oct-26 07:28:30 GMT', 30_000],
  ])("measures %j against the answer's own date", (value, ms) => {
    expect(retryAfterMs(value, date)).toBe(ms);
  });

  it.each([
    [undefined, undefined],
    [undefined, date],
    ['', date],
    ['   ', date],
    ['-1', date],
    ['-0.5', date],
    ['+5', date],
    ['1e3', date],
    ['0x10', date],
    ['5s', date],
    ['1, 2', date],
    ['soon', date],
    ['on Wed, 21 Oct 2026 07:28:30 GMT', date],
    ['Infinity', date],
    ['NaN', date],
    ['2026-10-21T07:28:30Z', date],
    ['Wed, 99 Foo 2026 07:28:30 GMT', date],
    ['Wed, 21 Oct 2026 07:28:30 GMT', undefined],
    ['Wed, 21 Oct 2026 07:28:30 GMT', ''],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 'yesterday'],
  ])('finds no time in %j against %j', (value, against) => {
    expect(retryAfterMs(value, against)).toBeNull();
  });

  it('keeps a number of seconds beyond every range a safe integer', () => {
    for (const value of ['99999999999999999999', '9'.repeat(400)]) expect(retryAfterMs(value, undefined)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('reads any whole number of seconds as a thousand times as many milliseconds', () => {
    fc.assert(fc.property(fc.nat(), (seconds) => {
      expect(retryAfterMs(String(seconds), undefined)).toBe(seconds * 1000);
    }));
  });

  it('never waits less than the seconds asked for, and less than 1 ms more', () => {
    fc.assert(fc.property(fc.nat({ max: 9_999 }), fc.nat({ max: 999_999 }), (whole, part) => {
      const text = `${whole}.${String(part).padStart(6, '0')}`;
      expect(retryAfterMs(text, undefined)).toSatisfy((ms: number) => ms >= Number(text) * 1000 && ms < Number(text) * 1000 + 1);
    }));
  });

  it('reads any date as the time from the other, and none before it', () => {
    const anyDate = fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true });
    fc.assert(fc.property(anyDate, anyDate, (from, until) => {
      const [fromText, untilText] = [from.toUTCString(), until.toUTCString()];
      expect(retryAfterMs(untilText, fromText)).toBe(Math.max(0, Date.parse(untilText) - Date.parse(fromText)));
    }));
  });

  it('gives null or a safe integer from 0 for any two texts', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (value, against) => {
      expect(retryAfterMs(value, against)).toSatisfy((ms: number | null) => ms === null || (Number.isSafeInteger(ms) && ms >= 0));
    }));
  });
});
