/**
 * Ways to watch many tasks of one key, over any transport: each a function from a transport to a function from a task's id to the link of
 * its video.
 */
import { defer, EMPTY, expand, filter, map, switchMap, timer } from 'rxjs';
import { account, createTaskClient, ofStatus } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { apiKey, pathOf, terminal } from './setting.mjs';

/** @typedef {import('rx-seedance').Transport} Transport */

const byClient = (/** @type {Transport} */ transport, /** @type {{ rateLimit?: { perMinute: number }, batch?: boolean }} */ options) => {
  const client = createTaskClient({ transport, accounts: [account(ark, { apiKey, ...options })] });
  return (/** @type {string} */ id) =>
    client.watch({ provider: 'ark', id }).pipe(
      ofStatus('succeeded'),
      map(({ snapshot }) => snapshot.video?.url ?? ''),
    );
};

/** One task, by one who knows nothing of the others: a tenth of the elapsed time between polls, `Retry-After` when refused. */
const alone = (/** @type {Transport} */ transport, /** @type {string} */ id) => {
  let elapsedMs = 0;
  const poll = defer(() => transport({ method: 'GET', url: `https://ark.example.com${pathOf(id)}`, headers: {} }));
  const later = (/** @type {number} */ ms) => {
    elapsedMs += ms;
    return timer(ms).pipe(switchMap(() => poll));
  };
  return poll.pipe(
    expand(({ status, headers, body }) => {
      if (status === 429) return later(1_000 * Number(headers['retry-after']));
      return terminal.has(JSON.parse(body).status) ? EMPTY : later(Math.min(Math.max(elapsedMs / 10, 10_000), 20_000));
    }),
    filter(({ status }) => status === 200),
    map(({ body }) => JSON.parse(body)),
    filter(({ status }) => terminal.has(status)),
    map(({ content }) => String(content.video_url)),
  );
};

export const contenders = {
  singly: (/** @type {Transport} */ transport, /** @type {{ perMinute: number }} */ { perMinute }) => byClient(transport, { rateLimit: { perMinute }, batch: false }),
  batched: (/** @type {Transport} */ transport, /** @type {{ perMinute: number }} */ { perMinute }) => byClient(transport, { rateLimit: { perMinute } }),
  unlimited: (/** @type {Transport} */ transport) => byClient(transport, { batch: false }),
  independent: (/** @type {Transport} */ transport) => (/** @type {string} */ id) => alone(transport, id),
};
