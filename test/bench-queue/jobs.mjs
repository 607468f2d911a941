/**
 * A worker with a BullMQ job for each task: "One step" of docs/recipes/job-queue.md, with the states in a hash and compare-and-set in a script.
 * An end is reported before its job is done, so a worker that dies in between reports it again.
 *
 * @typedef {import('rx-seedance').TaskRef} TaskRef
 * @typedef {import('rx-seedance').WatchState} WatchState
 * @typedef {import('rx-seedance').PollError} PollError
 */
import { Redis } from 'ioredis';
import { catchError, firstValueFrom, map, of, timeout } from 'rxjs';
import { applyResult, markSent, nextDelayMs, parseWatchState, resumeWatch, startWatch, watchConfig } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { atSpeed } from 'rx-seedance/simulator';
import { undiciTransport } from 'rx-seedance/undici';
import { counts, reportDelivered, reportKnown, settings, start } from './reporting.mjs';

// At run time: the types of BullMQ are there only after main.mjs has installed it.
const { DelayedError, Queue, Worker } = await import(new URL('peers/bullmq.mjs', import.meta.url).href);

const { address, speed, originMs, baseUrl, apiKey } = settings();
const scheduler = atSpeed(speed, originMs);
const connection = { path: address, maxRetriesPerRequest: null };
const redis = new Redis({ path: address });
const transport = undiciTransport();
const config = watchConfig(ark, { deadlineMs: 3_600_000, baseUrl });

const swapScript = `
local before = redis.call('HGET', KEYS[1], ARGV[1]) or '0 '
if tonumber(string.match(before, '^%d+')) ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], (ARGV[2] + 1) .. ' ' .. ARGV[3])
return 1`;

const read = async (/** @type {TaskRef} */ { id }) => {
  const row = await redis.hget('states', id);
  if (row === null) return { state: null, revision: 0 };
  const space = row.indexOf(' ');
  return { state: row.slice(space + 1), revision: Number(row.slice(0, space)) };
};
/** @returns the new revision */
const write = async (/** @type {TaskRef} */ { id }, /** @type {WatchState} */ state, /** @type {number} */ revision) => {
  if (await redis.eval(swapScript, 1, 'states', id, revision, JSON.stringify(state)) !== 1) throw new Error(`another worker has written ${id}`);
  return revision + 1;
};

/** @type {import('fp-ts/Either').Either<PollError, never>} */
const noResponse = { _tag: 'Left', left: { kind: 'transport', message: 'no response' } };
/** @type {import('fp-ts/Either').Either<PollError, never>} */
const deadlineCame = { _tag: 'Left', left: { kind: 'timeout', message: 'the deadline has passed' } };

const resultOf = (/** @type {WatchState} */ { task }) => {
  const url = config.baseUrl + ark.path.replace('{id}', encodeURIComponent(task.id));
  return firstValueFrom(transport({ method: 'GET', url, headers: { authorization: `Bearer ${apiKey}` } }).pipe(
    timeout({ first: 30_000, scheduler }),
    map((response) => ark.read(task, response)),
    catchError(() => of(noResponse)),
  ));
};

const step = async (/** @type {TaskRef} */ task) => {
  const now = scheduler.now();
  const row = await read(task);
  const saved = row.state === null ? startWatch(task, config, now) : parseWatchState(row.state);
  const isOver = saved.deadlineAtMs !== null && now >= saved.deadlineAtMs && saved.nextPollAtMs >= saved.deadlineAtMs;
  const state = isOver ? applyResult(saved, deadlineCame, config, now) : resumeWatch(saved, config, now);
  const wait = nextDelayMs(state, now);
  if (wait !== 'done' && wait > 0) return state;
  if (wait === 'done') {
    await write(task, state, row.revision);
    return state;
  }
  const sent = markSent(state, now);
  const revision = await write(task, sent, row.revision);
  const next = applyResult(sent, await resultOf(sent), config, scheduler.now());
  await write(task, next, revision);
  counts.polls += 1;
  return next;
};

const queue = new Queue('tasks', { connection });
new Worker('tasks', async (/** @type {any} */ job, /** @type {string} */ token) => {
  const state = await step(job.data);
  const now = scheduler.now();
  const wait = nextDelayMs(state, now);
  if (wait === 'done') {
    reportKnown(state.task.id, now);
    reportDelivered(state.task.id, state.snapshot?.status, now);
    return;
  }
  await job.moveToDelayed(Date.now() + Math.ceil(wait / speed), token);
  throw new DelayedError();
}, { connection, concurrency: 100, maxStalledCount: 1_000_000 }).on('failed', (/** @type {unknown} */ _, /** @type {Error} */ error) => { throw error; });

start((tasks) => queue.addBulk(tasks.map((task) => ({ name: 'poll', data: task, opts: { jobId: task.id, removeOnComplete: true } }))));
