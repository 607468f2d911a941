/**
 * Two worker processes over a real Redis and a real PostgreSQL: killed, paused and replaced, with a database that is killed too. `RUNS` says how often.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstValueFrom, timer } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { account, labelOf } from '../../src/client/account.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { addTasks, type QueueStore } from '../../src/queue/index.js';
import { postgresSchema, postgresStore } from '../../src/queue/postgres-store.js';
import { redisStore } from '../../src/queue/redis-store.js';
import { pollFaults } from '../../src/simulator/faults.js';
import { atSpeed, startSimulator } from '../../src/simulator/index.js';
import { parseWatchState } from '../../src/state/stored.js';
import { taskKey } from '../../src/task/snapshot.js';
import { type Built, buildForNode } from '../support/build.js';
import { startPostgres, startRedis } from './servers.js';

const speed = 30;
const perMinute = 60;
const runs = Array.from({ length: Number(process.env['RUNS'] ?? 1) }, (_, index) => index + 1);
/**
 * Two 404s or three 401s in a row end a watch, so those kinds are left out. Requests that hang keep their worker: at each kill and pause some are in
 * flight.
 */
const scenarios = [
  ['faults in three of ten responses', { rate: 0.3, kinds: pollFaults.filter((kind) => kind !== 'not-found-after-creation' && kind !== 'transient-unauthorized') }],
  ['no response to four of ten requests', { rate: 0.4, kinds: ['hang'] }],
] as const;
const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast];

let built: Built;
beforeAll(async () => {
  built = await buildForNode({ worker: fileURLToPath(new URL('worker.ts', import.meta.url)) });
});
afterAll(() => { built.remove(); });

const real = (ms: number): Promise<unknown> => firstValueFrom(timer(ms));

/** A database, and a store over a connection that survives its restarts. */
const engines = {
  redis: async () => {
    const server = await startRedis('always');
    let client = server.connect();
    return {
      server,
      store: (): QueueStore => {
        if (client.status !== 'ready') client = server.connect();
        return redisStore(client);
      },
      close: () => { client.disconnect(); },
    };
  },
  postgres: async () => {
    const server = await startPostgres();
    const pool = server.connect();
    await pool.query(postgresSchema());
    return { server, store: (): QueueStore => postgresStore(pool), close: () => void pool.end() };
  },
};

