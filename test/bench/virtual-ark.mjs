/**
 * Ark in virtual time: single tasks and lists, optionally behind a rate limit and with faults. It logs every request. All tasks are made
 * at 0.
 */
import { asyncScheduler, defer, delay, NEVER, of, switchMap, throwError, timer } from 'rxjs';
import { arkError, arkHeaders, arkList, arkTask } from './ark-responses.mjs';
import { createFaults } from './request-faults.mjs';
import { createLimit } from './request-limit.mjs';

/** The ways in which tasks end. */
export const outcomes = /** @type {const} */ ({
  succeeded: { status: 'succeeded', error: null },
  failed: { status: 'failed', error: { code: 'InternalServiceError', message: 'The service stopped on an internal error.' } },
  moderated: {
    status: 'failed',
    error: { code: 'OutputVideoSensitiveContentDetected', message: 'The output video may contain sensitive information.' },
  },
  cancelled: { status: 'cancelled', error: null },
  expired: { status: 'expired', error: null },
});

/**
 * @typedef {object} VirtualTask
 * @property {number} endMs
 * @property {keyof typeof outcomes} outcome
 *
 * @typedef {object} LoggedRequest
 * @property {number} atMs
 * @property {readonly string[]} ids every task that it polls about
 * @property {number | 'reset' | 'hang'} status
 * @property {'limit' | import('./request-faults.mjs').FaultKind | null} cause why the response is not the true one
 */

/** A task waits this long before it runs. */
const queuedMs = 5_000;

/** What a `Retry-After` of a fault says. */
const retryAfterSeconds = 20;

const badGateway = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

const json = (/** @type {number} */ status, /** @type {object} */ body, /** @type {Readonly<Record<string, string>>} */ headers = {}) =>
  ({ status, headers: { ...arkHeaders, ...headers }, body: JSON.stringify(body) });

const rateLimited = (/** @type {Readonly<Record<string, string>>} */ headers = {}) =>
  json(429, arkError('RateLimitExceeded.EndpointRPMExceeded', 'The requests per minute limit is exceeded.', 'TooManyRequests'), headers);

const notFound = () => json(404, arkError('ResourceNotFound', 'The specified task is not found.', 'NotFound'));

/**
 * What each fault sends instead of the true response.
 *
 * @type {Readonly<Record<import('./request-faults.mjs').FaultKind, (truth: ReturnType<typeof json>) => ReturnType<typeof json> | 'reset' | 'hang'>>}
 */
const effects = {
  'rate-limited': () => rateLimited(),
  'rate-limited-retry-after': () => rateLimited({ 'retry-after': String(retryAfterSeconds) }),
  'server-error': () => json(500, arkError('InternalServiceError', 'The service stopped on an internal error.', 'InternalServerError')),
  'bad-gateway-html': (truth) => ({ status: 502, headers: { ...truth.headers, 'content-type': 'text/html' }, body: badGateway }),
  'truncated-json': (truth) => ({ ...truth, body: truth.body.slice(0, truth.body.length / 2) }),
  'empty-body': (truth) => ({ ...truth, status: 200, body: '' }),
  reset: () => 'reset',
  hang: () => 'hang',
  'transient-unauthorized': () => json(401, arkError('AuthenticationError', 'The API key is unknown.', 'Unauthorized')),
  'not-found-after-creation': notFound,
};

/**
 * @param {{
 *   readonly latencyMs: number,
 *   readonly tasks: ReadonlyMap<string, VirtualTask>,
 *   readonly limit?: import('./request-limit.mjs').Limit | null,
 *   readonly faults?: import('./request-faults.mjs').FaultPlan | null,
 * }} options
 */
export const createVirtualArk = ({ latencyMs, tasks, limit = null, faults = null }) => {
  const pass = limit === null ? () => 0 : createLimit(limit);
  const faultOf = faults === null ? () => null : createFaults(faults);
  /** How many requests there were about each task, and for lists under the empty id. @type {Map<string, number>} */
  const numbers = new Map();
  /** @type {LoggedRequest[]} */
  const log = [];

  const taskAt = (/** @type {string} */ id, /** @type {number} */ nowMs) => {
    const task = tasks.get(id);
    if (task === undefined) return null;
    const { status, error } = outcomes[task.outcome];
    return nowMs < task.endMs ? arkTask(id, nowMs < queuedMs ? 'queued' : 'running', 0) : arkTask(id, status, 0, error);
  };

  const truthAbout = (/** @type {URL} */ url, /** @type {string} */ id) => {
    const nowMs = asyncScheduler.now();
    if (url.searchParams.size > 0) return json(200, arkList(url.searchParams, (each) => taskAt(each, nowMs)));
    const task = taskAt(id, nowMs);
    return task === null ? notFound() : json(200, task);
  };

  const count = (/** @type {string} */ id) => {
    const number = (numbers.get(id) ?? 0) + 1;
    numbers.set(id, number);
    return number;
  };

  const respond = (/** @type {URL} */ url) => {
    const atMs = asyncScheduler.now();
    const id = url.searchParams.size > 0 ? '' : decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
    const ids = id === '' ? url.searchParams.getAll('filter.task_ids') : [id];
    const taskNumbers = ids.map(count);
    const fault = faultOf(id, id === '' ? count('') : taskNumbers[0] ?? 1);
    // A fault comes from a gateway before the limit, and so does not count against it.
    const waitMs = fault === null ? pass(atMs) : 0;
    const headers = waitMs > 0 && limit?.retryAfter === true ? { 'retry-after': String(Math.ceil(waitMs / 1000)) } : {};
    const response = waitMs > 0 ? rateLimited(headers) : fault === null ? truthAbout(url, id) : effects[fault](truthAbout(url, id));
    log.push({ atMs, ids, status: typeof response === 'string' ? response : response.status, cause: waitMs > 0 ? 'limit' : fault });
    if (response === 'hang') return NEVER;
    if (response === 'reset') return timer(latencyMs).pipe(switchMap(() => throwError(() => new Error('read ECONNRESET'))));
    return of(response).pipe(delay(latencyMs));
  };

  return {
    /** @type {import('rx-seedance').Transport} */
    transport: ({ url }) => defer(() => respond(new URL(url))),
    /** Every request, in the order of departure. @type {readonly LoggedRequest[]} */
    log,
  };
};

/**
 * How many polls left sooner after the last one about the same task than Ark's minimum interval allows.
 *
 * @param {readonly LoggedRequest[]} log
 * @param {number} minIntervalMs
 */
export const pollsBelow = (log, minIntervalMs) => {
  /** @type {Map<string, number>} */
  const lastMs = new Map();
  let below = 0;
  for (const { atMs, ids } of log) {
    for (const id of ids) {
      // Times are sums of fractions.
      if (atMs - (lastMs.get(id) ?? -Infinity) < minIntervalMs - 0.001) below += 1;
      lastMs.set(id, atMs);
    }
  }
  return below;
};
