// @ts-check
/** Simulates two dozen tasks of six providers, with all outcomes and some faults. */
import { account } from 'rx-seedance';
import { atSpeed, simulatedProviders, startSimulator } from 'rx-seedance/simulator';
import { providers } from './providers.mjs';

/** The outcomes of each provider's four tasks. */
const plans = /** @type {const} */ ({
  ark: [{ outcome: 'succeeds' }, { outcome: 'succeeds', durationMs: 12_000 }, { outcome: 'moderated' }, { outcome: 'expires' }],
  powertokens: [{ outcome: 'succeeds' }, { outcome: 'succeeds' }, { outcome: 'cancelled' }, { outcome: 'disappears' }],
  yescale: [{ outcome: 'succeeds' }, { outcome: 'succeeds' }, { outcome: 'succeeds' }, { outcome: 'fails' }],
  kyyaipower: [{ outcome: 'succeeds' }, { outcome: 'succeeds', resolution: '1080p' }, { outcome: 'cancelled' }, { outcome: 'fails' }],
  xingchao: [{ outcome: 'succeeds' }, { outcome: 'succeeds', resolution: '480p' }, { outcome: 'succeeds' }, { outcome: 'fails' }],
  anyfast: [{ outcome: 'succeeds' }, { outcome: 'succeeds', ultra: true }, { outcome: 'succeeds' }, { outcome: 'moderated' }],
});

/**
 * Starts the simulator and its tasks, and returns what is needed to watch them: accounts and a scheduler.
 *
 * @param {object} [options]
 * @param {number} [options.speed] the speed of the simulator's clock; 1 is real time
 * @param {number} [options.faultRate] the ratio of requests that get a fault
 */
export const startSimulation = async ({ speed = 8, faultRate = 0.08 } = {}) => {
  const simulator = await startSimulator({ speed, seed: 24, faults: { rate: faultRate } });
  return {
    simulator,
    speed,
    scheduler: atSpeed(speed),
    accounts: providers.map((provider) =>
      account(provider, {
        apiKey: simulator.apiKey(/** @type {import('rx-seedance/simulator').SimulatedProvider} */ (provider.id)),
        baseUrl: simulator.baseUrl(/** @type {import('rx-seedance/simulator').SimulatedProvider} */ (provider.id)),
      }),
    ),
    tasks: [0, 1, 2, 3].flatMap((index) => simulatedProviders.map((id) => simulator.submit(id, plans[id][index] ?? {}))),
    /** Tasks that are not watched yet. */
    spare: [simulator.submit('anyfast'), simulator.submit('ark', { queueMs: 60_000 })],
  };
};
