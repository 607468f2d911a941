// @ts-check
/**
 * A worker: sweeps the accounts whose keys it has, and delivers the ends of their tasks. Run two or more. SIGTERM lets what runs end.
 *
 *     REDIS_URL                         a Redis with `appendonly yes` and `maxmemory-policy noeviction`
 *     ARK_API_KEY, ANYFAST_API_KEY      the same keys in each worker
 *     ARK_BASE_URL, ANYFAST_BASE_URL    if they differ from the defaults
 */
import { Redis } from 'ioredis';
import { retry } from 'rxjs';
import { account } from 'rx-seedance';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { deliverEnds } from 'rx-seedance/queue';
import { redisStore } from 'rx-seedance/queue/redis';
import { undiciTransport } from 'rx-seedance/undici';
import { startSweeps } from './sweeps.mjs';

const { env } = process;
const report = (/** @type {unknown} */ error) => console.error(error instanceof Error ? error.message : error);

const accounts = new Map([ark, anyfast].flatMap((provider) => {
  const prefix = provider.id.toUpperCase();
  const apiKey = env[`${prefix}_API_KEY`];
  return apiKey === undefined ? [] : [[provider.id, account(provider, { apiKey, baseUrl: env[`${prefix}_BASE_URL`] })]];
}));
const connection = new Redis(env.REDIS_URL ?? 'redis://127.0.0.1:6379', { maxRetriesPerRequest: null }).on('error', report); // as BullMQ needs it
const store = redisStore(connection);

/** What your program does with an end. It can come twice, with the same id: after a kill, and from two workers. */
const deliver = (/** @type {import('rx-seedance/queue').DeliveredEnd} */ { id, task, state }) => {
  console.log(JSON.stringify({ id, task: task.id, ended: state.ended, status: state.snapshot?.status }));
};

const sweeps = startSweeps({ accounts, transport: undiciTransport(), store, connection, report });
const ends = deliverEnds(store, deliver).pipe(retry({ delay: 5_000 })).subscribe();

process.once('SIGTERM', async () => {
  await sweeps.close();
  ends.unsubscribe();
  await connection.quit();
});
