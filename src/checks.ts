/**
 * Checks of options. Each throws an error that names the field and the value.
 */

/** The longest wait of a platform timer: one of 2^31 ms or more fires at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** Whether a value is an object or an array. */
export const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Throws `TypeError` unless the value is a function. */
export const checkFunction = (field: string, value: unknown): void => {
  if (typeof value !== 'function') throw new TypeError(`${field} must be a function, not ${String(value)}`);
};

/** Throws `TypeError` unless the value is a boolean. */
export const checkBoolean = (field: string, value: unknown): void => {
  if (typeof value !== 'boolean') throw new TypeError(`${field} must be true or false, not ${String(value)}`);
};

/** Throws `RangeError` unless the count is an integer ≥ `least`. */
export const checkCount = (field: string, count: number, least = 1): void => {
  if (!Number.isSafeInteger(count) || count < least) throw new RangeError(`${field} must be an integer ≥ ${least}, not ${String(count)}`);
};

/** Throws `RangeError` unless the value is finite and ≥ `least`. */
export const checkAtLeast = (least: number, field: string, value: number): void => {
  if (!Number.isFinite(value) || value < least) throw new RangeError(`${field} must be finite and ≥ ${least}, not ${String(value)}`);
};

/** Throws `RangeError` unless the value is a finite number of ms > 0. */
export const checkPositive = (field: string, ms: number): void => {
  if (!Number.isFinite(ms) || ms <= 0) throw new RangeError(`${field} must be a finite number of ms above 0, not ${String(ms)}`);
};

/** Returns the value. Throws `RangeError` unless 0 < value ≤ `most`. */
export const checkUpTo = (most: number, field: string, value: number, what = 'number'): number => {
  if (typeof value === 'number' && value > 0 && value <= most) return value;
  throw new RangeError(`${field} must be a ${what} above 0, at most ${most}, not ${String(value)}`);
};
