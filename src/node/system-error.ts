/**
 * The codes of system errors, such as `ENOENT`.
 */

/** The code of a system error; null for any other value. */
export const codeOf = (error: unknown): string | null => (error instanceof Error && 'code' in error ? String(error.code) : null);
