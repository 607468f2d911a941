/**
 * Lists of one account: whether tasks may be polled together, and what a list's outcome leads to. A list is an optimisation: when it
 * fails, no watch notices. Pure functions of a state that is plain JSON.
 */
import { type ReadFailure, reasonOfStatus } from '../wire/error-response.js';
import type { PollError } from './watch-state.js';

/** What is known of an account's lists. Plain JSON. */
export interface ListState {
  /** No lists before this instant; null while they work. */
  readonly restUntilMs: number | null;
  /** Lists in a row that could not be read. */
  readonly unreadable: number;
  /** The most tasks of one list, smaller after failures: then one failure does not hold up all tasks. */
  readonly largest: number;
  /** Whether the last list said that the quota is used up. One task alone then has to confirm it. */
  readonly suspectsQuota: boolean;
}

/** The most tasks that a page of a list holds. */
const largestPage = 500;

/** No list is made smaller than this. */
const smallestList = 2;

/** Lists that nothing is known of. */
export const freshLists: ListState = { restUntilMs: null, unreadable: 0, largest: largestPage, suspectsQuota: false };

/** So long lists rest once they have failed as lists. */
const listRestMs = 10 * 60_000;

/** The longest URL, in characters. Servers and proxies take 8 kB. */
export const longestUrl = 6_000;

/** Whether tasks may be polled by lists. */
export const mayList = ({ restUntilMs }: ListState, nowMs: number): boolean => restUntilMs === null || nowMs >= restUntilMs;

/** How the tasks that were gathered for one request are polled: all by a list, or the earliest due alone while the others wait for it. */
export const planOf = (state: ListState, count: number, nowMs: number): 'list' | 'first-alone' =>
  count > 1 && mayList(state, nowMs) && !state.suspectsQuota ? 'list' : 'first-alone';

/** What follows a request for a list. */
export interface ListOutcome {
  readonly state: ListState;
  /** Whether the failure is the result of each task of the list. If not, each is polled again at its interval, and nobody notices. */
  readonly isForEach: boolean;
}

/**
 * What follows a list that failed; `null` for one that could be read.
 *
 * A refused list (403, 404, 400, 501, a redirect) rests lists for ten minutes, as does the second in a row that is cut, empty or
 * unreadable. Failures of the key or the server (401, 429, 5xx, no response) count for each task: a single request would have failed
 * too. After a failure lists are half as large, and after each good one twice as large.
 *
 * @param size how many tasks the list asked for
 */
export const afterList = (state: ListState, failure: PollError | null, size: number, nowMs: number): ListOutcome => {
  if (failure === null) return { state: { ...freshLists, largest: Math.min(largestPage, 2 * state.largest) }, isForEach: false };
  const resting: ListState = { ...freshLists, restUntilMs: nowMs + listRestMs };
  const smaller: ListState = { ...state, largest: Math.max(smallestList, Math.ceil(Math.min(size, state.largest) / 2)) };
  if (isUnreadable(failure)) {
    return { state: state.unreadable > 0 ? resting : { ...smaller, unreadable: 1 }, isForEach: false };
  }
  if (failure.kind !== 'response') return { state: smaller, isForEach: true };
  if (failure.reason === 'quota') return { state: { ...state, suspectsQuota: true }, isForEach: false };
  if (isRefusal(failure)) return { state: resting, isForEach: false };
  // A limit wants fewer requests, not more of them.
  return { state: failure.status === 429 || failure.reason === 'rate-limited' ? state : smaller, isForEach: true };
};

/** True for a list that is cut or empty, and for an error under 200, which may be of the list alone. */
const isUnreadable = (failure: PollError): boolean =>
  failure.kind === 'decode' || (failure.kind === 'response' && (failure.reason === 'empty' || (failure.reason === 'server' && failure.status < 300)));

/** What follows the poll of one task that was to confirm a quota error: if it has none, the fault is the list's. */
export const afterQuotaCheck = (state: ListState, isConfirmed: boolean, nowMs: number): ListState =>
  isConfirmed ? { ...state, suspectsQuota: false } : { ...freshLists, restUntilMs: nowMs + listRestMs };

/** True for failures of the list endpoint: 501, a redirect, a 4xx that would not pass by itself, or an error in the API's own words. */
const isRefusal = ({ status, reason }: Extract<ReadFailure, { kind: 'response' }>): boolean => {
  if (reason === 'forbidden' || reason === 'not-found' || reason === 'rejected') return true;
  // A gateway's own 4xx; 429, 408 and 425 pass by themselves.
  return reason === 'server' && (status === 501 || (status >= 300 && status < 500 && status !== 429 && reasonOfStatus(status) !== 'server'));
};
