/**
 * This library as its README has it: one client, one transport, a watch for each task; sharing, validation, state, transitions,
 * time-outs and deadlines all on. It polls about each task singly, as the others do; rx-seedance-batch.mjs does not.
 */
import { from, lastValueFrom, map, mergeMap, toArray } from 'rxjs';
import { ofStatus } from 'rx-seedance';
import { undiciTransport } from 'rx-seedance/undici';
import { Pool } from 'undici';
import { runningTasks } from './memory.mjs';
import { arkRef, clientInMemory, quickArkClient } from './quick-ark.mjs';

const followingBy = (/** @type {import('rx-seedance').TaskClient} */ client, /** @type {number} */ live) => {
  const link = (/** @type {string} */ id) =>
    client.watch(arkRef(id)).pipe(
      ofStatus('succeeded'),
      map(({ snapshot }) => snapshot.video?.url ?? ''),
    );
  return (/** @type {readonly string[]} */ ids) => lastValueFrom(from(ids).pipe(mergeMap(link, live), toArray()));
};

/** @returns {import('./setting.mjs').Contender} */
export const createFollowing = (/** @type {{ batch: boolean }} */ { batch }) => ({ origin, connections, live, intervalMs }) =>
  followingBy(quickArkClient(undiciTransport({ dispatcher: new Pool(origin, { connections }) }), origin, intervalMs, { batch }), live);

export const create = createFollowing({ batch: false });

/** @type {import('./memory.mjs').FromMemory} */
export const createFromMemory = ({ respond, live, intervalMs }) => followingBy(clientInMemory(respond, () => intervalMs), live);

/** @type {import('./memory.mjs').Waiting} */
export const createWaiting = ({ waitMs }) => {
  const { respond, responses } = runningTasks();
  const client = clientInMemory(respond, ({ index }) => waitMs(index));
  return {
    add: (ids) => {
      for (const id of ids) client.watch(arkRef(id)).subscribe();
    },
    responses,
  };
};
