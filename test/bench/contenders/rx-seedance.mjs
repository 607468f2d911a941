/**
 * This library as its README has it: one client, one transport, a watch for each task; sharing, validation, state, transitions,
 * time-outs and deadlines all on. Ark's own pace would be ten seconds, so the provider is Ark's dialect with the pace of all the others.
 */
import { from, lastValueFrom, map, mergeMap, of, toArray } from 'rxjs';
import { account, constantDelay, createTaskClient, ofStatus } from 'rx-seedance';
import { undiciTransport } from 'rx-seedance/undici';
import { ark, arkExpectedTimeMs, defineProvider } from 'rx-seedance/wire';
import { Pool } from 'undici';
import { runningAnswer } from './waiting.mjs';

const createClient = (/** @type {import('rx-seedance').Transport} */ transport, /** @type {string} */ origin, /** @type {number} */ intervalMs) => {
  const provider = defineProvider({
    id: 'quick-ark',
    name: 'Ark at the pace of the bench',
    baseUrl: `${origin}/api/v3`,
    path: '/contents/generations/tasks/{id}',
    dialect: ark,
    retention: { recordMs: 7 * 86_400_000, cancelledRecordMs: 86_400_000, videoMs: 86_400_000 },
    tierFactors: {},
    refundsFailures: null,
    documentation: 'https://www.volcengine.com/docs/82379/1521309',
    pacing: () => ({ floorMs: intervalMs, minMs: intervalMs, maxMs: intervalMs }),
    expectedTimeMs: arkExpectedTimeMs,
  });
  return createTaskClient({
    transport,
    accounts: [account(provider, { apiKey: 'bench-key' })],
    policy: { interval: constantDelay(intervalMs) },
  });
};

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, live, intervalMs }) => {
  const client = createClient(undiciTransport({ dispatcher: new Pool(origin, { connections }) }), origin, intervalMs);
  const link = (/** @type {string} */ id) =>
    client.watch({ provider: 'quick-ark', id }).pipe(
      ofStatus('succeeded'),
      map(({ snapshot }) => snapshot.video?.url ?? ''),
    );
  return (ids) => lastValueFrom(from(ids).pipe(mergeMap(link, live), toArray()));
};

/** @type {import('./waiting.mjs').Waiting} */
export const createWaiting = ({ intervalMs }) => {
  const client = createClient(({ url }) => of(runningAnswer(url)), 'http://127.0.0.1', intervalMs);
  let answered = 0;
  return {
    add: (ids) => {
      for (const id of ids) client.watch({ provider: 'quick-ark', id }).subscribe(() => (answered += 1));
    },
    answered: () => answered,
  };
};
