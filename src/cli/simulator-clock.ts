/**
 * The clock of a simulator in another process. `simulate` prints it as variables, and the other commands read them.
 */
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { atSpeed } from '../simulator/index.js';
import { valueIn, type Variables } from './environment.js';
import { UsageError } from './usage-error.js';

/** The variable for the speed of the simulator's clock, as a multiple of real time. */
export const speedVariable = 'RX_SEEDANCE_SPEED';

/** The variable for the instant at which the simulator's clock and real time are equal, in ms since the epoch. */
export const originVariable = 'RX_SEEDANCE_ORIGIN_MS';

/**
 * The variables that describe the clock of a simulator in this process. None at a speed of 1, which is real time.
 *
 * @example clockVariables(60) // { RX_SEEDANCE_SPEED: '60', RX_SEEDANCE_ORIGIN_MS: '1790000000000.25' }
 */
export const clockVariables = (speed: number): Readonly<Record<string, string>> =>
  speed === 1 ? {} : { [speedVariable]: String(speed), [originVariable]: String(performance.timeOrigin) };

/**
 * The providers' clock: that of a simulator if the variables describe one, else real time.
 *
 * Errors: `UsageError` for a speed without an origin, and for a value that is not a number above 0.
 */
export const schedulerFor = (variables: Variables): SchedulerLike => {
  const speed = numberIn(variables, speedVariable);
  if (speed === null) return asyncScheduler;
  const originMs = numberIn(variables, originVariable);
  if (originMs === null) throw new UsageError(`${speedVariable} needs ${originVariable}: take both from the output of rx-seedance simulate`);
  return atSpeed(speed, originMs);
};

const numberIn = (variables: Variables, name: string): number | null => {
  const text = valueIn(variables, name);
  if (text === null) return null;
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value) || value <= 0) throw new UsageError(`${name} must be a number > 0, not '${text}'`);
  return value;
};
