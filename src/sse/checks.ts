/**
 * Times that options may hold, checked once.
 */
import { longestTimerMs } from '../poll/rest.js';

/** Errors: `RangeError` that names the field, for what is no number of ms above 0 that a timer can keep. */
export const checkWithin = (field: string, ms: number): void => {
  if (typeof ms !== 'number' || !(ms > 0 && ms <= longestTimerMs)) {
    throw new RangeError(`${field} must be a number of ms above 0, at most ${longestTimerMs}, not ${String(ms)}`);
  }
};

/** Errors: `RangeError` that names the field, for what is no finite number of ms from 0. */
export const checkFrom = (field: string, ms: number): void => {
  if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`${field} must be a finite number of ms from 0, not ${String(ms)}`);
};
