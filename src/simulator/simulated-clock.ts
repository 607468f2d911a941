/**
 * The clock of simulated time: it equals real time at its origin and runs at `speed`× real time from there.
 */

/**
 * Returns a clock, in whole ms since the epoch. All clocks of one speed and origin agree. A clock never goes back and does not
 * follow changes of the system clock.
 *
 * @param originMs the instant at which simulated and real time are the same; default: the start of the process
 * Throws `RangeError` unless `speed` is finite and > 0, and `originMs` is finite.
 */
export const simulatedClock = (speed: number, originMs: number = performance.timeOrigin): (() => number) => {
  if (!Number.isFinite(speed) || speed <= 0) throw new RangeError(`speed must be finite and > 0; it is ${String(speed)}`);
  if (!Number.isFinite(originMs)) throw new RangeError(`originMs must be finite; it is ${String(originMs)}`);
  return () => Math.floor(originMs + (performance.timeOrigin - originMs + performance.now()) * speed);
};
