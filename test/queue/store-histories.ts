/**
 * What a store keeps to over any history: of one client, beside a simple model, and of three clients at once.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueueStore, TaskChange } from '../../src/queue/store.js';
import { account, all, change, markOf, newTask, type Stores, taskOf } from './store-contract.js';

const ids = ['a', 'b', 'c'] as const;
const anyIds = fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 });
const anyDueAtMs = fc.oneof(fc.nat({ max: 20 }), fc.double({ min: 0, max: 2e12, noNaN: true }));

/** One call of one client. `ahead` is added to the revision that the client has read last. */
type Call =
  | { readonly kind: 'add'; readonly ids: readonly string[]; readonly dueAtMs: number }
  | { readonly kind: 'swap'; readonly ids: readonly string[]; readonly ahead: number; readonly dueAtMs: number | null; readonly markedDueAtMs: number | undefined }
  | { readonly kind: 'wake'; readonly id: string; readonly atMs: number }
  | { readonly kind: 'acknowledge'; readonly count: number };

const anyCall: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), ids: anyIds, dueAtMs: anyDueAtMs }),
  fc.record({
    kind: fc.constant('swap' as const),
    ids: anyIds,
    ahead: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1)),
    dueAtMs: fc.option(anyDueAtMs, { freq: 4 }),
    markedDueAtMs: fc.option(anyDueAtMs, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('wake' as const), id: fc.constantFrom(...ids), atMs: anyDueAtMs }),
  fc.record({ kind: fc.constant('acknowledge' as const), count: fc.nat({ max: 2 }) }),
);

/** What a model knows of a task: how far its watch is, or how it ended. */
type Known = { readonly revision: number; readonly dueAtMs: number; readonly mark: string } | { readonly ended: string };

/** Everything that a store tells, in the form of the model. */
const contents = async (store: QueueStore): Promise<Readonly<Record<string, Known>>> => Object.fromEntries([
  ...(await store.due(account, Number.MAX_VALUE, all)).map((stored) =>
    [stored.task.id, { revision: stored.revision, dueAtMs: stored.dueAtMs, mark: markOf(stored) }] as const),
  ...(await store.ended(all)).map((end) => [end.task.id, { ended: markOf(end) }] as const),
]);

/** Makes one call of the store and of the model, and compares what they return. */
const callBoth = async (store: QueueStore, model: Map<string, Known>, call: Call, mark: string): Promise<void> => {
  switch (call.kind) {
    case 'add':
      await store.add(account, call.ids.map((id) => newTask(id, call.dueAtMs, mark)));
      for (const id of call.ids) if (!model.has(id)) model.set(id, { revision: 0, dueAtMs: call.dueAtMs, mark });
      return;
    case 'swap': {
      const changes = call.ids.map((id) => {
        const known = model.get(id);
        return { ...change(id, (known !== undefined && 'revision' in known ? known.revision : 0) + call.ahead, call.dueAtMs, mark), markedDueAtMs: call.markedDueAtMs };
      });
      const expected = changes.map(({ task, revision, dueAtMs, markedDueAtMs = -Infinity }) => {
        const known = model.get(task.id);
        if (known === undefined || 'ended' in known || known.revision !== revision) return false;
        model.set(task.id, dueAtMs === null ? { ended: mark } : { revision: revision + 1, dueAtMs: known.dueAtMs < markedDueAtMs ? Math.min(dueAtMs, known.dueAtMs) : dueAtMs, mark });
        return true;
      });
      expect(await store.swap(account, changes)).toEqual(expected);
      return;
    }
    case 'wake': {
      const known = model.get(call.id);
      await store.wake(account, taskOf(call.id), call.atMs);
      if (known !== undefined && 'revision' in known) model.set(call.id, { ...known, dueAtMs: Math.min(known.dueAtMs, call.atMs) });
      return;
    }
    case 'acknowledge': {
      const ends = await store.ended(call.count);
      await store.acknowledge(ends.map(({ id }) => id));
      for (const { task } of ends) model.delete(task.id);
    }
  }
};

/** Makes the calls of one client. Returns the changes that were written. */
const run = async (store: QueueStore, calls: readonly Call[], client: number): Promise<readonly TaskChange[]> => {
  const written: TaskChange[] = [];
  for (const [index, call] of calls.entries()) {
    const mark = `${client}.${index}`;
    if (call.kind === 'add') await store.add(account, call.ids.map((id) => newTask(id, call.dueAtMs, mark)));
    else if (call.kind === 'wake') await store.wake(account, taskOf(call.id), call.atMs);
    else if (call.kind === 'swap') {
      const stored = await store.due(account, Number.MAX_VALUE, all);
      const changes = call.ids.map((id) =>
        change(id, (stored.find(({ task }) => task.id === id)?.revision ?? 0) + call.ahead, call.dueAtMs, mark));
      const outcomes = await store.swap(account, changes);
      written.push(...changes.filter((_, place) => outcomes[place]));
    }
  }
  return written;
};

