/**
 * What is wrong with a command line: told to the user in one line, with exit code 2. Never holds a key.
 */

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
