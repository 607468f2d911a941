/**
 * What bounds one exchange over HTTP: a time and a size, checked once. Knows no HTTP client.
 */
import { maxBodyBytes as defaultMaxBodyBytes } from './transport.js';

/** The bounds of one request. */
export interface TransportLimits {
  /**
   * How long a request may take in ms, its time in a queue included.
   * Default: 60 000, so that the 30 s of a client's own `askTimeoutMs` come first.
   */
  readonly timeoutMs?: number;
  /** The largest answer, in bytes after decoding. Default: `maxBodyBytes`, 1 MiB. */
  readonly maxBodyBytes?: number;
}

/**
 * Fills in the defaults.
 *
 * Errors: `RangeError` for a limit that is not above 0, or that no timer or counter can keep.
 */
export const checkLimits = ({
  timeoutMs = 60_000,
  maxBodyBytes = defaultMaxBodyBytes,
}: TransportLimits): Required<TransportLimits> => ({
  timeoutMs: checkUpTo(longestTimerMs, 'timeoutMs', timeoutMs),
  maxBodyBytes: checkUpTo(Number.MAX_SAFE_INTEGER, 'maxBodyBytes', maxBodyBytes),
});

/** A platform's timer fires at once for 2^31 ms and more. */
const longestTimerMs = 2 ** 31 - 1;

const checkUpTo = (most: number, field: string, value: number): number => {
  if (typeof value === 'number' && value > 0 && value <= most) return value;
  throw new RangeError(`${field} must be a number above 0, at most ${most}, not ${String(value)}`);
};
