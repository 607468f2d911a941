/**
 * What bounds one exchange over HTTP: a time and a size, checked once. Knows no HTTP client.
 */
import { checkUpTo, longestTimerMs } from '../checks.js';
import { maxBodyBytes as defaultMaxBodyBytes } from './transport.js';

/** The bounds of one request. */
export interface TransportLimits {
  /**
   * How long a request may take in ms, its time in a queue included.
   * Default: 60 000, so that the 30 s of a client's own `requestTimeoutMs` come first.
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
