import { firstValueFrom, lastValueFrom, map, of, retry, take, takeUntil, tap, timer, toArray } from 'rxjs';
import { Agent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { undiciTransport } from '../../src/adapters/undici.js';
import { account } from '../../src/client/account.js';
import { ark } from '../../src/providers/ark.js';
import { yescale } from '../../src/providers/yescale.js';
import { addTasks, deliverEnds, memoryStore, type QueueStore, runSweeps, type SweepRun, wakeTask } from '../../src/queue/index.js';
import { atSpeed, type Simulator, startSimulator } from '../../src/simulator/index.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { startWatch } from '../../src/state/watch-state.js';

const speed = 100;
const scheduler = atSpeed(speed);
const started: Simulator[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((simulator) => simulator.stop()));
});

const setUp = async () => {
  const simulator = await startSimulator({ speed });
  started.push(simulator);
  const own = account(ark, { apiKey: simulator.apiKey('ark'), baseUrl: simulator.baseUrl('ark') });
  const other = account(yescale, { apiKey: simulator.apiKey('yescale'), baseUrl: simulator.baseUrl('yescale') });
  const store = memoryStore();
  return { simulator, own, other, store, options: { accounts: [own, other], transport: undiciTransport({ dispatcher: new Agent() }), scheduler } };
};

describe('runSweeps and deliverEnds', () => {
  it('follow tasks that are added before and while they run, and deliver each end once', { timeout: 30_000 }, async () => {
    const { simulator, own, other, store, options } = await setUp();
    const [a, b, c] = [simulator.submit('ark'), simulator.submit('ark', { outcome: 'fails' }), simulator.submit('yescale')];
    await addTasks(store, own, [a, b], { scheduler });
    const sweeps = runSweeps({ ...options, store }).subscribe();
    const delivered = lastValueFrom(deliverEnds(store, () => undefined, { scheduler }).pipe(take(3), toArray()));
    await addTasks(store, other, [c], { scheduler });
    const ends = await delivered;
    sweeps.unsubscribe();
    expect(ends.map(({ task, state }) => `${task.id} ${state.snapshot?.status ?? ''}`).sort()).toEqual([`${a.id} succeeded`, `${b.id} failed`, `${c.id} succeeded`].sort());
    expect(await store.ended(10)).toEqual([]);
  });

  it('notice a task that is woken within the idle time', { timeout: 30_000 }, async () => {
    const { simulator, own, store, options } = await setUp();
    const task = simulator.submit('ark', { queueMs: 0, runMs: 20_000 });
    await addTasks(store, own, [task], { scheduler });
    const sweeps = runSweeps({ ...options, store, policy: { interval: () => 3_600_000 } }).subscribe();
    await lastValueFrom(timer(25_000, scheduler));
    const wokenAtMs = scheduler.now();
    await wakeTask(store, own, task, scheduler);
    await firstValueFrom(deliverEnds(store, () => undefined, { scheduler }));
    sweeps.unsubscribe();
    expect(scheduler.now() - wokenAtMs).toBeLessThan(20_000);
  });

  it('go on after the store has failed', { timeout: 30_000 }, async () => {
    const { simulator, own, store, options } = await setUp();
    let failures = 3;
    const failing: QueueStore = { ...store, swap: (...args) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('the database is down')) : store.swap(...args);
    } };
    await addTasks(store, own, [simulator.submit('ark')], { scheduler });
    const runs: SweepRun[] = [];
    const sweeps = runSweeps({ ...options, store: failing }).pipe(tap((run) => runs.push(run))).subscribe();
    await firstValueFrom(deliverEnds(store, () => undefined, { scheduler }));
    sweeps.unsubscribe();
    expect(runs.filter(({ error }) => error !== null).map(({ account: label, error }) => `${label} ${String(error)}`)).toEqual(Array.from({ length: 3 }, () => 'ark Error: the database is down'));
  });

  it('emit to each subscriber the ends that it delivered', { timeout: 30_000 }, async () => {
    const { simulator, own, store, options } = await setUp();
    await addTasks(store, own, [1, 2, 3].map(() => simulator.submit('ark', { runMs: 10_000 })), { scheduler });
    const sweeps = runSweeps({ ...options, store }).subscribe();
    while ((await store.ended(3)).length < 3) await lastValueFrom(timer(1_000, scheduler));
    sweeps.unsubscribe();
    const slow: QueueStore = { ...store, acknowledge: async (ids) => {
      await lastValueFrom(timer(5_000, scheduler));
      await store.acknowledge(ids);
    } };
    const ends = deliverEnds(slow, () => timer(1_000, scheduler), { scheduler }).pipe(take(3), map(({ id }) => id), toArray());
    const [a, b] = await Promise.all([lastValueFrom(ends), lastValueFrom(ends)]);
    expect(new Set(a).size).toBe(3);
    expect(b).toEqual(a);
  });

  it('keep an end in the outbox until it is delivered', { timeout: 30_000 }, async () => {
    const { simulator, own, store, options } = await setUp();
    await addTasks(store, own, [simulator.submit('ark')], { scheduler });
    const sweeps = runSweeps({ ...options, store }).subscribe();
    const ids: string[] = [];
    const deliver = (id: string) => {
      ids.push(id);
      if (ids.length < 3) throw new Error('the receiver is down');
      return of('kept');
    };
    await firstValueFrom(deliverEnds(store, ({ id }) => deliver(id), { scheduler }).pipe(retry({ delay: () => timer(5_000, scheduler) })));
    sweeps.unsubscribe();
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  it('start no sweep once they are unsubscribed', { timeout: 30_000 }, async () => {
    const { simulator, own, store, options } = await setUp();
    const task = simulator.submit('ark', { runMs: 600_000 });
    await addTasks(store, own, [task], { scheduler });
    await lastValueFrom(runSweeps({ ...options, store }).pipe(takeUntil(timer(30_000, scheduler))));
    await lastValueFrom(timer(20_000, scheduler));
    const polls = simulator.polls(task);
    await lastValueFrom(timer(60_000, scheduler));
    expect(simulator.polls(task)).toBe(polls);
  });
});

