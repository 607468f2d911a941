/**
 * The limits of one exchange over HTTP: time and size.
 */
import { checkUpTo, longestTimerMs } from '../checks.js';
import { maxBodyBytes as defaultMaxBodyBytes } from './transport.js';

/** The limits of one request. */
export interface TransportLimits {
  /**
   * How long a request may take in ms, including its time in a queue.
   * Default: 60 000, so that a client's own `requestTimeoutMs` of 30 s comes first.
   */
  readonly timeoutMs?: number | undefined;
  /** The largest response body, in bytes after decoding. Default: `maxBodyBytes`, 8 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

/**
 * Fills in the defaults.
 *
 * Throws `RangeError` unless each limit is above 0, and at most what a timer or a counter can hold.
 */
export const checkLimits = ({
  timeoutMs = 60_000,
  maxBodyBytes = defaultMaxBodyBytes,
}: TransportLimits): { readonly timeoutMs: number; readonly maxBodyBytes: number } => ({
  timeoutMs: checkUpTo(longestTimerMs, 'timeoutMs', timeoutMs),
  maxBodyBytes: checkUpTo(Number.MAX_SAFE_INTEGER, 'maxBodyBytes', maxBodyBytes),
});
