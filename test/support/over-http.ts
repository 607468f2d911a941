/**
 * For tests over real HTTP: the providers that the simulator plays, and the transports for Node.
 */
import { Agent } from 'undici';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { undiciTransport } from '../../src/adapters/undici.js';
import { account, createTaskClient, type Transport } from '../../src/index.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { atSpeed, type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.js';

const speed = 100;

export const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast] as const;

export const adapters: readonly (readonly [string, () => Transport])[] = [
  ['undici', () => undiciTransport({ dispatcher: new Agent() })],
  ['fetch', () => fetchTransport()],
];

const started: Simulator[] = [];

/** Stops the simulators of `setUp`. Call it after each test. */
export const stopSimulators = async (): Promise<void> => {
  await Promise.all(started.splice(0).map((simulator) => simulator.stop()));
};

/** Starts a simulator, and creates a client of all its providers on its clock. */
export const setUp = async (transport: Transport, options: SimulatorOptions = {}) => {
  const simulator = await startSimulator({ speed, ...options });
  started.push(simulator);
  const accounts = providers.map((provider) => account(provider, { apiKey: simulator.apiKey(provider.id), baseUrl: simulator.baseUrl(provider.id) }));
  return { simulator, accounts, client: createTaskClient({ transport, accounts, scheduler: atSpeed(speed) }) };
};
