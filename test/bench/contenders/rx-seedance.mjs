/**
 * This library as its README has it: one client, one transport, a watch for each task; sharing, validation, state, transitions,
 * time-outs and deadlines all on. It asks about each task singly, as the others do; rx-seedance-batch.mjs does not.
 */
import { from, lastValueFrom, map, mergeMap, of, toArray } from 'rxjs';
import { ofStatus } from 'rx-seedance';
import { undiciTransport } from 'rx-seedance/undici';
import { Pool } from 'undici';
import { arkRef, quickArkClient } from './quick-ark.mjs';
import { runningAnswer } from './waiting.mjs';

/** @returns {import('./setting.mjs').Contender} */
export const createFollowing = (/** @type {{ batch: boolean }} */ { batch }) => ({ origin, connections, live, intervalMs }) => {
  const client = quickArkClient(undiciTransport({ dispatcher: new Pool(origin, { connections }) }), origin, intervalMs, { batch });
  const link = (/** @type {string} */ id) =>
    client.watch(arkRef(id)).pipe(
      ofStatus('succeeded'),
      map(({ snapshot }) => snapshot.video?.url ?? ''),
    );
  return (ids) => lastValueFrom(from(ids).pipe(mergeMap(link, live), toArray()));
};

export const create = createFollowing({ batch: false });

/** @type {import('./waiting.mjs').Waiting} */
export const createWaiting = ({ intervalMs }) => {
  const client = quickArkClient(({ url }) => of(runningAnswer(url)), 'http://127.0.0.1', intervalMs);
  let answered = 0;
  return {
    add: (ids) => {
      for (const id of ids) client.watch(arkRef(id)).subscribe(() => (answered += 1));
    },
    answered: () => answered,
  };
};
