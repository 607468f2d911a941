/**
 * Ways to wait for the ends of many tasks of one key, over any transport: each a function from a transport to a function from a task's id
 * to its end.
 */
import { catchError, defer, EMPTY, expand, filter, identity, map, of, switchMap, timeout, timer } from 'rxjs';
import { account, createTaskClient, ofStatus } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { pathOf, terminal } from './setting.mjs';

/**
 * @typedef {import('rx-seedance').Transport} Transport
 *
 * @typedef {object} End
 * @property {string} status
 * @property {string | null} code of the error that the task ended with
 *
 * @typedef {(transport: Transport, options: { readonly perMinute?: number }) => (id: string) => import('rxjs').Observable<End>} Contender
 */

/** As long as Ark's keys are. */
const apiKey = '3f9d2c61-7b0e-4a58-9c14-e6a2b8d05f73';

const intervalMs = 10_000;

/** @returns {Contender} */
const byClient = (/** @type {{ readonly batch?: boolean, readonly isTold?: boolean }} */ { batch, isTold = false }) => (transport, { perMinute }) => {
  const rateLimit = isTold ? { rateLimit: { perMinute } } : {};
  const client = createTaskClient({ transport, accounts: [account(ark, { apiKey, batch, ...rateLimit })] });
  return (id) =>
    client.watch({ provider: 'ark', id }).pipe(
      ofStatus('succeeded', 'failed', 'cancelled', 'expired'),
      map(({ snapshot }) => ({ status: snapshot.status, code: snapshot.status === 'failed' ? snapshot.failure.code : null })),
    );
};

/** The end that a response reports, null for a task that runs and for every other response. @returns {End | null} */
const endIn = (/** @type {import('rx-seedance').HttpResponse} */ { status, body }) => {
  if (status !== 200) return null;
  const task = JSON.parse(body);
  return terminal.has(task.status) ? { status: task.status, code: task.error?.code ?? null } : null;
};

/**
 * One task at a time, polled again 10 s after each response or failure. Ignores what fails.
 *
 * @returns {Contender}
 */
const loop = (/** @type {{ readonly requestTimeoutMs?: number, readonly obeysRetryAfter?: boolean }} */ { requestTimeoutMs, obeysRetryAfter = false }) => (transport) => (id) => {
  const failed = { end: null, waitMs: intervalMs };
  const poll = defer(() => transport({ method: 'GET', url: `https://ark.example.com${pathOf(id)}`, headers: { authorization: `Bearer ${apiKey}` } })).pipe(
    requestTimeoutMs === undefined ? identity : timeout(requestTimeoutMs),
    map((response) => {
      const waitMs = obeysRetryAfter ? 1_000 * Number(response.headers['retry-after'] ?? 0) : 0;
      try {
        return { end: endIn(response), waitMs: Math.max(intervalMs, waitMs) };
      } catch {
        return failed;
      }
    }),
    catchError(() => of(failed)),
  );
  return poll.pipe(
    expand(({ end, waitMs }) => (end === null ? timer(waitMs).pipe(switchMap(() => poll)) : EMPTY)),
    map(({ end }) => end),
    filter((end) => end !== null),
  );
};

export const contenders = {
  singly: byClient({ batch: false }),
  lists: byClient({}),
  /** Told the limit. */
  told: byClient({ batch: false, isTold: true }),
  naive: loop({}),
  careful: loop({ requestTimeoutMs: 30_000, obeysRetryAfter: true }),
};
