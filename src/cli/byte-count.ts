/**
 * Formats numbers of bytes for people. Pure.
 */

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/**
 * Formats a number of bytes in powers of 1000: `950 B`, `31 kB`, `4.2 MB`.
 *
 * @example bytesForPeople(4_200_000) // '4.2 MB'
 */
export const bytesForPeople = (bytes: number): string => {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const count = bytes / 1000 ** power;
  return `${power > 1 && count < 100 ? count.toFixed(1) : String(Math.floor(count))} ${units[power] ?? 'B'}`;
};