describe('deliverEnds', () => {
  it('acknowledges together what was delivered meanwhile, before it passes an error on', async () => {
    const state = startWatch({ provider: 'ark', id: 'cgt-1' }, watchConfig(ark), 0);
    const acknowledged: (readonly string[])[] = [];
    const store: QueueStore = {
      ...memoryStore(),
      ended: () => Promise.resolve(['1', '2', '3', '4', '5'].map((id) => ({ id, task: state.task, state: JSON.parse(JSON.stringify(state)) }))),
      acknowledge: (ids) => { acknowledged.push(ids); return Promise.resolve(); },
    };
    const delivered: string[] = [];
    const emitted: string[] = [];
    const ends = deliverEnds(store, ({ id }) => {
      delivered.push(id);
      if (id === '4') throw new Error('the receiver is down');
    });
    await expect(lastValueFrom(ends.pipe(tap(({ id }) => emitted.push(id))))).rejects.toThrow('the receiver is down');
    expect({ delivered, acknowledged, emitted }).toEqual({ delivered: ['1', '2', '3', '4'], acknowledged: [['1'], ['2', '3']], emitted: ['1', '2', '3'] });
  });

  it('waits only when it has read all ends', { timeout: 5_000 }, async () => {
    const state = startWatch({ provider: 'ark', id: 'cgt-1' }, watchConfig(ark), 0);
    let left = Array.from({ length: 250 }, (_, index) => ({ id: String(index), task: state.task, state: JSON.parse(JSON.stringify(state)) }));
    const store: QueueStore = {
      ...memoryStore(),
      ended: (limit) => Promise.resolve(left.slice(0, limit)),
      acknowledge: (ids) => { left = left.filter(({ id }) => !ids.includes(id)); return Promise.resolve(); },
    };
    const ends = await lastValueFrom(deliverEnds(store, () => undefined, { intervalMs: 3_600_000 }).pipe(take(250), toArray()));
    expect(ends.map(({ id }) => id)).toEqual(Array.from({ length: 250 }, (_, index) => String(index)));
    expect(left).toEqual([]);
  });
});
