/**
 * Reads from a signed link when it expires.
 * Source: object-storage links of Volcengine TOS carry `X-Tos-Date` (UTC, basic ISO 8601) and `X-Tos-Expires` (seconds).
 */
const signedAt = /[?&]X-Tos-Date=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:&|$)/i;
const livesFor = /[?&]X-Tos-Expires=(\d{1,9})(?:&|$)/i;

/**
 * When a link expires, by its own signature. Source: links of Volcengine TOS.
 *
 * @param url a link, signed or not
 * @returns the instant of expiry in ms; null for a link without such a signature
 * @example signedUntilMs('https://…?X-Tos-Date=20250702T033502Z&X-Tos-Expires=86400') // 1751513702000
 */
export const signedUntilMs = (url: string): number | null => {
  const date = signedAt.exec(url);
  const seconds = livesFor.exec(url)?.[1];
  if (date === null || seconds === undefined) return null;
  const [year, month, day, hour, minute, second] = date.slice(1);
  const signedAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return signedAtMs > 0 ? signedAtMs + Number(seconds) * 1000 : null;
};
