/**
 * Parses and formats durations for people. Pure.
 */

const unitsMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** Hours, minutes, seconds and milliseconds, in this order. Each is optional and may have a fraction. */
const written = /^(?:(?<h>\d+(?:\.\d+)?)h)?(?:(?<m>\d+(?:\.\d+)?)m(?!s))?(?:(?<s>\d+(?:\.\d+)?)s)?(?:(?<ms>\d+(?:\.\d+)?)ms)?$/;

/**
 * Parses a duration such as `90s`, `30m`, `1h30m` or `250ms`.
 *
 * @returns ms
 * Throws `RangeError` unless `text` is such a duration above 0.
 * @example parseDuration('--deadline', '1h30m') // 5_400_000
 */
export const parseDuration = (option: string, text: string): number => {
  const parts = written.exec(text)?.groups ?? {};
  const ms = Math.round(Object.entries(unitsMs).reduce((sum, [unit, unitMs]) => sum + Number(parts[unit] ?? 0) * unitMs, 0));
  if (ms > 0 && Number.isSafeInteger(ms)) return ms;
  throw new RangeError(`${option} must be a duration such as 90s, 30m or 1h30m, not '${text}'`);
};

/**
 * Formats a duration: `8 s`, `1:05`, `2 h 10 min`, `3 days`. A negative one is `0 s`.
 *
 * @example forPeople(65_000) // '1:05'
 */
export const forPeople = (ms: number): string => {
  const seconds = Math.max(0, Math.ceil(ms / unitsMs.s));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, '0')}`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
};
