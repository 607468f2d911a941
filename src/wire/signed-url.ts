/**
 * Reads from a signed link when it expires.
 * Source: the documentation of the object stores and CDNs that sign links. TOS, S3, Google and OSS: `X-Tos-Date`, `X-Amz-Date`, `X-Goog-Date`
 * or `x-oss-date` (UTC, basic ISO 8601) and `…-Expires` (seconds). OSS of version 1, and S3 and Google of version 2: `Expires` (Unix seconds).
 * COS: `q-sign-time` (Unix seconds of the start, then of the end). CDNs of ByteDance: `x-expires` (Unix seconds). CDNs of Volcengine and
 * Aliyun: `auth_key`, which begins with Unix seconds. Azure: `se` (ISO 8601).
 */
const signedAt = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
/** Unix seconds, with the start of the period before them or other parts after them. */
const unixSeconds = /^(?:\d{10};)?(\d{10})(?:-.*)?$/;

/** The parameters that say when a link expires. Their values may have encoded colons and semicolons. */
const parameters = /(?:^\?|&)(x-(?:tos|amz|goog|oss)-(?:date|expires)|(?:x-)?expires|auth_key|q-sign-time|se|sig)(?:=([^&#=]*))?(?=[&#=]|$)/gi;

/** The instant of a basic ISO 8601 date, or NaN. */
const instantOf = (date: string): number => {
  const [, year, month, day, hour, minute, second] = signedAt.exec(date) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};

/** The end that a parameter names, together with the others; NaN for none. */
const endIn = (name: string, value: string, query: ReadonlyMap<string, string>): number => {
  switch (name) {
    case 'expires':
    case 'x-expires':
    case 'auth_key':
    case 'q-sign-time':
      return Number(unixSeconds.exec(value)?.[1]) * 1000;
    case 'se':
      return query.has('sig') ? Date.parse(value) : Number.NaN;
    default:
      return name.endsWith('-expires') && /^\d{1,9}$/.test(value) ? instantOf(query.get(name.replace('expires', 'date')) ?? '') + Number(value) * 1000 : Number.NaN;
  }
};

/**
 * When a link expires, by its own signature: the earliest end that it names.
 *
 * @param url a link, signed or not
 * @returns the instant of expiry in ms; null for a link without such a signature
 * @example signedUntilMs('https://…?X-Tos-Date=20250702T033502Z&X-Tos-Expires=86400') // 1751513702000
 */
export const signedUntilMs = (url: string): number | null => {
  const start = url.indexOf('?');
  if (start < 0) return null;
  const query = new Map<string, string>();
  for (const [, name = '', value = ''] of url.slice(start).split('#', 1).join('').matchAll(parameters)) {
    query.set(name.toLowerCase(), value.includes('%') ? value.replace(/%3[ab]/gi, decodeURIComponent) : value);
  }
  let earliestMs = Infinity;
  for (const [name, value] of query) {
    const endMs = endIn(name, value, query);
    if (endMs > 0) earliestMs = Math.min(earliestMs, endMs);
  }
  return earliestMs === Infinity ? null : earliestMs;
};
