/**
 * Errors of usage: printed in one line, with exit code 2. They hold no keys.
 */
import { messageOf } from '../state/errors.js';

/** The command line is invalid. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs `check`, and turns its `RangeError` or `TypeError` into a `UsageError`.
 *
 * @example orUsageError(() => parseDuration('--deadline', text))
 */
export const orUsageError = <Checked>(check: () => Checked): Checked => {
  try {
    return check();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
};

/** The error for a file that cannot be used: the system's message without the call and the path. */
export const fileError = (option: string, path: string, error: unknown): UsageError =>
  new UsageError(`${option} ${path}: ${messageOf(error).replace(/, \w+( '.*')?$/s, '')}`);
