/**
 * `rx-seedance/simulator`: every provider over real HTTP on loopback, for demos and tests. Needs Node.
 * @module
 */
export { startSimulator } from './simulator.js';
export type { Simulator } from './simulator.js';
export type { CallbackEntry, CallbackRates } from './callbacks.js';
export type { SimulatedRateLimit, SimulatorOptions } from './options.js';
export type { RateLimitWindow } from './rate-limit.js';
export { simulatedProviders } from './sites.js';
export type { SimulatedProvider } from './sites.js';
export { outcomes } from './scenario.js';
export type { Outcome, SimulatedFailure, Scenario } from './scenario.js';
export type { CreatedTask, Submission } from './task-store.js';
export { pollFaults } from './faults.js';
export type { PollFault, FaultKind, RandomFaults } from './faults.js';
export { creationFaults } from './creation-faults.js';
export type { CreationFault, RandomCreationFaults } from './creation-faults.js';
export type { RequestEntry } from './request-log.js';
export { atSpeed } from './at-speed.js';
