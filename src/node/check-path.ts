/**
 * The check of a path that is given as an option.
 */

/** Errors: `TypeError` that names the field and the value. */
export const checkPath = (field: string, value: unknown): void => {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return;
  throw new TypeError(`${field} must be a path, not ${JSON.stringify(value) ?? 'undefined'}`);
};
