/**
 * This library's watches in one feed: sharing and feed on, and the latest feed kept, as an app keeps it.
 */
import { from, lastValueFrom, of, Subject } from 'rxjs';
import { toFeed, watchTasks } from 'rx-seedance';
import { undiciTransport } from 'rx-seedance/undici';
import { Pool } from 'undici';
import { arkRef, quickArkClient } from './quick-ark.mjs';
import { runningAnswer } from './waiting.mjs';

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, intervalMs }) => {
  const client = quickArkClient(undiciTransport({ dispatcher: new Pool(origin, { connections }) }), origin, intervalMs);
  return async (ids) => {
    const feed = await lastValueFrom(from(ids.map(arkRef)).pipe(watchTasks(client, { concurrency: connections }), toFeed()));
    return [...feed.tasks].map(({ snapshot }) => (snapshot?.status === 'succeeded' ? (snapshot.video?.url ?? '') : ''));
  };
};

/** @type {import('./waiting.mjs').Waiting} */
export const createWaiting = ({ intervalMs }) => {
  const refs = /** @type {Subject<ReturnType<typeof arkRef>>} */ (new Subject());
  const client = quickArkClient(({ url }) => of(runningAnswer(url)), 'http://127.0.0.1', intervalMs);
  /** @type {import('rx-seedance').Feed | undefined} */
  let feed;
  refs.pipe(watchTasks(client, { concurrency: 1_000 }), toFeed()).subscribe((next) => (feed = next));
  return {
    add: (ids) => {
      for (const id of ids) refs.next(arkRef(id));
    },
    answered: () => feed?.counts.running ?? 0,
  };
};
