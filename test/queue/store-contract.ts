/**
 * The contract of a store, sentence by sentence. Each store runs it, with three clients that share one database.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueueStore, StoredTask, TaskChange, TaskEnd } from '../../src/queue/store.js';
import { ark } from '../../src/providers/ark.js';
import { startWatch, type WatchState } from '../../src/state/watch-state.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { taskKey, type TaskRef } from '../../src/task/snapshot.js';

export type Stores = readonly [QueueStore, QueueStore, QueueStore];

const config = watchConfig(ark);
export const account = 'ark';
export const all = 1_000_000;

/** A state that can be told from others. */
export const stateOf = (task: TaskRef, mark: string): WatchState => ({ ...startWatch(task, config, 0), baseUrl: mark });
export const markOf = ({ state }: { readonly state: unknown }): string => (state as WatchState).baseUrl;

export const taskOf = (id: string): TaskRef => ({ provider: 'ark', id });
export const newTask = (id: string, dueAtMs = 0, mark = 'new') => ({ task: taskOf(id), state: stateOf(taskOf(id), mark), dueAtMs });
export const change = (id: string, revision: number, dueAtMs: number | null, mark = 'changed'): TaskChange =>
  ({ task: taskOf(id), revision, state: stateOf(taskOf(id), mark), dueAtMs });

/** A task on one line: `a r1 @5 changed`. */
const line = (stored: StoredTask): string => `${stored.task.id} r${stored.revision} @${stored.dueAtMs} ${markOf(stored)}`;
const watched = async (store: QueueStore, of = account) => (await store.due(of, Number.MAX_VALUE, all)).map(line);
const endLine = (end: TaskEnd): string => `${end.task.id} ${markOf(end)}`;
const outbox = async (store: QueueStore) => (await store.ended(all)).map(endLine);

/** Any UTF-16 text, valid or not. */
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: fc.constantFrom('\0', '"', '\'', '\\', '{', '}', '#', '[', ']', ',', ':', ' ', '\n', '%', '$1', '\ud800', '\u2028', 'é', 'e\u0301', 'A', 'a') }),
);

/**
 * Registers the contract for one kind of store.
 *
 * @param open opens three clients of one empty database
 */
