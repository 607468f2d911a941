/**
 * Ark behind a rate limit, in virtual time: 120 requests in any 60 s, and a 429 with `Retry-After` for each one beyond. A refused request
 * does not count against the limit. Knows single tasks and lists. All tasks are
 * made at 0.
 */
import { asyncScheduler, defer, delay, of } from 'rxjs';
import { arkHeaders, arkList, arkTask } from './ark-answers.mjs';

const windowMs = 60_000;

/** So long a task waits before it runs. */
const queuedMs = 5_000;

/**
 * @param {{
 *   readonly perMinute: number,
 *   readonly latencyMs: number,
 *   readonly endsAtMs: ReadonlyMap<string, number>,
 * }} options when each task ends
 */
export const createLimitedServer = ({ perMinute, latencyMs, endsAtMs }) => {
  /** When the requests of the last minute came. @type {number[]} */
  const admitted = [];
  let requests = 0;
  let refusals = 0;

  const taskAt = (/** @type {string} */ id, /** @type {number} */ nowMs) => {
    const endMs = endsAtMs.get(id);
    return endMs === undefined ? null : arkTask(id, nowMs < queuedMs ? 'queued' : nowMs < endMs ? 'running' : 'succeeded', 0);
  };

  const json = (/** @type {number} */ status, /** @type {object} */ body, /** @type {Readonly<Record<string, string>>} */ headers = {}) =>
    ({ status, headers: { ...arkHeaders, ...headers }, body: JSON.stringify(body) });

  const answer = (/** @type {URL} */ url) => {
    const nowMs = asyncScheduler.now();
    requests += 1;
    while (admitted[0] !== undefined && admitted[0] <= nowMs - windowMs) admitted.shift();
    if (admitted.length >= perMinute) {
      refusals += 1;
      const seconds = Math.ceil(((admitted[0] ?? nowMs) + windowMs - nowMs) / 1000);
      return json(429, { error: { code: 'RateLimitExceeded', message: 'too many requests' } }, { 'retry-after': String(seconds) });
    }
    admitted.push(nowMs);
    if (url.searchParams.size > 0) return json(200, arkList(url.searchParams, (id) => taskAt(id, nowMs)));
    const task = taskAt(decodeURIComponent(url.pathname.split('/').at(-1) ?? ''), nowMs);
    return task === null ? json(404, { error: { code: 'ResourceNotFound', message: 'not there' } }) : json(200, task);
  };

  return {
    /** @type {import('rx-seedance').Transport} */
    transport: ({ url }) => defer(() => of(answer(new URL(url)))).pipe(delay(latencyMs)),
    counts: () => ({ requests, refusals }),
  };
};
