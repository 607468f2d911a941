/**
 * A client of Ark at the pace of the bench: everything is Ark's, but it may be polled as often as all the others poll.
 */
import { of } from 'rxjs';
import { account, constantDelay, createTaskClient } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { apiKey } from './setting.mjs';

/** The sockets limit all contenders; nothing else does. */
const unlimited = 1_000_000;

/**
 * @param {import('rx-seedance').Transport} transport
 * @param {string} origin
 * @param {number} intervalMs
 * @param {object} [options]
 * @param {boolean} [options.batch]
 * @param {import('rx-seedance').PollPolicy['interval']} [options.interval]
 */
export const quickArkClient = (transport, origin, intervalMs, { batch = false, interval = constantDelay(intervalMs) } = {}) => {
  const provider = { ...ark, pacing: () => ({ minIntervalMs: 1, recommended: { minMs: intervalMs, maxMs: intervalMs } }) };
  const own = { apiKey, baseUrl: `${origin}/api/v3`, batch, rateLimit: { maxInFlight: unlimited } };
  return createTaskClient({ transport, accounts: [account(provider, own)], concurrency: unlimited, policy: { interval } });
};

/**
 * The same, answered at once from memory.
 *
 * @param {import('./memory.mjs').Respond} respond
 * @param {import('rx-seedance').PollPolicy['interval']} interval
 */
export const clientInMemory = (respond, interval) => quickArkClient(({ url }) => of(respond(url)), 'http://127.0.0.1', 1, { interval });

/** A task of that client. */
export const arkRef = (/** @type {string} */ id) => /** @type {const} */ ({ provider: 'ark', id });
