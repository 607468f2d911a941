/**
 * List requests of one account: whether tasks may be polled together, and what happens after a list. A list is an optimisation: when the
 * list endpoint fails, tasks are polled singly. Pure functions of a state in plain JSON.
 */
import { type ReadFailure, reasonOfStatus } from '../wire/error-response.js';
import type { PollError } from './watch-state.js';

/** The state of an account's list requests. Plain JSON. */
export interface ListState {
  /** Lists are paused until this instant; null while they work. */
  readonly pausedUntilMs: number | null;
  /** Consecutive lists that could not be read. */
  readonly unreadable: number;
  /** The maximum size of a list. It is reduced after failures, so that one failure does not delay all tasks. */
  readonly largest: number;
  /** Whether the last list returned a quota error. A poll of a single task then confirms it. */
  readonly suspectsQuota: boolean;
}

/** The maximum size of a page. */
const largestPage = 500;

/** The minimum size of a reduced list. */
const smallestList = 2;

/** The initial state. */
export const freshLists: ListState = { pausedUntilMs: null, unreadable: 0, largest: largestPage, suspectsQuota: false };

/** The pause after a failure of the list endpoint. */
const listPauseMs = 10 * 60_000;

/** The maximum length of a URL, in characters. Servers and proxies accept 8 kB. */
export const longestUrl = 6_000;

/** Whether tasks may be polled by lists. */
export const mayList = ({ pausedUntilMs }: ListState, nowMs: number): boolean => pausedUntilMs === null || nowMs >= pausedUntilMs;

/** How to poll the tasks of one request: all by a list, or first the earliest due alone. */
export const planOf = (state: ListState, count: number, nowMs: number): 'list' | 'first-alone' =>
  count > 1 && mayList(state, nowMs) && !state.suspectsQuota ? 'list' : 'first-alone';

/** The outcome of a list request. */
export interface ListOutcome {
  readonly state: ListState;
  /** True if the failure is the result of each task in the list. If false, each task is polled again, and no watch gets an error. */
  readonly isForEach: boolean;
}

/**
 * The outcome of a list request.
 *
 * Lists pause for ten minutes after an error of the list endpoint (403, 404, 400, 501, a redirect), and after two consecutive lists that
 * are truncated, empty or unreadable. Failures of the key or the server (401, 429, 5xx, no response) count for each task: a single
 * request would fail too. A failure halves the maximum size of a list; each good list doubles it.
 *
 * @param failure null for a list that could be read
 * @param size the number of tasks in the request
 */
export const afterList = (state: ListState, failure: PollError | null, size: number, nowMs: number): ListOutcome => {
  if (failure === null) return { state: { ...freshLists, largest: Math.min(largestPage, 2 * state.largest) }, isForEach: false };
  const paused: ListState = { ...freshLists, pausedUntilMs: nowMs + listPauseMs };
  const smaller: ListState = { ...state, largest: Math.max(smallestList, Math.ceil(Math.min(size, state.largest) / 2)) };
  if (isUnreadable(failure)) {
    return { state: state.unreadable > 0 ? paused : { ...smaller, unreadable: 1 }, isForEach: false };
  }
  if (failure.kind !== 'response') return { state: smaller, isForEach: true };
  if (failure.reason === 'quota') return { state: { ...state, suspectsQuota: true }, isForEach: false };
  if (isRefusal(failure)) return { state: paused, isForEach: false };
  // Under a rate limit, smaller lists would mean more requests.
  return { state: failure.status === 429 || failure.reason === 'rate-limited' ? state : smaller, isForEach: true };
};

/** True for a list that is truncated or empty, and for an error with status 200, which may affect the list alone. */
const isUnreadable = (failure: PollError): boolean =>
  failure.kind === 'decode' || (failure.kind === 'response' && (failure.reason === 'empty' || (failure.reason === 'server' && failure.status < 300)));

/** The state after the single poll that checks a quota error. Without a quota error, the list endpoint is at fault. */
export const afterQuotaCheck = (state: ListState, isConfirmed: boolean, nowMs: number): ListState =>
  isConfirmed ? { ...state, suspectsQuota: false } : { ...freshLists, pausedUntilMs: nowMs + listPauseMs };

/** True for failures of the list endpoint: 501, a redirect, a permanent 4xx, or an error in the API's own format. */
const isRefusal = ({ status, reason }: Extract<ReadFailure, { kind: 'response' }>): boolean => {
  if (reason === 'forbidden' || reason === 'not-found' || reason === 'rejected') return true;
  // A gateway's own 4xx. 429, 408 and 425 are temporary.
  return reason === 'server' && (status === 501 || (status >= 300 && status < 500 && status !== 429 && reasonOfStatus(status) !== 'server'));
};
