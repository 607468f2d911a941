/**
 * This library's watches in one feed: sharing and feed on, and the latest feed kept, as an app keeps it.
 */
import { from, lastValueFrom, Subject } from 'rxjs';
import { toFeed, watchTasks } from 'rx-seedance';
import { undiciTransport } from 'rx-seedance/undici';
import { Pool } from 'undici';
import { runningTasks } from './memory.mjs';
import { arkRef, clientInMemory, quickArkClient } from './quick-ark.mjs';

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, intervalMs }) => {
  const client = quickArkClient(undiciTransport({ dispatcher: new Pool(origin, { connections }) }), origin, intervalMs);
  return async (ids) => {
    const feed = await lastValueFrom(from(ids.map(arkRef)).pipe(watchTasks(client), toFeed()));
    return [...feed.tasks].map(({ snapshot }) => (snapshot?.status === 'succeeded' ? (snapshot.video?.url ?? '') : ''));
  };
};

/** @type {import('./memory.mjs').Waiting} */
export const createWaiting = ({ waitMs }) => {
  const refs = /** @type {Subject<ReturnType<typeof arkRef>>} */ (new Subject());
  const { respond, responses } = runningTasks();
  const client = clientInMemory(respond, ({ index }) => waitMs(index));
  /** @type {{ feed: import('rx-seedance').Feed | null }} */
  const app = { feed: null };
  refs.pipe(watchTasks(client), toFeed()).subscribe((feed) => (app.feed = feed));
  return {
    add: (ids) => {
      for (const id of ids) refs.next(arkRef(id));
    },
    responses,
  };
};
