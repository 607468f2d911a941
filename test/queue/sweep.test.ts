import { asyncScheduler, defer, delay, lastValueFrom, of, timer } from 'rxjs';
import { Agent } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { undiciTransport } from '../../src/adapters/undici.js';
import { account, type Account } from '../../src/client/account.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { memoryStore } from '../../src/queue/memory-store.js';
import { addTasks, sweep, type QueueStore, type SweepEvent, type SweepOptions, type SweepResult, wakeTask } from '../../src/queue/index.js';
import { atSpeed, type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.js';
import type { WatchState } from '../../src/state/watch-state.js';
import type { Transport } from '../../src/transport/transport.js';
import { taskKey } from '../../src/task/snapshot.js';
import { recording } from './polls.js';

const speed = 100;
const scheduler = atSpeed(speed);
const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast] as const;

const started: Simulator[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((simulator) => simulator.stop()));
});

const setUp = async (options: SimulatorOptions = {}, limits: Pick<Parameters<typeof account>[1], 'rateLimit' | 'batch'> = {}) => {
  const simulator = await startSimulator({ speed, ...options });
  started.push(simulator);
  const accounts = providers.map((provider) => account(provider, { apiKey: simulator.apiKey(provider.id), baseUrl: simulator.baseUrl(provider.id), ...limits }));
  const own = (id: string): Account => accounts.find(({ provider }) => provider.id === id) ?? (() => { throw new Error(id); })();
  return { simulator, accounts, own, store: memoryStore(), transport: recording(undiciTransport({ dispatcher: new Agent() }), () => scheduler.now()) };
};

const pause = (ms: number): Promise<unknown> => lastValueFrom(timer(ms, scheduler));

/** A worker: sweeps an account when it is told to, until it has no task. */
const work = async (options: SweepOptions, shouldStop: () => boolean = () => false): Promise<readonly SweepResult[]> => {
  const results: SweepResult[] = [];
  while (!shouldStop()) {
    const result = await sweep({ scheduler, ...options });
    results.push(result);
    if (result.nextSweepAtMs === null) break;
    await pause(Math.max(1, result.nextSweepAtMs - scheduler.now()));
  }
  return results;
};

const ends = async (store: QueueStore): Promise<ReadonlyMap<string, string>> =>
  new Map((await store.ended(10_000)).map(({ task, state }) => {
    const { ended, snapshot } = (typeof state === 'string' ? JSON.parse(state) : state) as WatchState; // as `sweep` wrote it
    return [taskKey(task), ended === 'terminal' ? (snapshot?.status ?? '') : String(ended)];
  }));

