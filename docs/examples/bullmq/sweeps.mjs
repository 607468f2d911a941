// @ts-check
/**
 * Sweeps accounts in BullMQ jobs, one for each account. The tasks, the limits and the outbox are in the store: BullMQ says only which worker sweeps when.
 * So a job that is lost or runs twice loses nothing.
 *
 * @typedef {import('rx-seedance').Account} Account
 * @typedef {import('rx-seedance').Transport} Transport
 * @typedef {import('rx-seedance/queue').QueueStore} QueueStore
 */
import { DelayedError, Queue, Worker } from 'bullmq';
import { exhaustMap, retry, timer } from 'rxjs';
import { sweep } from 'rx-seedance/queue';

/** How soon tasks are noticed that were added or woken, and jobs that are missing, in ms. */
const idleMs = 5_000;

/**
 * @param {{ accounts: ReadonlyMap<string, Account>, transport: Transport, store: QueueStore, connection: import('ioredis').Redis, report: (error: unknown) => void }} options
 *   `accounts`: the same in each worker; their names become ids of jobs, which must not be numbers or contain a colon
 * @returns `close` resolves when the sweeps that run have ended, and no other starts in this process
 */
export const startSweeps = ({ accounts, transport, store, connection, report }) => {
  const queue = new Queue('sweeps', { connection });
  const worker = new Worker('sweeps', async (job, token) => {
    const own = accounts.get(job.id ?? '');
    if (own === undefined) throw new Error(`this worker has no account ${job.id}`);
    const { nextSweepAtMs } = await sweep({ account: own, transport, store, maxMs: 10_000 });
    await job.moveToDelayed(Math.min(nextSweepAtMs ?? Infinity, Date.now() + idleMs), token);
    throw new DelayedError(); // the job is not done: it is due again
  }, {
    connection,
    name: String(process.pid), // `processedBy` of the job
    concurrency: accounts.size,
    // The job of a worker that died goes to another within 20 s.
    lockDuration: 10_000,
    stalledInterval: 10_000,
    // With the default of 1 a job fails that was active at two deaths of a worker, however long ago the first one was.
    maxStalledCount: 1_000_000,
  });
  queue.on('error', report);
  worker.on('error', report).on('failed', (_, error) => report(error));

  // Puts back each job that is missing, because it failed or was lost. A job that is there stays as it is.
  const jobs = [...accounts.keys()].map((jobId) => ({ name: 'sweep', data: {}, opts: { jobId, removeOnComplete: true, removeOnFail: true } }));
  const sweeper = timer(0, idleMs).pipe(exhaustMap(() => queue.addBulk(jobs)), retry({ delay: idleMs })).subscribe();

  return {
    close: async () => {
      sweeper.unsubscribe();
      await worker.close();
      await queue.close();
    },
  };
};
