/**
 * What is wrong with a command line: told to the user in one line, with exit code 2. Never holds a key.
 */
import { messageOf } from '../state/errors.js';

/** The command line cannot be obeyed as it stands. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * What `check` gives; what it complains about as a `RangeError` or `TypeError` becomes a `UsageError`.
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

/** A file that an option names and that cannot be used: what the system says of it, without the call and without the path again. */
export const fileError = (option: string, path: string, error: unknown): UsageError =>
  new UsageError(`${option} ${path}: ${messageOf(error).replace(/, \w+( '.*')?$/s, '')}`);