describe('sweep', () => {
  it('follows tasks of every provider to their ends, with faults in three of ten responses', { timeout: 60_000 }, async () => {
    const { simulator, accounts, store, transport } = await setUp({ seed: 3, faults: { rate: 0.3 } });
    const planned = providers.flatMap(({ id }) => (['succeeds', 'fails', 'moderated', 'succeeds'] as const).map((outcome) => ({ outcome, task: simulator.submit(id, { outcome }) })));
    for (const own of accounts) await addTasks(store, own, planned.map(({ task }) => task).filter(({ provider }) => provider === own.provider.id), { scheduler });
    await Promise.all(accounts.map((own) => work({ account: own, transport, store })));
    const seen = await ends(store);
    for (const { outcome, task } of planned) expect(`${task.provider} ${seen.get(taskKey(task)) ?? 'missing'}`).toBe(`${task.provider} ${outcome === 'succeeds' ? 'succeeded' : 'failed'}`);
    expect(seen.size).toBe(planned.length);
    expect(Math.min(...transport.gaps)).toBeGreaterThanOrEqual(9_999);
  });

  it('polls many tasks by lists', { timeout: 60_000 }, async () => {
    const { simulator, own, store, transport } = await setUp();
    const tasks = Array.from({ length: 300 }, () => simulator.submit('ark', { runMs: 60_000 }));
    await addTasks(store, own('ark'), tasks, { scheduler });
    // On a busy machine 15 s of this clock pass while the server still reads the request.
    const results = await work({ account: own('ark'), transport, store, requestTimeoutMs: 120_000 });
    expect((await ends(store)).size).toBe(300);
    const requests = results.reduce((sum, result) => sum + result.requests, 0);
    // Singly they would need more than 2,000.
    expect(requests).toBeLessThan(200);
    expect(results.reduce((sum, { ends: count }) => sum + count, 0)).toBe(300);
  });

  it('sends no second list for the few tasks that fell due last: they wait for others as long as the first ones did', async () => {
    vi.useFakeTimers();
    try {
      const own = account(ark, { apiKey: 'sk-0123456789abcdef' });
      const store = memoryStore();
      const startMs = Date.now();
      const idsOf = (part: string, count: number) => Array.from({ length: count }, (_, index) => ark.task(`cgt-20260301101500-${part}${String(index)}`));
      const lists: { readonly atMs: number; readonly tasks: number; readonly hasLate: boolean }[] = [];
      const transport: Transport = ({ url }) => defer(() => {
        const ids = new URL(url).searchParams.getAll('filter.task_ids');
        lists.push({ atMs: Date.now() - startMs, tasks: ids.length, hasLate: ids.includes('cgt-20260301101500-late0') });
        return of({ status: 200, headers: {}, body: JSON.stringify({ items: ids.map((id) => ({ id, status: 'running' })), total: ids.length }) }).pipe(delay(100));
      });
      await addTasks(store, own, idsOf('first', 70));
      await vi.advanceTimersByTimeAsync(700);
      await addTasks(store, own, idsOf('more', 70));
      await vi.advanceTimersByTimeAsync(300);
      const swept = sweep({ account: own, transport, store, maxMs: 5_000 });
      await vi.advanceTimersByTimeAsync(200);
      await addTasks(store, own, idsOf('late', 10));
      await vi.advanceTimersByTimeAsync(6_000);
      const { polls } = await swept;
      expect(polls).toBe(150);
      const [first, second, ...others] = lists;
      expect(others).toEqual([]);
      // The second list leaves a second after the first task that the first one had no place for.
      expect(first).toMatchObject({ atMs: 1_000, hasLate: false });
      expect(second).toMatchObject({ atMs: 1_700, tasks: 150 - (first?.tasks ?? 0), hasLate: true });
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([[0, 3_000], [1_000, 3_000], [1_000, 500]])('reads its store seldom while its requests are in flight, with windows of %d ms for %d ms', async (windowMs, maxMs) => {
    vi.useFakeTimers();
    try {
      const own = account(ark, { apiKey: 'sk-0123456789abcdef' });
      const store = memoryStore();
      await addTasks(store, own, Array.from({ length: 200 }, (_, index) => ark.task(`cgt-20260301101500-${String(index)}`)));
      let reads = 0;
      const counted: QueueStore = { ...store, due: (...args) => {
        reads += 1;
        if (reads > 5_000) throw new Error('too many reads');
        return store.due(...args);
      } };
      const transport: Transport = () => of({ status: 500, headers: {}, body: '' }).pipe(delay(5_000));
      const swept = sweep({ account: own, transport, store: counted, windowMs, maxMs });
      await vi.advanceTimersByTimeAsync(10_000);
      const { polls } = await swept;
      // A list that waits when the time is over is left to the next sweep.
      expect(polls === 200).toBe(maxMs > windowMs);
      expect(polls).toBeGreaterThan(50);
      expect(reads).toBeLessThan(400);
    } finally {
      vi.useRealTimers();
    }
  });

  it('lets one of two workers sweep an account, and the other go on after its death', { timeout: 60_000 }, async () => {
    const { simulator, own, store, transport } = await setUp();
    const tasks = Array.from({ length: 20 }, () => simulator.submit('ark', { queueMs: 30_000, runMs: 60_000 }));
    await addTasks(store, own('ark'), tasks, { scheduler });
    const stolen = { ...store, swap: () => new Promise<never>(() => undefined) };
    // A worker whose database hangs while it holds the lane.
    const stopped = expect(sweep({ account: own('ark'), transport, store: stolen, scheduler })).rejects.toThrow('the store took longer than 10000 ms for swap');
    await pause(1_000);
    const results = await work({ account: own('ark'), transport, store });
    await stopped;
    expect(results[0]).toMatchObject({ requests: 0, polls: 0 });
    expect((await ends(store)).size).toBe(20);
  });

  it('keeps the limit of a key over the sweeps of several workers', { timeout: 60_000 }, async () => {
    const { simulator, own, store, transport } = await setUp({ rateLimit: { perMinute: 60 } }, { rateLimit: { perMinute: 60 }, batch: false });
    await addTasks(store, own('ark'), Array.from({ length: 40 }, () => simulator.submit('ark', { queueMs: 0, runMs: 90_000 })), { scheduler });
    await Promise.all([1, 2].map(() => work({ account: own('ark'), transport, store })));
    expect((await ends(store)).size).toBe(40);
    expect(simulator.requests.filter(({ status }) => status === 429)).toEqual([]);
  });

  it('spreads requests by the limit of a key while the store is slow', async () => {
    vi.useFakeTimers();
    try {
      const own = account(anyfast, { apiKey: 'sk-0123456789abcdef', rateLimit: { perMinute: 12 } });
      const store = memoryStore();
      let swaps = 0;
      const slow: QueueStore = { ...store, swap: async (...args) => {
        swaps += 1;
        if (swaps % 5 === 0) await lastValueFrom(timer(9_000));
        return store.swap(...args);
      } };
      await addTasks(store, own, Array.from({ length: 60 }, (_, index) => anyfast.task(`asyntask_${String(index)}`)));
      const sentAtMs: number[] = [];
      const transport: Transport = () => defer(() => {
        sentAtMs.push(Date.now());
        return of({ status: 500, headers: {}, body: '' });
      });
      void work({ account: own, transport, store: slow, scheduler: asyncScheduler }, () => sentAtMs.length >= 60);
      await vi.advanceTimersByTimeAsync(600_000);
      expect(sentAtMs.length).toBeGreaterThanOrEqual(60);
      const gaps = sentAtMs.slice(1).map((atMs, index) => atMs - (sentAtMs[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4_000); // 5 s, and a second of jitter
    } finally {
      vi.useRealTimers();
    }
  });

  it('polls a task that is woken, not sooner than its minimum interval', { timeout: 60_000 }, async () => {
    const { simulator, own, store, transport } = await setUp();
    const task = simulator.submit('anyfast', { queueMs: 0, runMs: 300_000 });
    await addTasks(store, own('anyfast'), [task], { scheduler });
    const once = () => sweep({ account: own('anyfast'), transport, store, scheduler, policy: { interval: () => 300_000 } });
    await once();
    await wakeTask(store, own('anyfast'), task, scheduler);
    const early = await once();
    expect(early.requests).toBe(0);
    await pause(Math.max(0, (early.nextSweepAtMs ?? 0) - scheduler.now()));
    expect((await once()).requests).toBe(1);
    expect(transport.gaps).toHaveLength(1);
    expect(transport.gaps[0]).toBeGreaterThanOrEqual(9_999);
    expect(transport.gaps[0]).toBeLessThan(60_000);
  });

  it('polls a task again that is woken while its poll is in flight, not sooner than its minimum interval', { timeout: 60_000 }, async () => {
    const { simulator, own, store, transport } = await setUp();
    const task = simulator.submit('anyfast', { queueMs: 0, runMs: 300_000 });
    await addTasks(store, own('anyfast'), [task], { scheduler });
    const held: Transport = (request) => transport(request).pipe(delay(5_000, scheduler));
    const options = { account: own('anyfast'), transport: held, store, scheduler, policy: { interval: () => 300_000 } };
    const first = sweep(options);
    while (simulator.polls(task) === 0) await pause(100);
    await wakeTask(store, own('anyfast'), task, scheduler);
    expect(await first).toMatchObject({ requests: 1, polls: 1, lost: 0 });
    const early = await sweep(options);
    expect(early.requests).toBe(0);
    await pause(Math.max(0, (early.nextSweepAtMs ?? 0) - scheduler.now()));
    expect(await sweep(options)).toMatchObject({ requests: 1, polls: 1, lost: 0 });
    expect(transport.gaps).toHaveLength(1);
    expect(transport.gaps[0]).toBeGreaterThanOrEqual(9_999);
    expect(transport.gaps[0]).toBeLessThan(60_000);
  });

  it('tells its requests and polls, without the key', async () => {
    const { simulator, own, store, transport } = await setUp();
    await addTasks(store, own('yescale'), [simulator.submit('yescale')], { scheduler });
    const events: SweepEvent[] = [];
    await sweep({ account: own('yescale'), transport, store, scheduler, onEvent: (event) => events.push(event) });
    expect(events.map(({ kind }) => kind)).toEqual(['request', 'poll']);
    expect(events[0]).toMatchObject({ account: 'yescale', list: false, tasks: 1, error: null });
    expect(JSON.stringify([events, await store.lane('yescale')])).not.toContain(simulator.apiKey('yescale'));
  });

  it('tells each end once, also that by a deadline between two polls', { timeout: 60_000 }, async () => {
    const { simulator, own, store, transport } = await setUp();
    const [finished, late] = [simulator.submit('anyfast', { queueMs: 0, runMs: 0 }), simulator.submit('anyfast', { queueMs: 0, runMs: 300_000 })];
    await addTasks(store, own('anyfast'), [finished], { scheduler });
    await addTasks(store, own('anyfast'), [late], { scheduler, deadlineMs: 15_000 });
    const told: string[] = [];
    const onEvent = (event: SweepEvent): void => { if (event.kind === 'end') told.push(`${event.task.id} ${String(event.state.ended)}`); };
    const results = await work({ account: own('anyfast'), transport, store, onEvent });
    expect(told.sort()).toEqual([`${finished.id} terminal`, `${late.id} timeout`].sort());
    expect(results.reduce((sum, result) => sum + result.ends, 0)).toBe(2);
  });

  it('refuses invalid options', async () => {
    const { own, store, transport } = await setUp();
    const options = { account: own('ark'), store, transport };
    await expect(sweep({ ...options, account: {} as Account })).rejects.toThrow('account must be a result of account()');
    await expect(sweep({ ...options, windowMs: -1 })).rejects.toThrow('windowMs must be finite and ≥ 0, not -1');
    await expect(sweep({ ...options, maxMs: 0 })).rejects.toThrow('maxMs must be a finite number of ms above 0, not 0');
    await expect(sweep({ ...options, store: null as never })).rejects.toThrow('store must be a QueueStore, not null');
  });
});