/** Registers the properties for one kind of store. See `describeStore`. */
export const describeHistories = (name: string, open: () => Promise<Stores>): void => {
  describe(`${name}: any history`, () => {
    it('of one client is that of the model', async () => {
      await fc.assert(fc.asyncProperty(fc.array(anyCall, { maxLength: 20 }), async (calls) => {
        const [store] = await open();
        const model = new Map<string, Known>();
        for (const [index, call] of calls.entries()) await callBoth(store, model, call, String(index));
        expect(await contents(store)).toEqual(Object.fromEntries(model));
      }));
    });

    it('of three clients writes each revision once, and an end once', async () => {
      const anyCalls = fc.array(anyCall, { maxLength: 10 });
      await fc.assert(fc.asyncProperty(fc.tuple(anyCalls, anyCalls, anyCalls), async (programs) => {
        const stores = await open();
        const written = (await Promise.all(programs.map((calls, index) => run(stores[index] ?? stores[0], calls, index)))).flat();
        const now = await contents(stores[0]);
        expect(await stores[0].ended(all)).toHaveLength(Object.values(now).filter((known) => 'ended' in known).length);
        for (const id of ids) {
          const own = written.filter(({ task }) => task.id === id).sort((a, b) => a.revision - b.revision);
          const last = own.at(-1);
          const known = now[id];
          expect(own.map(({ revision }) => revision)).toEqual(own.map((_, index) => index));
          expect(own.findIndex(({ dueAtMs }) => dueAtMs === null)).toBeOneOf([-1, own.length - 1]);
          if (last?.dueAtMs === null) expect(known).toEqual({ ended: markOf(last) });
          else if (last !== undefined) expect(known).toMatchObject({ revision: own.length, mark: markOf(last) });
          else if (programs.flat().some((call) => call.kind === 'add' && call.ids.includes(id))) expect(known).toMatchObject({ revision: 0 });
          else expect(known).toBeUndefined();
        }
      }));
    });
  });

  describe(`${name}: three clients at once`, () => {
    const many = Array.from({ length: 300 }, (_, index) => `cgt-${index}`);

    it('that change the same tasks in opposite orders, with wakes between, lose nothing', async () => {
      const stores = await open();
      await stores[0].add(account, many.map((id) => newTask(id, 1_000)));
      for (let revision = 0; revision < 5; revision += 1) {
        const outcomes = await Promise.all(stores.map(async (store, client) => {
          const changes = many.map((id) => change(id, revision, 1_000, `${client}`));
          if (client === 1) changes.reverse();
          const swapped = store.swap(account, changes);
          await Promise.all(many.slice(0, 20).map((id) => store.wake(account, taskOf(id), revision)));
          return client === 1 ? [...await swapped].reverse() : swapped;
        }));
        const marks = new Map((await stores[0].due(account, all, all)).map((stored) => [stored.task.id, markOf(stored)]));
        for (const [place, id] of many.entries()) {
          const winners = outcomes.flatMap((written, client) => (written[place] ? [`${client}`] : []));
          expect(winners).toEqual([marks.get(id)]);
        }
      }
    });

    it('that add the same tasks in opposite orders add each once', async () => {
      const stores = await open();
      await Promise.all(stores.map((store, client) => {
        const tasks = many.map((id) => newTask(id, 0, `${client}`));
        return store.add(account, client === 1 ? tasks.reverse() : tasks);
      }));
      expect((await stores[0].due(account, all, all)).map(({ task }) => task.id).sort()).toEqual([...many].sort());
    });

    it('that add, end and acknowledge the same tasks deliver each end, and no task is twice in the outbox', async () => {
      const [adder, worker, consumer] = await open();
      const lives = 30;
      const delivered = new Set<string>();
      let ended = 0;
      const work = async () => {
        while (ended < lives) {
          const due = await worker.due(account, all, 2);
          const written = await worker.swap(account, due.map(({ task, revision }) => change(task.id, revision, null)));
          ended += written.filter(Boolean).length;
        }
      };
      const add = async () => {
        while (ended < lives) {
          await adder.add(account, ids.map((id) => newTask(id)));
          const ends = (await adder.ended(all)).map(({ task }) => task.id);
          expect(ends).toEqual([...new Set(ends)]);
        }
      };
      const consume = async () => {
        while (delivered.size < ended || ended < lives) {
          const ends = await consumer.ended(2);
          for (const { id } of ends) delivered.add(id);
          await consumer.acknowledge(ends.map(({ id }) => id));
        }
      };
      await Promise.all([work(), add(), consume()]);
      expect(delivered.size).toBe(ended);
      expect(await adder.ended(all)).toEqual([]);
    });

    it('that add a task while it ends keep it ended', async () => {
      const stores = await open();
      for (let round = 0; round < 100; round += 1) {
        const id = `cgt-${round}`;
        await stores[0].add(account, [newTask(id)]);
        await Promise.all([
          stores[0].swap(account, [change(id, 0, null)]),
          ...stores.map((store) => store.add(account, [newTask(id, 0, 'again')])),
        ]);
        expect(await stores[0].due(account, all, all)).toEqual([]);
      }
      expect(await stores[0].ended(all)).toHaveLength(100);
    });
  });
};
