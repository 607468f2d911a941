/**
 * Checks a path that is given as an option.
 */

/** Throws `TypeError` unless `value` is a non-empty string without NUL. */
export const checkPath = (field: string, value: unknown): void => {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return;
  throw new TypeError(`${field} must be a path, not ${JSON.stringify(value) ?? 'undefined'}`);
};