const everyCase = (['redis', 'postgres'] as const).flatMap((engine) => scenarios.map(([name, faults]) => [engine, name, faults] as const));
describe.each(everyCase)('two workers over %s, with %s', (engine, name, faults) => {
  it.each(runs)('lose no task, end none twice, and keep every interval and limit: run %i', { timeout: 180_000 }, async (seed) => {
    const { server, store, close } = await engines[engine]();
    const folder = mkdtempSync(join(tmpdir(), 'rx-seedance-workers-'));
    const simulator = await startSimulator({ speed, seed, faults, rateLimit: { perMinute } });
    const scheduler = atSpeed(speed, performance.timeOrigin);
    const workers = new Set<ChildProcess>();
    const logs: string[] = [];
    const start = (): ChildProcess => {
      const log = join(folder, `${String(logs.length)}.log`);
      logs.push(log);
      const baseUrls = Object.fromEntries(providers.map(({ id }) => [id, simulator.baseUrl(id as 'ark')])); // all are simulated
      const settings = { engine, address: server.address, speed, originMs: performance.timeOrigin, baseUrls, perMinute, log };
      const child = spawn(process.execPath, [built.file('worker')], { env: { ...process.env, WORKER: JSON.stringify(settings) }, stdio: 'inherit' });
      workers.add(child);
      child.once('exit', () => workers.delete(child));
      return child;
    };
    const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    };
    try {
      const accounts = providers.map((provider) => account(provider, { apiKey: 'sim-key', baseUrl: simulator.baseUrl(provider.id as 'ark') }));
      const planned = accounts.flatMap((own) => Array.from({ length: 33 }, (_, index) => {
        const outcome = index % 5 === 0 ? 'fails' as const : 'succeeds' as const;
        return { own, status: outcome === 'fails' ? 'failed' : 'succeeded', task: simulator.submit(own.provider.id as 'ark', { outcome, runMs: 120_000 + 10_000 * index }) };
      }));
      for (const own of accounts) await addTasks(store(), own, planned.filter((each) => each.own === own).map(({ task }) => task), { scheduler });
      let a = start();
      const b = start();
      while (logs.some((log) => !existsSync(log))) await real(50); // a busy machine starts processes slowly
      await real(2_500);
      await end(a, 'SIGKILL');
      a = start();
      await real(1_000);
      b.kill('SIGSTOP');
      await real(5_000);
      b.kill('SIGCONT');
      // After SIGTERM PostgreSQL would wait for its clients.
      await server.end(seed % 2 === 0 ? 'SIGINT' : 'SIGKILL');
      await real(500);
      await server.start();
      await real(1_000);
      // A rolling deploy.
      const next = start();
      await end(a, 'SIGTERM');
      const last = start();
      await end(b, 'SIGTERM');
      const ended = async (): Promise<number> => (await store().ended(10_000).catch(() => [])).length;
      for (let waited = 0; waited < 120 && (await ended()) < planned.length; waited += 1) await real(1_000);
      await Promise.all([end(next, 'SIGKILL'), end(last, 'SIGKILL')]);

      const ends = await store().ended(10_000);
      const statusOf = new Map(ends.map(({ task, state }) => {
        const { ended, snapshot } = parseWatchState(state);
        return [taskKey(task), ended === 'terminal' ? snapshot?.status : ended];
      }));
      const lost = planned.filter(({ task, status }) => statusOf.get(taskKey(task)) !== status);
      const left = (await Promise.all(accounts.map((own) => store().due(labelOf(own), Number.MAX_SAFE_INTEGER, 1_000)))).flat();
      const departures = logs.filter((log) => existsSync(log)).flatMap((log) => readFileSync(log, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { readonly ids: readonly string[]; readonly atMs: number }));
      const lastAtMs = new Map<string, number>();
      const tooSoon: string[] = [];
      for (const { ids, atMs } of departures.sort((x, y) => x.atMs - y.atMs)) {
        for (const id of ids) {
          const gapMs = atMs - (lastAtMs.get(id) ?? -Infinity);
          if (gapMs < 9_990) tooSoon.push(`${id} after ${String(gapMs)} ms`);
          lastAtMs.set(id, atMs);
        }
      }
      // By the workers' own clock: at this speed a busy machine delays an arrival by seconds of it.
      const providerOf = new Map(planned.map(({ task }) => [task.id, task.provider]));
      const sentAtMs = new Map<string, number[]>();
      for (const { ids, atMs } of departures) {
        const provider = providerOf.get(ids[0] ?? '') ?? '';
        sentAtMs.set(provider, [...(sentAtMs.get(provider) ?? []), atMs]);
      }
      const mostInMinute = Math.max(...[...sentAtMs.values()].flatMap((times) => times.map((atMs) => times.filter((other) => other >= atMs && other < atMs + 60_000).length)));
      const figures = {
        lost: lost.map(({ task }) => `${task.provider} ${task.id} ${statusOf.get(taskKey(task)) ?? 'missing'}`), endsTwice: ends.length - statusOf.size, left: left.length, tooSoon,
        isOverLimit: mostInMinute > perMinute,
      };
      console.log(engine, name, seed, JSON.stringify({ ...figures, ends: ends.length, requests: departures.length, mostInMinute, limited: simulator.requests.filter(({ limited }) => limited).length }));
      expect(figures).toEqual({ lost: [], endsTwice: 0, left: 0, tooSoon: [], isOverLimit: false });
    } finally {
      for (const child of workers) child.kill('SIGKILL');
      close();
      await simulator.stop();
      await server.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
