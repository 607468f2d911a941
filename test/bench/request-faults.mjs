/**
 * What goes wrong with the requests of a virtual server: the simulator's kinds of faults, decided by a hash of the seed, the task and
 * the number of the request, so that every contender meets the same ones.
 */
import { fraction } from './random.mjs';

/** Every kind of fault (see src/simulator/faults.ts). */
export const faultKinds = /** @type {const} */ ([
  'rate-limited',
  'rate-limited-retry-after',
  'server-error',
  'bad-gateway-html',
  'truncated-json',
  'empty-body',
  'reset',
  'hang',
  'transient-unauthorized',
  'not-found-after-creation',
]);

/**
 * @typedef {typeof faultKinds[number]} FaultKind
 *
 * @typedef {object} FaultPlan
 * @property {number} seed
 * @property {number} rate the share of requests that meet a fault, 0 to 1
 * @property {readonly FaultKind[]} [kinds] default: all
 */

/** A task that has had this many requests is no longer new. */
const newRequests = 2;

/**
 * The fault of each request.
 *
 * @param {FaultPlan} plan
 * @returns {(id: string, request: number) => FaultKind | null} by the task's id, '' for a list, and the number of the request from 1
 */
export const createFaults = ({ seed, rate, kinds = faultKinds }) => (id, request) => {
  if (fraction(seed, id, request, 'fault') >= rate) return null;
  const isNew = id !== '' && request <= newRequests;
  const possible = kinds.filter((kind) => kind !== 'not-found-after-creation' || isNew);
  return possible[Math.floor(fraction(seed, id, request, 'kind') * possible.length)] ?? null;
};