export const describeStore = (name: string, open: () => Promise<Stores>): void => {
  describe(`${name}: tasks`, () => {
    it('are added with revision 0, and are read as they were written', async () => {
      const [store] = await open();
      const state = stateOf(taskOf('a'), 'https://relay.example/v3');
      await store.add(account, [{ task: taskOf('a'), state, dueAtMs: 1_795_000_000_000 }]);
      expect(await store.due(account, 1_795_000_000_000, 1)).toEqual([{ task: taskOf('a'), revision: 0, dueAtMs: 1_795_000_000_000, state }]);
    });

    it('that are watched stay as they are when they are added again', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a', 5), newTask('b', 6)]);
      await store.swap(account, [change('a', 0, 7)]);
      await store.add(account, [newTask('b', 1, 'again'), newTask('c', 2), newTask('a', 1, 'again')]);
      expect(await watched(store)).toEqual(['c r0 @2 new', 'b r0 @6 new', 'a r1 @7 changed']);
    });

    it('whose end is not acknowledged stay ended when they are added again', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a')]);
      await store.swap(account, [change('a', 0, null, 'end')]);
      await store.add(account, [newTask('a', 0, 'again')]);
      expect(await watched(store)).toEqual([]);
      expect(await outbox(store)).toEqual(['a end']);
    });

    it('whose end is acknowledged are new when they are added again, and end again with another id', async () => {
      const [store] = await open();
      const ids: string[] = [];
      for (const life of ['first', 'second']) {
        await store.add(account, [newTask('a', 3, life)]);
        expect(await watched(store)).toEqual([`a r0 @3 ${life}`]);
        await store.swap(account, [change('a', 0, null)]);
        ids.push(...(await store.ended(all)).map(({ id }) => id));
        await store.acknowledge(ids);
      }
      expect(new Set(ids)).toHaveLength(2);
    });

    it('that are added twice in one call have the first entry', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a', 2, 'first'), newTask('b'), newTask('a', 1, 'second')]);
      expect(await watched(store)).toEqual(['b r0 @0 new', 'a r0 @2 first']);
    });

    it('are due at their time, the earliest first, at most so many', async () => {
      const [store] = await open();
      await store.add(account, [newTask('c', 30), newTask('a', 10), newTask('d', 30.5), newTask('b', 20.25)]);
      const due = async (untilMs: number, limit: number) => (await store.due(account, untilMs, limit)).map(({ task }) => task.id);
      expect(await due(9.999, all)).toEqual([]);
      expect(await due(10, all)).toEqual(['a']);
      expect(await due(30, all)).toEqual(['a', 'b', 'c']);
      expect(await due(all, 2)).toEqual(['a', 'b']);
      expect(await due(all, 0)).toEqual([]);
      expect(await watched(store)).toEqual(['a r0 @10 new', 'b r0 @20.25 new', 'c r0 @30 new', 'd r0 @30.5 new']);
    });

    it('are due for their own account alone', async () => {
      const [store] = await open();
      const second = { provider: 'ark', id: 'a', account: 'second' };
      await store.add(account, [newTask('a')]);
      await store.add('ark (second)', [{ ...newTask('a', 1, 'of the second'), task: second }]);
      expect(await watched(store)).toEqual(['a r0 @0 new']);
      expect(await store.due('ark (second)', all, all)).toMatchObject([{ task: second, dueAtMs: 1 }]);
      expect(await store.due('ark (third)', all, all)).toEqual([]);
    });

    it('keep a state of 100 kB', async () => {
      const [store] = await open();
      const long = { ...newTask('a'), state: stateOf(taskOf('a'), 'ä€😀'.repeat(11_200)) };
      await store.add(account, [long]);
      expect(await store.due(account, all, all)).toMatchObject([{ state: long.state }]);
      await store.swap(account, [{ ...long, revision: 0, dueAtMs: null }]);
      expect(await store.ended(all)).toMatchObject([{ state: long.state }]);
    });

    it('can be ten thousand in each call', async () => {
      const [store] = await open();
      const ids = Array.from({ length: 10_000 }, (_, index) => `cgt-${index}`);
      await store.add(account, ids.map((id, index) => newTask(id, index)));
      await store.add(account, ids.map((id) => newTask(id, 0, 'again')));
      const due = await store.due(account, all, all);
      expect(due.map(({ task }) => task.id)).toEqual(ids);
      expect(due.every((stored) => markOf(stored) === 'new')).toBe(true);
      const written = await store.swap(account, ids.map((id, index) => change(id, index % 3 === 0 ? 1 : 0, index % 2 === 0 ? null : index)));
      expect(written).toEqual(ids.map((_, index) => index % 3 !== 0));
      const ends = await store.ended(all);
      expect(ends.map(({ task }) => task.id).sort()).toEqual(ids.filter((_, index) => index % 3 !== 0 && index % 2 === 0).sort());
      await store.acknowledge(ends.map(({ id }) => id));
      expect(await store.ended(all)).toEqual([]);
      expect(await store.due(account, all, all)).toHaveLength(10_000 - ends.length);
    });
  });

  describe(`${name}: swap`, () => {
    it('writes the changes whose task still has its revision, and adds 1 to that', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a'), newTask('b'), newTask('c')]);
      expect(await store.swap(account, [change('a', 0, 8), change('unknown', 0, 8), change('b', 1, 8), change('c', 0, 9.5)]))
        .toEqual([true, false, false, true]);
      expect(await watched(store)).toEqual(['b r0 @0 new', 'a r1 @8 changed', 'c r1 @9.5 changed']);
      expect(await store.swap(account, [change('a', 0, 7, 'late'), change('c', 1, 7, 'third')])).toEqual([false, true]);
      expect(await watched(store)).toEqual(['b r0 @0 new', 'c r2 @7 third', 'a r1 @8 changed']);
    });

    it('takes a task to the outbox at the end of its watch', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a'), newTask('b'), newTask('c')]);
      expect(await store.swap(account, [change('a', 0, null, 'end'), change('b', 1, null, 'end'), change('c', 0, 4)])).toEqual([true, false, true]);
      expect(await watched(store)).toEqual(['b r0 @0 new', 'c r1 @4 changed']);
      expect(await store.ended(all)).toEqual([{ id: expect.any(String) as string, task: taskOf('a'), state: stateOf(taskOf('a'), 'end') }]);
    });

    it('changes nothing of a task that has ended', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a')]);
      await store.swap(account, [change('a', 0, null, 'end')]);
      for (const revision of [0, 1, 2]) expect(await store.swap(account, [change('a', revision, revision === 2 ? null : 1)])).toEqual([false]);
      expect(await watched(store)).toEqual([]);
      expect(await outbox(store)).toEqual(['a end']);
    });

    it('keeps the due time of a task that was woken while its poll was in flight', async () => {
      const [store] = await open();
      const ids = ['a', 'b', 'c', 'd', 'e'];
      await store.add(account, ids.map((id) => newTask(id)));
      await store.swap(account, ids.map((id) => change(id, 0, 30.5)));
      for (const id of ['a', 'c', 'd', 'e']) await store.wake(account, taskOf(id), 20.25);
      const results = [change('a', 1, 50), change('b', 1, 50), change('c', 1, 10), change('d', 1, null), change('e', 0, 50)];
      expect(await store.swap(account, results.map((each) => ({ ...each, markedDueAtMs: 30.5 })))).toEqual([true, true, true, true, false]);
      expect(await watched(store)).toEqual(['c r2 @10 changed', 'a r2 @20.25 changed', 'e r1 @20.25 changed', 'b r2 @50 changed']);
      expect(await outbox(store)).toEqual(['d changed']);
      expect(await store.swap(account, [change('a', 2, 60)])).toEqual([true]);
      expect(await watched(store)).toContain('a r3 @60 changed');
    });

    it('takes the first of several changes of one task', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a'), newTask('b')]);
      const same = change('b', 0, 3);
      expect(await store.swap(account, [change('a', 0, 1, 'first'), change('a', 0, null, 'second'), change('a', 1, 2, 'third'), same, same]))
        .toEqual([true, false, false, true, false]);
      expect(await watched(store)).toEqual(['a r1 @1 first', 'b r1 @3 changed']);
      expect(await outbox(store)).toEqual([]);
    });

    it('takes no changes, and add and acknowledge take nothing too', async () => {
      const [store] = await open();
      expect(await store.swap(account, [])).toEqual([]);
      await store.add(account, []);
      await store.acknowledge([]);
      expect(await watched(store)).toEqual([]);
    });
  });

  describe(`${name}: wake`, () => {
    it('makes a task due earlier, never later, and leaves its revision and its state', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a', 100), newTask('b', 100)]);
      await store.wake(account, taskOf('a'), 40.5);
      expect(await watched(store)).toEqual(['a r0 @40.5 new', 'b r0 @100 new']);
      await store.wake(account, taskOf('a'), 60);
      await store.wake(account, taskOf('b'), 100);
      expect(await watched(store)).toEqual(['a r0 @40.5 new', 'b r0 @100 new']);
      expect(await store.swap(account, [change('a', 0, 200)])).toEqual([true]);
    });

    it('does nothing for a task that is not watched', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a', 100)]);
      await store.swap(account, [change('a', 0, null, 'end')]);
      await store.wake(account, taskOf('a'), 0);
      await store.wake(account, taskOf('b'), 0);
      expect(await watched(store)).toEqual([]);
      expect(await outbox(store)).toEqual(['a end']);
    });
  });

  describe(`${name}: lane`, () => {
    it('is null before the first one, and then the text as it was written', async () => {
      const [store] = await open();
      expect(await store.lane(account)).toBeNull();
      const text = '{ "until": 1e3,\n "note": "ä€😀\\u0000\\ud800", "rate":null }';
      expect(await store.swapLane(account, null, text)).toBe(true);
      expect(await store.lane(account)).toBe(text);
      expect(await store.lane('ark (second)')).toBeNull();
    });

    it('is replaced only if it still is the same', async () => {
      const [store] = await open();
      expect(await store.swapLane(account, '{}', '[0]')).toBe(false);
      expect(await store.lane(account)).toBeNull();
      await store.swapLane(account, null, '[1]');
      expect(await store.swapLane(account, null, '[2]')).toBe(false);
      expect(await store.swapLane(account, '[0]', '[2]')).toBe(false);
      expect(await store.lane(account)).toBe('[1]');
      expect(await store.swapLane(account, '[1]', '[2]')).toBe(true);
      expect(await store.swapLane(account, '[2]', '[2]')).toBe(true);
      expect(await store.lane(account)).toBe('[2]');
    });

    it('goes to one of several workers that want it', async () => {
      const stores = await open();
      for (const [before, ...wanted] of [[null, '[1]', '[2]', '[3]'], ['[win]', '[4]', '[5]', '[6]']] as const) {
        if (before !== null) await stores[0].swapLane(account, await stores[0].lane(account), before);
        const won = await Promise.all(stores.map((store, index) => store.swapLane(account, before, wanted[index] ?? '')));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await stores[0].lane(account)).toBe(wanted[won.indexOf(true)]);
      }
    });
  });

  describe(`${name}: outbox`, () => {
    it('gives the oldest ends first, of all accounts, at most so many', async () => {
      const [store] = await open();
      const other = { ...newTask('x'), task: { provider: 'anyfast', id: 'x' } };
      await store.add(account, [newTask('a'), newTask('b'), newTask('c')]);
      await store.add('anyfast', [other]);
      await store.swap(account, [change('c', 0, null), change('b', 0, null)]);
      await store.swap('anyfast', [{ ...other, revision: 0, dueAtMs: null }]);
      await store.swap(account, [change('a', 0, null)]);
      const ids = async (limit: number) => (await store.ended(limit)).map(({ task }) => task.id);
      expect((await ids(2)).sort()).toEqual(['b', 'c']);
      expect((await ids(all)).slice(2)).toEqual(['x', 'a']);
      expect(await ids(0)).toEqual([]);
    });

    it('delivers an end with the same id until it is acknowledged', async () => {
      const [store, second] = await open();
      await store.add(account, [newTask('a'), newTask('b')]);
      await store.swap(account, [change('a', 0, null)]);
      const [end] = await store.ended(all);
      await store.swap(account, [change('b', 0, null)]);
      expect(await second.ended(1)).toEqual([end]);
      await second.acknowledge([end?.id ?? '']);
      expect(await outbox(store)).toEqual(['b changed']);
    });

    it('ignores ids that it does not hold', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a')]);
      await store.swap(account, [change('a', 0, null)]);
      const [end] = await store.ended(all);
      const key = taskKey(taskOf('a'));
      await store.acknowledge(['', 'a', '#', key, `${key}#`, `${key}#999`, `${key}#${'9'.repeat(40)}`, `${end?.id ?? ''}0`, `["ark","","b"]#1`, '\0', '\ud800']);
      expect(await outbox(store)).toEqual(['a changed']);
      await store.acknowledge(['b', end?.id ?? '', end?.id ?? '']);
      await store.acknowledge([end?.id ?? '']);
      expect(await outbox(store)).toEqual([]);
    });

    it('ignores any text that is no id', async () => {
      const [store] = await open();
      await store.add(account, [newTask('a')]);
      await store.swap(account, [change('a', 0, null)]);
      await fc.assert(fc.asyncProperty(anyText, async (text) => {
        await store.acknowledge([text]);
        expect(await store.ended(all)).toHaveLength(1);
      }));
    });
  });

  describe(`${name}: texts`, () => {
    it('can have any characters: ids, accounts and what states say', async () => {
      await fc.assert(fc.asyncProperty(fc.uniqueArray(anyText, { minLength: 1, maxLength: 5 }), anyText, anyText, async (ids, name, mark) => {
        const [store] = await open();
        const label = `ark (=${name})`;
        const tasks = ids.map((id): TaskRef => ({ provider: 'ark', id, account: `=${name}` }));
        await store.add(label, tasks.map((task, index) => ({ task, state: stateOf(task, mark), dueAtMs: index })));
        const due = await store.due(label, all, all);
        expect(due).toEqual(tasks.map((task, dueAtMs) => ({ task, revision: 0, dueAtMs, state: stateOf(task, mark) })));
        expect(await store.swapLane(label, null, JSON.stringify(mark))).toBe(true);
        expect(await store.lane(label)).toBe(JSON.stringify(mark));
        for (const task of tasks) await store.wake(label, task, -1);
        expect((await store.due(label, -1, all)).map(({ task }) => taskKey(task)).sort()).toEqual(tasks.map(taskKey).sort());
        expect(await store.swap(label, due.map(({ task }) => ({ task, revision: 0, state: stateOf(task, mark), dueAtMs: null })))).toEqual(ids.map(() => true));
        const ends = await store.ended(all);
        expect(ends.map(({ task }) => taskKey(task)).sort()).toEqual(tasks.map(taskKey).sort());
        await store.acknowledge(ends.map(({ id }) => id));
        expect(await store.ended(all)).toEqual([]);
      }));
    });

    it('can be long: an id of 1,000 characters', async () => {
      const [store] = await open();
      const ids = ['x', 'y'].map((end) => 'ü😀'.repeat(333) + end);
      await store.add(account, ids.map((id, index) => newTask(id, index)));
      expect((await store.due(account, all, all)).map(({ task }) => task.id)).toEqual(ids);
    });
  });
};
