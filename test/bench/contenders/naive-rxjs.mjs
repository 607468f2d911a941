/**
 * What one writes with RxJS in an afternoon: `expand` and `timer`, an AbortController for each request that aborts it on unsubscribe
 * while it is in flight, and an io-ts codec of the fields that one needs. No sharing, no state, no time-out; a bad response ends it.
 */
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { EMPTY, expand, filter, from, lastValueFrom, map, mergeMap, Observable, switchMap, timer, toArray } from 'rxjs';
import { Pool } from 'undici';
import { poolOf, runningTasks } from './memory.mjs';
import { headers, pathOf, terminal } from './setting.mjs';

const Task = t.intersection([
  t.type({ id: t.string, model: t.string, status: t.string, created_at: t.number, updated_at: t.number }),
  t.partial({
    content: t.partial({ video_url: t.string }),
    usage: t.union([t.type({ completion_tokens: t.number, total_tokens: t.number }), t.null]),
    error: t.union([t.type({ code: t.string, message: t.string }), t.null]),
  }),
]);

/** @typedef {Pick<Pool, 'request'>} Requester */

const poll = (/** @type {Requester} */ pool, /** @type {string} */ id) =>
  /** @type {Observable<t.TypeOf<typeof Task>>} */ (
    new Observable((subscriber) => {
      const controller = new AbortController();
      let isInFlight = true;
      const respond = async () => {
        const { body } = await pool.request({ method: 'GET', path: pathOf(id), headers, signal: controller.signal });
        const task = Task.decode(await body.json());
        isInFlight = false;
        if (isLeft(task)) throw new Error('no task');
        subscriber.next(task.right);
        subscriber.complete();
      };
      respond().catch((error) => {
        isInFlight = false;
        subscriber.error(error);
      });
      return () => {
        // An abort makes an AbortError with a stack, which a finished request does not need.
        if (isInFlight) controller.abort();
      };
    })
  );

/** Every response about a task, until it has ended. */
const watch = (/** @type {Requester} */ pool, /** @type {string} */ id, /** @type {(index: number) => number} */ waitMs) =>
  poll(pool, id).pipe(
    expand((task, index) => (terminal.has(task.status) ? EMPTY : timer(waitMs(index)).pipe(switchMap(() => poll(pool, id))))),
  );

const createFollowing = (/** @type {Requester} */ pool, /** @type {{ live: number, intervalMs: number }} */ { live, intervalMs }) => {
  const link = (/** @type {string} */ id) =>
    watch(pool, id, () => intervalMs).pipe(
      filter(({ status }) => terminal.has(status)),
      map(({ content }) => content?.video_url ?? ''),
    );
  return (/** @type {readonly string[]} */ ids) => lastValueFrom(from(ids).pipe(mergeMap(link, live), toArray()));
};

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, ...pace }) => createFollowing(new Pool(origin, { connections }), pace);

/** @type {import('./memory.mjs').FromMemory} */
export const createFromMemory = ({ respond, ...pace }) => createFollowing(poolOf(respond), pace);

/** @type {import('./memory.mjs').Waiting} */
export const createWaiting = ({ waitMs }) => {
  const { respond, responses } = runningTasks();
  const pool = poolOf(respond);
  return {
    add: (ids) => {
      for (const id of ids) watch(pool, id, waitMs).subscribe();
    },
    responses,
  };
};
