import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signedUntilMs } from '../../src/wire/signed-url.js';

const stampOf = (ms: number): string => new Date(ms).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
const anySecond = fc.integer({ min: 1, max: 4_102_444_799 }).map((seconds) => seconds * 1000);
const anySpan = fc.integer({ min: 0, max: 999_999_999 });

describe('signedUntilMs', () => {
  it("reads the page's own sample: 24 h after the signature", () => {
    const url = 'https://x.example/a.mp4?X-Tos-Algorithm=TOS4-HMAC-SHA256&X-Tos-Date=20250702T033502Z&X-Tos-Expires=86400&X-Tos-SignedHeaders=host';
    expect(signedUntilMs(url)).toBe(Date.UTC(2025, 6, 3, 3, 35, 2));
  });

  it('adds the seconds to the date of the signature, in any order and among other parameters', () => {
    fc.assert(fc.property(anySecond, anySpan, fc.webUrl(), fc.boolean(), (atMs, seconds, base, reversed) => {
      const signature = [`X-Tos-Date=${stampOf(atMs)}`, 'X-Tos-Credential=AK%2Fx', `X-Tos-Expires=${seconds}`];
      const url = `${base}?a=b&${(reversed ? signature.reverse() : signature).join('&')}`;
      expect(signedUntilMs(url)).toBe(atMs + seconds * 1000);
    }));
  });

  it.each([
    ['S3', 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260421T093000Z&X-Amz-Expires=3600&X-Amz-Signature=00', Date.UTC(2026, 3, 21, 10, 30)],
    ['Google', 'X-Goog-Date=20260421T093000Z&X-Goog-Expires=600&X-Goog-Signature=00', Date.UTC(2026, 3, 21, 9, 40)],
    ['OSS', 'OSSAccessKeyId=x&Expires=1777375234&Signature=a%2Bb', 1_777_375_234_000],
    ['OSS of version 4', 'x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-date=20260421T093000Z&x-oss-expires=900&x-oss-signature=00', Date.UTC(2026, 3, 21, 9, 45)],
    ['COS', 'q-sign-algorithm=sha1&q-sign-time=1777370000;1777375234&q-key-time=1777370000;1777375234&q-signature=00', 1_777_375_234_000],
    ['COS in a relay that escapes it', 'q-sign-time=1777370000%3B1777375234&q-signature=00', 1_777_375_234_000],
    ['a CDN of ByteDance', 'lk3s=1&x-expires=1777375234&x-signature=a', 1_777_375_234_000],
    ['a CDN of Volcengine', 'preview=1&auth_key=1777375234-0-0-9e107d9d372bb6826bd81d3542a419d6', 1_777_375_234_000],
    ['Azure', 'sp=r&se=2026-03-01T08%3A00%3A00Z&sig=a', Date.UTC(2026, 2, 1, 8)],
    ['a proxy that has the signed link in its query', 'url=https://y.example/a.mp4?X-Tos-Date=20260421T093000Z&X-Tos-Expires=60', Date.UTC(2026, 3, 21, 9, 31)],
    ['two signatures: the earlier end', 'Expires=1777375234&X-Amz-Date=20260421T093000Z&X-Amz-Expires=60#t=1', Date.UTC(2026, 3, 21, 9, 31)],
  ])('reads the end of a link of %s', (_, query, endMs) => {
    expect(signedUntilMs(`https://x.example/a.mp4?${query}`)).toBe(endMs);
  });

  it('reads the names in any letter case', () => {
    expect(signedUntilMs('https://x.example/?x-tos-date=20250702T033502Z&x-tos-expires=60')).toBe(Date.UTC(2025, 6, 2, 3, 36, 2));
  });

  it.each([
    'https://x.example/a.mp4',
    'https://x.example/a.mp4?X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=20250702T033502Z',
    'https://x.example/a.mp4?X-Tos-Date=&X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=20250702&X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=2025-07-02T03:35:02Z&X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=20251302T033502Z&X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=20250732T033502Z&X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=20250702T253502Z&X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=20250702T036102Z&X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=20250702T033502Z&X-Tos-Expires=-1',
    'https://x.example/a.mp4?X-Tos-Date=20250702T033502Z&X-Tos-Expires=day',
    'https://x.example/a.mp4?X-Tos-Date=20250702T033502Z&X-Tos-Expires=',
    'https://x.example/a.mp4?X-Tos-Date=20250702T033502Z&X-Tos-Expires=99999999999999999999',
    'https://x.example/a.mp4?Not-X-Tos-Date=20250702T033502Z&Not-X-Tos-Expires=86400',
    'https://x.example/X-Tos-Date=20250702T033502Z&X-Tos-Expires=86400',
    'https://x.example/a.mp4?X-Tos-Date=20250702T033502Z&X-Amz-Expires=86400',
    'https://x.example/a.mp4?Expires=3600',
    'https://x.example/a.mp4?q-sign-time=1777370000;',
    'https://x.example/a.mp4?x-oss-date=20260421T093000Z&x-oss-expires=1777375234',
    'https://x.example/a.mp4?Expires=soon&auth_key=a-1777375234',
    'https://x.example/a.mp4?se=2026-03-01T00%3A00%3A00Z',
    'https://x.example/a.mp4?sig=x&se=tomorrow',
    'https://x.example/Expires=1777375234',
    '',
  ])('finds no end in %s', (url) => {
    expect(signedUntilMs(url)).toBeNull();
  });

  it('finds no end before 1970', () => {
    expect(signedUntilMs('https://x.example/?X-Tos-Date=19000101T000000Z&X-Tos-Expires=86400')).toBeNull();
    expect(signedUntilMs('https://x.example/?X-Tos-Date=00000101T000000Z&X-Tos-Expires=86400')).toBeNull();
  });

  it('gives null or a safe integer above 0 for any text', () => {
    const anyPart = fc.oneof(fc.constantFrom('?', '&', 'X-Tos-Date=', 'X-Tos-Expires=', '20250702T033502Z', '99999999T999999Z', '86400'), fc.string());
    fc.assert(fc.property(fc.array(anyPart), (parts) => {
      expect(signedUntilMs(parts.join(''))).toSatisfy((ms: number | null) => ms === null || (Number.isSafeInteger(ms) && ms > 0));
    }));
  });
});
