import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs, serverWaitMs } from '../../src/transport/retry-after.js';

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
  ])("measures %j against the response's own date", (value, ms) => {
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
  ])('reads no time in %j with the date %j', (value, against) => {
    expect(retryAfterMs(value, against)).toBeNull();
  });

  it('reads a huge number of seconds as a safe integer', () => {
    for (const value of ['99999999999999999999', '9'.repeat(400)]) expect(retryAfterMs(value, undefined)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('reads any integer of seconds as a thousand times as many milliseconds', () => {
    fc.assert(fc.property(fc.nat(), (seconds) => {
      expect(retryAfterMs(String(seconds), undefined)).toBe(seconds * 1000);
    }));
  });

  it('never waits less than the given seconds, and less than 1 ms more', () => {
    fc.assert(fc.property(fc.nat({ max: 9_999 }), fc.nat({ max: 999_999 }), (whole, part) => {
      const text = `${whole}.${String(part).padStart(6, '0')}`;
      expect(retryAfterMs(text, undefined)).toSatisfy((ms: number) => ms >= Number(text) * 1000 && ms < Number(text) * 1000 + 1);
    }));
  });

  it('reads any date as the time since the other, at least 0', () => {
    const anyDate = fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true });
    fc.assert(fc.property(anyDate, anyDate, (from, until) => {
      const [fromText, untilText] = [from.toUTCString(), until.toUTCString()];
      expect(retryAfterMs(untilText, fromText)).toBe(Math.max(0, Date.parse(untilText) - Date.parse(fromText)));
    }));
  });

  it('gives null or a safe integer ≥ 0 for any two strings', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (value, against) => {
      expect(retryAfterMs(value, against)).toSatisfy((ms: number | null) => ms === null || (Number.isSafeInteger(ms) && ms >= 0));
    }));
  });
});

describe('serverWaitMs', () => {
  const dateSeconds = Date.parse(date) / 1000;
  const resetNames = ['ratelimit-reset', 'x-ratelimit-retry-after', 'x-ratelimit-reset', 'x-rate-limit-reset'] as const;
  const anyResetName = fc.constantFrom(...resetNames);
  const anyLimitedStatus = fc.constantFrom(429, 503);

  it.each([200, 404, 429, 500, 503])('reads Retry-After on any status: %d', (status) => {
    expect(serverWaitMs({ status, headers: { 'retry-after': '7' } })).toBe(7_000);
    expect(serverWaitMs({ status, headers: { 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date } })).toBe(30_000);
  });

  it.each(resetNames)('prefers Retry-After, even 0, to %s', (name) => {
    expect(serverWaitMs({ status: 429, headers: { [name]: '60', 'retry-after': '7' } })).toBe(7_000);
    expect(serverWaitMs({ status: 429, headers: { [name]: '60', 'retry-after': '0' } })).toBe(0);
  });

  it.each(resetNames)('reads %s on 429 and 503 without a readable Retry-After', (name) => {
    for (const status of [429, 503]) {
      expect(serverWaitMs({ status, headers: { [name]: '60' } })).toBe(60_000);
      expect(serverWaitMs({ status, headers: { [name]: '60', 'retry-after': 'soon' } })).toBe(60_000);
    }
  });

  it.each([200, 204, 302, 400, 401, 402, 403, 404, 500, 502, 504])('ignores the end of a limit on %d', (status) => {
    for (const name of resetNames) expect(serverWaitMs({ status, headers: { [name]: '60', date } })).toBeNull();
  });

  it.each([
    ['0', 0],
    ['1', 1_000],
    ['0.5', 500],
    [' 60 ', 60_000],
    ['86400', 86_400_000],
    [String(dateSeconds + 90), 90_000],
    [String(1000 * dateSeconds + 90_000), 90_000],
    [String(dateSeconds), 0],
    [String(dateSeconds - 90), 0],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
    ['Wed, 21 Oct 2026 07:27:30 GMT', 0],
  ])('reads a reset of %j as seconds, or as an instant against the date of the response: %d ms', (reset, ms) => {
    expect(serverWaitMs({ status: 429, headers: { 'x-ratelimit-reset': reset, date } })).toBe(ms);
  });

  it.each([
    [String(dateSeconds + 90), undefined],
    [String(dateSeconds + 90), 'yesterday'],
    ['Wed, 21 Oct 2026 07:28:30 GMT', undefined],
    ['', date],
    ['-60', date],
    ['1e3', date],
    ['60s', date],
    ['soon', date],
    ['NaN', date],
    ['2026-10-21T07:28:30Z', date],
  ])('reads no time in a reset of %j with the date %j', (reset, against) => {
    expect(serverWaitMs({ status: 429, headers: { 'ratelimit-reset': reset, ...(against !== undefined && { date: against }) } })).toBeNull();
  });

  it('gives null for a response without such headers', () => {
    for (const status of [200, 429, 503]) expect(serverWaitMs({ status, headers: { date } })).toBeNull();
  });

  it.each([['400 digits', '9'.repeat(400)], ['1e999', '1e999'], ['Infinity', 'Infinity']])('never gives an infinite wait: a reset of %s', (_, reset) => {
    expect(serverWaitMs({ status: 429, headers: { 'ratelimit-reset': reset, date } })).toSatisfy((ms: number | null) => ms === null || Number.isFinite(ms));
  });

  it('reads an instant in seconds and the same in ms alike', () => {
    fc.assert(fc.property(anyResetName, anyLimitedStatus, fc.nat({ max: 10_000_000 }), (name, status, inSeconds) => {
      const wait = (reset: number) => serverWaitMs({ status, headers: { [name]: String(reset), date } });
      expect(wait(dateSeconds + inSeconds)).toBe(1000 * inSeconds);
      expect(wait(1000 * (dateSeconds + inSeconds))).toBe(1000 * inSeconds);
    }));
  });

  it('gives null or a finite number ≥ 0 for any headers', () => {
    const anyValue = fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String), fc.constantFrom('', date, '60', '1790000000'));
    const anyHeaders = fc.dictionary(fc.constantFrom('retry-after', 'date', ...resetNames), anyValue);
    fc.assert(fc.property(fc.integer({ min: 100, max: 599 }).chain((status) => fc.constantFrom(status, 429, 503)), anyHeaders, (status, headers) => {
      expect(serverWaitMs({ status, headers })).toSatisfy((ms: number | null) => ms === null || (Number.isFinite(ms) && ms >= 0));
    }));
  });
});
