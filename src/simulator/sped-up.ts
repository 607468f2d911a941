/**
 * A provider in the time of a simulator that is faster than the real one. Pure; reads nothing but the provider's own facts.
 */
import type { Provider } from '../wire/provider.js';

/**
 * The same provider, with its pace and its expected times divided by a simulator's `speed`: the floor of 10 s is 250 ms at 40.
 * For demos and tests alone: a real server wants its real pace.
 *
 * Errors: `RangeError` for a speed that is no finite number above 0.
 * @example account(spedUp(anyfast, 40), { apiKey: simulator.apiKey('anyfast'), baseUrl: simulator.baseUrl('anyfast') })
 */
export const spedUp = <Id extends string>(provider: Provider<Id>, speed: number): Provider<Id> => {
  if (!Number.isFinite(speed) || speed <= 0) throw new RangeError(`speed must be a finite number above 0; it is ${speed}`);
  return {
    ...provider,
    pacing: (hints) => {
      const { floorMs, minMs, maxMs } = provider.pacing(hints);
      return { floorMs: floorMs / speed, minMs: minMs / speed, maxMs: maxMs / speed };
    },
    expectedTimeMs: (hints) => {
      const time = provider.expectedTimeMs(hints);
      return time && { minMs: time.minMs / speed, maxMs: time.maxMs / speed };
    },
  };
};
