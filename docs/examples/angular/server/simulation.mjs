// @ts-check
/** Simulated providers for the page: two dozen tasks with all outcomes and some faults, then one more every few seconds. */
import { concat, concatMap, delay, distinctUntilChanged, EMPTY, filter, first, from, interval, map, of, scan, switchMap, take } from 'rxjs';
import { account } from 'rx-seedance';
import { atSpeed, simulatedProviders, startSimulator } from 'rx-seedance/simulator';
import { providers } from './providers.mjs';

/** @typedef {import('rx-seedance/simulator').SimulatedProvider} SimulatedProvider */
/** @typedef {readonly [provider: SimulatedProvider, prompt: string, plan?: import('rx-seedance/simulator').Submission]} Planned */

/** @type {readonly Planned[]} */
const plans = [
  ['ark', 'A paper boat sails down a gutter in the rain', { queueMs: 0, runMs: 8_000 }],
  ['kyyaipower', 'Fog rolls over a pine forest at sunrise, drone shot', { queueMs: 0, runMs: 16_000 }],
  ['powertokens', 'Lighthouse at dusk, waves break in slow motion', { queueMs: 0, runMs: 24_000 }],
  ['xingchao', 'Close-up of an espresso as it pours, warm light', { queueMs: 0, runMs: 48_000 }],
  ['yescale', 'A tram crosses a bridge in the snow, 35 mm film', { outcome: 'succeeds' }],
  ['anyfast', 'Hot-air balloons drift over Cappadocia', { outcome: 'succeeds' }],
  ['ark', 'Skyline of a harbour city from day to night, time lapse', { outcome: 'succeeds', durationMs: 12_000 }],
  ['powertokens', 'Koi swim under lily pads, seen from above', { outcome: 'succeeds' }],
  ['yescale', 'A red kite over dunes, wide shot', { outcome: 'succeeds' }],
  ['kyyaipower', 'Glass of water on a train table, mountains pass by', { outcome: 'succeeds', resolution: '1080p' }],
  ['xingchao', 'An origami crane unfolds itself', { outcome: 'succeeds', resolution: '480p' }],
  ['anyfast', 'Aurora over a frozen lake, long exposure', { outcome: 'succeeds', ultra: true }],
  ['ark', 'A famous singer at a concert', { outcome: 'moderated' }],
  ['powertokens', 'Desert road at noon, heat haze', { outcome: 'cancelled' }],
  ['yescale', 'A bicycle bell, macro, shallow focus', { outcome: 'succeeds' }],
  ['kyyaipower', 'Rain on a tent, seen from inside', { outcome: 'cancelled' }],
  ['xingchao', 'Vineyard rows in autumn, slow pan', { outcome: 'succeeds' }],
  ['anyfast', 'Jellyfish in dark water', { outcome: 'succeeds' }],
  ['ark', 'Clouds over the Alps from a plane window', { outcome: 'expires' }],
  ['powertokens', 'A cat watches snow through a window', { outcome: 'disappears' }],
  ['yescale', 'Street food stall at night, steam and neon', { outcome: 'fails' }],
  ['kyyaipower', 'A violin maker at her bench', { outcome: 'fails' }],
  ['xingchao', 'Sunflowers turn to the sun, time lapse', { outcome: 'fails' }],
  ['anyfast', 'A crowd cheers in a stadium', { outcome: 'moderated' }],
];

/** The tasks that arrive after the first two dozen. @type {readonly string[]} */
const later = [
  'A fox crosses a meadow in the morning mist', 'Old harbour cranes at blue hour', 'Bread rises in an oven, time lapse', 'A kayak on a mirror-like lake',
  'Lanterns float up into the night', 'Wheat field in the wind, golden hour', 'A chess clock is pressed, close-up', 'Tide comes in over black sand',
];

/**
 * Starts the simulator, and returns what is needed to watch its tasks.
 *
 * @param {object} [options]
 * @param {number} [options.speed] the speed of the simulator's clock; 1 is real time
 * @param {number} [options.faultRate] the ratio of requests that get a fault
 */
export const startSimulation = async ({ speed = 8, faultRate = 0.06 } = {}) => {
  const simulator = await startSimulator({ speed, seed: 24, faults: { rate: faultRate } });

  /** @param {Planned} planned */
  const submit = ([provider, prompt, plan]) => {
    const request = { content: [{ type: 'text', text: prompt }], prompt, return_last_frame: true };
    return { task: simulator.submit(provider, { ...plan, request }), prompt };
  };

  /**
   * The tasks that arrive while a page is open: two dozen at once, then one every 12 s of real time.
   *
   * @param {import('rxjs').Observable<number>} readers the number of open pages
   */
  const submissions = (readers) => {
    const hasReader = readers.pipe(map((count) => count > 0), distinctUntilChanged());
    const planned = from(plans).pipe(concatMap((plan, index) => of(plan).pipe(delay(index === 0 ? 0 : 150))));
    const more = hasReader.pipe(
      switchMap((isOpen) => (isOpen ? interval(12_000) : EMPTY)),
      scan((count) => count + 1, -1),
      take(500),
      map((count) => /** @type {Planned} */ ([simulatedProviders[count % simulatedProviders.length], later[count % later.length]])),
    );
    return hasReader.pipe(filter(Boolean), first(), switchMap(() => concat(planned, more)), map(submit));
  };

  return {
    speed,
    scheduler: atSpeed(speed),
    accounts: providers.map((provider) => {
      const id = /** @type {SimulatedProvider} */ (provider.id);
      return account(provider, { apiKey: simulator.apiKey(id), baseUrl: simulator.baseUrl(id) });
    }),
    submissions,
  };
};
