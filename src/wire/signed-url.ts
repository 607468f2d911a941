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

/** The instant of a basic ISO 8601 date, or NaN. */
const instantOf = (date: string): number => {
  const [, year, month, day, hour, minute, second] = signedAt.exec(date) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};

/** The ends that the parameters of a query name; NaN for those that it does not have. Names are in lower case. */
const endsIn = (query: ReadonlyMap<string, string>): readonly number[] => [
  ...['x-tos', 'x-amz', 'x-goog', 'x-oss'].map((vendor) => {
    const seconds = query.get(`${vendor}-expires`) ?? '';
    return /^\d{1,9}$/.test(seconds) ? instantOf(query.get(`${vendor}-date`) ?? '') + Number(seconds) * 1000 : Number.NaN;
  }),
  ...['expires', 'x-expires', 'auth_key', 'q-sign-time'].map((name) => Number(unixSeconds.exec(query.get(name) ?? '')?.[1]) * 1000),
  query.has('sig') ? Date.parse(query.get('se') ?? '') : Number.NaN,
];

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
  const query = new Map(url.slice(start + 1).split('#', 1).join('').split('&').map((pair): [string, string] => {
    const [name = '', value = ''] = pair.split('=', 2);
    return [name.toLowerCase(), value.replace(/%3[ab]/gi, decodeURIComponent)];
  }));
  const ends = endsIn(query).filter((ms) => ms > 0);
  return ends.length === 0 ? null : Math.min(...ends);
};
