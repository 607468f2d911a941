/**
 * A worker as docs/recipes/job-queue.md has it: `runSweeps` and `deliverEnds` over a store.
 */
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { retry } from 'rxjs';
import { account } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { addTasks, deliverEnds, runSweeps } from 'rx-seedance/queue';
import { postgresStore } from 'rx-seedance/queue/postgres';
import { redisStore } from 'rx-seedance/queue/redis';
import { atSpeed } from 'rx-seedance/simulator';
import { undiciTransport } from 'rx-seedance/undici';
import { counts, reportDelivered, reportKnown, settings, start } from './reporting.mjs';

const { engine, address, speed, originMs, baseUrl, apiKey, windowMs } = settings();
const scheduler = atSpeed(speed, originMs);
const own = account(ark, { apiKey, baseUrl });
const store = engine === 'redis' ? redisStore(new Redis({ path: address })) : postgresStore(new Pool({ connectionString: address }));

const onEvent = (/** @type {import('rx-seedance/queue').SweepEvent} */ event) => {
  if (event.kind !== 'poll') return;
  counts.polls += 1;
  if (event.state.ended !== null) reportKnown(event.task.id, scheduler.now());
};

runSweeps({ accounts: [own], transport: undiciTransport(), store, windowMs, onEvent, scheduler }).subscribe(({ error }) => {
  counts.sweeps += 1;
  if (error !== null) counts.failedSweeps += 1; // the next one follows, as in a program that logs it
});
deliverEnds(store, ({ task, state }) => reportDelivered(task.id, state.snapshot?.status, scheduler.now()), { scheduler }).pipe(retry({ delay: 5_000 / speed })).subscribe();

start((tasks) => addTasks(store, own, tasks, { scheduler }));
