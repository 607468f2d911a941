/**
 * Reads from a signed link when it expires.
 * Source: the documentation of the object stores and CDNs that sign links. TOS, S3, Google and OSS: `X-Tos-Date`, `X-Amz-Date`, `X-Goog-Date`
 * or `x-oss-date` (UTC, basic ISO 8601) and `…-Expires` (seconds). OSS of version 1, and S3 and Google of version 2: `Expires` (Unix seconds).
 * COS: `q-sign-time` (Unix seconds of the start, then of the end). CDNs of ByteDance: `x-expires` (Unix seconds). CDNs of Volcengine and
 * Aliyun: `auth_key`, which begins with Unix seconds. Azure: `se` (ISO 8601).
 */
const period = /[?&](x-(?:tos|amz|goog|oss))-expires=(\d{1,9})(?![^&])/i;
const startOf = (signature: string): RegExp => new RegExp(`[?&]${signature}-date=(\\d{4})(\\d\\d)(\\d\\d)T(\\d\\d)(\\d\\d)(\\d\\d)Z(?![^&])`, 'i');
/** Unix seconds, with the start of the period before them or other parts after them. */
const unixEnd = /[?&](?:(?:x-)?expires|auth_key|q-sign-time)=(?:\d{10}(?:;|%3b))?(\d{10})(?![^&-])/gi;
const azureEnd = /[?&]se=([^&]*)/i;

/** The ends that a query names; NaN for those that it does not name. */
const endsIn = (query: string): readonly number[] => {
  const [, signature = '', seconds] = period.exec(query) ?? [];
  const [, year, month, day, hour, minute, second] = startOf(signature).exec(query) ?? [];
  return [
    Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + Number(seconds) * 1000,
    ...[...query.matchAll(unixEnd)].map(([, end]) => Number(end) * 1000),
    /[?&]sig=/i.test(query) ? Date.parse((azureEnd.exec(query)?.[1] ?? '').replace(/%3a/gi, ':')) : Number.NaN,
  ];
};

/**
 * When a link expires, by its own signature: the earliest end that it names.
 *
 * @param url a link, signed or not
 * @returns the instant of expiry in ms; null for a link without such a signature
 * @example signedUntilMs('https://…?X-Tos-Date=20250702T033502Z&X-Tos-Expires=86400') // 1751513702000
 */
export const signedUntilMs = (url: string): number | null => {
  const query = /\?[^#]*/.exec(url)?.[0];
  const ends = query === undefined ? [] : endsIn(query).filter((ms) => ms > 0);
  return ends.length === 0 ? null : Math.min(...ends);
};
