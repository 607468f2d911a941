/** That a virtual server's limits accept and refuse what a real one would. */
import { describe, expect, it } from 'vitest';
import { createLimit } from './request-limit.mjs';

/** How many requests out of one every `everyMs` are accepted from `fromMs` to `toMs`. */
const acceptedOf = (pass: (nowMs: number) => number, everyMs: number, fromMs: number, toMs: number) => {
  let accepted = 0;
  for (let nowMs = fromMs; nowMs < toMs; nowMs += everyMs) accepted += Number(pass(nowMs) === 0);
  return accepted;
};

const halved = (nowMs: number) => (nowMs < 150_000 ? 120 : 60);

describe('a sliding window', () => {
  it('accepts all of a minute at once, and says when the next is free', () => {
    const pass = createLimit({ perMinute: 3, window: 'sliding' });
    expect([0, 10, 20, 1_000, 59_999, 60_000, 60_001].map(pass)).toEqual([0, 0, 0, 59_000, 1, 0, 9]);
  });

  it('does not count what it refuses', () => {
    const pass = createLimit({ perMinute: 120, window: 'sliding' });
    expect(acceptedOf(pass, 100, 0, 60_000)).toBe(120);
    expect(acceptedOf(pass, 100, 60_000, 120_000)).toBe(120);
  });

  it('refuses until the last minute fits a limit that was halved', () => {
    const pass = createLimit({ perMinute: halved, window: 'sliding' });
    expect(acceptedOf(pass, 500, 0, 150_000)).toBe(300);
    // Of the minute before, 60 are left at 180 s.
    expect(acceptedOf(pass, 500, 150_000, 180_000)).toBe(0);
    expect(pass(180_000)).toBe(0);
  });
});

describe('a token bucket', () => {
  it('accepts 20 at once, then as many as it is filled with', () => {
    const pass = createLimit({ perMinute: 120, window: 'token-bucket' });
    expect(acceptedOf(pass, 1, 0, 40)).toBe(20);
    expect(acceptedOf(pass, 100, 500, 60_500)).toBe(120);
  });

  it('says when the next token is there', () => {
    const pass = createLimit({ perMinute: 60, window: 'token-bucket' });
    expect(Array.from({ length: 22 }, () => pass(0)).slice(19)).toEqual([0, 1_000, 1_000]);
    expect([250, 1_000].map(pass)).toEqual([750, 0]);
  });

  it('never holds more than 20', () => {
    const pass = createLimit({ perMinute: 120, window: 'token-bucket' });
    expect(acceptedOf(pass, 1, 3_600_000, 3_600_040)).toBe(20);
  });

  it('fills half as fast once the limit is halved', () => {
    const pass = createLimit({ perMinute: halved, window: 'token-bucket' });
    expect(acceptedOf(pass, 100, 0, 150_000)).toBe(20 + 299);
    expect(acceptedOf(pass, 100, 150_000, 210_000)).toBe(60);
  });
});
