/**
 * Two workers over a real Redis and a simulator, in real time: one worker is killed while it sweeps, all jobs are lost, and Redis is killed and restarted.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { account } from 'rx-seedance';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { addTasks } from 'rx-seedance/queue';
import { redisStore } from 'rx-seedance/queue/redis';
import { startSimulator } from 'rx-seedance/simulator';

const workerFile = fileURLToPath(new URL('../worker.mjs', import.meta.url));

/** Starts a program that ends with this process. Rejects if it is not installed. @returns {Promise<import('node:child_process').ChildProcess>} */
const run = async (program, args, env = {}) => {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  await once(child, 'spawn').catch((error) => { throw new Error(`${program} did not start: ${error.message}`); });
  return child;
};

const end = async (child, signal) => {
  const ended = once(child, 'exit');
  child.kill(signal);
  return (await ended)[0];
};

/** Calls until it returns something. */
const eventually = async (what, call) => {
  for (const sinceMs = Date.now(); Date.now() - sinceMs < 120_000; await pause(50)) {
    const result = await call();
    if (result) return result;
  }
  throw new Error(`not within two minutes: ${what}`);
};

test('no task is lost, and no interval is too short, when a worker, the jobs and Redis die', { timeout: 300_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rx-seedance-bullmq-'));
  const socket = join(folder, 'socket');
  const startRedis = async () => {
    const child = await run('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--maxmemory-policy', 'noeviction']);
    child.stdout?.resume();
    return child;
  };
  let server = await startRedis();
  const redis = new Redis(socket, { maxRetriesPerRequest: null, retryStrategy: () => 100 }).on('error', () => undefined);
  const simulator = await startSimulator({ seed: 1, faults: { rate: 0.2, kinds: ['server-error', 'reset', 'truncated-json'] } });
  const queue = new Queue('sweeps', { connection: redis }).on('error', () => undefined);
  const workers = new Set();
  const delivered = [];
  t.after(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    await simulator.stop();
    server.kill('SIGKILL');
    redis.disconnect();
    rmSync(folder, { recursive: true, maxRetries: 10 });
  });

  const startWorker = async () => {
    const env = {
      REDIS_URL: socket,
      ARK_API_KEY: simulator.apiKey('ark'), ARK_BASE_URL: simulator.baseUrl('ark'),
      ANYFAST_API_KEY: simulator.apiKey('anyfast'), ANYFAST_BASE_URL: simulator.baseUrl('anyfast'),
    };
    const worker = await run(process.execPath, [workerFile], env);
    workers.add(worker);
    createInterface({ input: worker.stdout }).on('line', (line) => delivered.push(JSON.parse(line)));
    return worker;
  };
  const sweepOf = (worker) => eventually(`a sweep of worker ${worker.pid}`, async () =>
    (await queue.getActive()).find((job) => job.processedBy === String(worker.pid)));

  const store = redisStore(redis);
  const tasks = [];
  for (const provider of [ark, anyfast]) {
    const own = account(provider, { apiKey: simulator.apiKey(provider.id), baseUrl: simulator.baseUrl(provider.id) });
    const added = Array.from({ length: 10 }, (_, index) => simulator.submit(provider.id, { queueMs: 0, runMs: 10_000 + 4_000 * index }));
    await addTasks(store, own, added, { firstPollAfterMs: 2_000 });
    tasks.push(...added);
  }
  const killed = await startWorker();
  await startWorker();
  await sweepOf(killed);
  await end(killed, 'SIGKILL');
  workers.delete(killed);
  await sweepOf(await startWorker());
  await queue.obliterate({ force: true });
  await eventually('an end', () => delivered.length > 0);
  await end(server, 'SIGKILL');
  server = await startRedis();
  await eventually('all ends', () => new Set(delivered.map(({ task }) => task)).size === tasks.length);
  for (const worker of workers) assert.equal(await end(worker, 'SIGTERM'), 0, 'a worker ends by itself after SIGTERM');

  // Each task has ended once, with one id, and nothing is left.
  assert.equal(new Set(delivered.map(({ id, status }) => `${id} ${status}`)).size, tasks.length);
  assert.deepEqual(new Set(delivered.map(({ ended, status }) => `${ended} ${status}`)), new Set(['terminal succeeded']));
  assert.equal(await redis.get('{rx-seedance}:ends:count'), String(tasks.length));
  assert.deepEqual(await store.ended(1), []);
  assert.equal(await redis.hlen('{rx-seedance}:tasks'), 0);

  const gaps = [];
  const lastAtMs = new Map();
  for (const { id, path, atMs } of simulator.requests) {
    for (const each of id === null ? new URL(path, 'http://localhost').searchParams.getAll('filter.task_ids') : [id]) {
      if (lastAtMs.has(each)) gaps.push(atMs - lastAtMs.get(each));
      lastAtMs.set(each, atMs);
    }
  }
  console.log({ requests: simulator.requests.length, polls: gaps.length + lastAtMs.size, deliveries: delivered.length, shortestGapMs: Math.min(...gaps) });
  assert.ok(Math.min(...gaps) > 9_500, 'no two polls of a task within its minimum interval of 10 s, but for the jitter of requests');
});
