import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { taskKey, type TaskRef } from '../../src/task/snapshot.js';
import { emptyRows, type GrowingRows } from '../../src/feed/rows.js';

interface Row {
  readonly task: TaskRef;
  readonly text: string;
}

const refOf = (id: string): TaskRef => ({ provider: 'ark', id });

const rowOf = (id: number | string, text = ''): Row => ({ task: refOf(String(id)), text });

const filled = (count: number): GrowingRows<Row> =>
  Array.from({ length: count }, (_, id) => rowOf(id)).reduce((rows, row) => rows.with(row), emptyRows<Row>());

/** Refs that differ in all parts, in one part, or only in appearance. */
const anyRef: fc.Arbitrary<TaskRef> = fc.record(
  { provider: fc.constantFrom('ark', 'anyfast', ''), id: fc.constantFrom('1', '2', '__proto__', '["ark"]', 'ark'), account: fc.constantFrom('eu', 'us', '1') },
  { requiredKeys: ['provider', 'id'] },
);

const anyRow: fc.Arbitrary<Row> = fc.record({ task: anyRef, text: fc.string({ maxLength: 3 }) });

/** The same rows in a map. */
const modelOf = (rows: readonly Row[]): ReadonlyMap<string, Row> => new Map(rows.map((row) => [taskKey(row.task), row]));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('rows', () => {
  it('are empty at first', () => {
    const rows = emptyRows<Row>();
    expect(rows.size).toBe(0);
    expect([...rows]).toEqual([]);
    expect(rows.get(refOf('1'))).toBeUndefined();
  });

  it('are found by their task, counted once, and iterated in the order in which the tasks were added', () => {
    const rows = emptyRows<Row>().with(rowOf('b', 'first')).with(rowOf('a')).with(rowOf('b', 'second'));
    expect(rows.size).toBe(2);
    expect([...rows]).toEqual([rowOf('b', 'second'), rowOf('a')]);
    expect(rows.get(refOf('b'))).toEqual(rowOf('b', 'second'));
    expect(rows.get(refOf('c'))).toBeUndefined();
  });

  it('tell tasks apart by provider, id and account, and no two others', () => {
    fc.assert(fc.property(fc.array(anyRow), anyRef, (all, other) => {
      const model = modelOf(all);
      const rows = all.reduce((done, row) => done.with(row), emptyRows<Row>());
      expect(rows.size).toBe(model.size);
      expect([...rows]).toEqual([...model.values()]);
      expect(rows.get(other)).toBe(model.get(taskKey(other)));
    }));
  });

  it('agree with a map for any number of rows', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 3_000 }), fc.array(fc.nat({ max: 4_000 })), (count, changes) => {
      const all = [...Array.from({ length: count }, (_, id) => rowOf(id)), ...changes.map((id, index) => rowOf(id, String(index)))];
      const model = modelOf(all);
      const rows = all.reduce((done, row) => done.with(row), emptyRows<Row>());
      expect(rows.size).toBe(model.size);
      expect([...rows]).toEqual([...model.values()]);
      const sent = [0, 31, 32, 1_023, 1_024, count - 1, count, ...changes].map((id) => refOf(String(id)));
      expect(sent.filter((ref) => rows.get(ref) !== model.get(taskKey(ref)))).toEqual([]);
    }));
  });

  it.each([1, 31, 32, 33, 1_023, 1_024, 1_025, 32_767, 32_768, 32_769])('are correct at the edges of the tree: %i', (count) => {
    const rows = filled(count);
    expect(rows.size).toBe(count);
    expect([...rows].map(({ task }) => task.id)).toEqual(Array.from({ length: count }, (_, id) => String(id)));
    for (const id of [0, count - 1]) expect(rows.with(rowOf(id, 'new')).get(refOf(String(id)))).toEqual(rowOf(id, 'new'));
    expect(rows.get(refOf(String(count)))).toBeUndefined();
  });

  it('keep every older version as it was', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: 80 }), fc.string({ maxLength: 3 })), { maxLength: 200 }), (changes) => {
      const versions = [emptyRows<Row>()];
      const models: (readonly Row[])[] = [[]];
      const model = new Map<number, Row>();
      for (const [id, text] of changes) {
        versions.push((versions.at(-1) ?? emptyRows<Row>()).with(rowOf(id, text)));
        models.push([...model.set(id, rowOf(id, text)).values()]);
      }
      for (const [index, rows] of versions.entries()) {
        const known = models[index] ?? [];
        expect([...rows]).toEqual(known);
        expect(rows.size).toBe(known.length);
        for (const [id] of changes) expect(rows.get(refOf(String(id)))).toEqual(known.find(({ task }) => task.id === String(id)));
      }
    }));
  });

  it('without a task have the others in their order, and a task that returns comes last', () => {
    const rows = filled(40).without(refOf('7')).without(refOf('35'));
    expect(rows.size).toBe(38);
    expect([...rows].map(({ task }) => Number(task.id))).toEqual(Array.from({ length: 40 }, (_, id) => id).filter((id) => id !== 7 && id !== 35));
    expect(rows.get(refOf('7'))).toBeUndefined();
    expect(rows.without(refOf('7'))).toBe(rows);
    expect([...rows.with(rowOf(7, 'again'))].at(-1)).toEqual(rowOf(7, 'again'));
    expect([...[...filled(3)].reduce((left, { task }) => left.without(task), filled(3))]).toEqual([]);
  });

  it('agree with a map through any additions and removals, in every version', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: 80 }), fc.boolean()), { maxLength: 300 }), (changes) => {
      const model = new Map<string, Row>();
      const versions = [{ rows: emptyRows<Row>(), known: [] as readonly Row[] }];
      for (const [index, [id, isRemoval]] of changes.entries()) {
        const last = versions.at(-1)?.rows ?? emptyRows<Row>();
        const row = rowOf(id, String(index));
        if (isRemoval) model.delete(String(id));
        else model.set(String(id), row);
        versions.push({ rows: isRemoval ? last.without(row.task) : last.with(row), known: [...model.values()] });
      }
      for (const { rows, known } of versions) {
        expect([...rows]).toEqual(known);
        expect(rows.size).toBe(known.length);
        for (const [id] of changes) expect(rows.get(refOf(String(id)))).toEqual(known.find(({ task }) => task.id === String(id)));
      }
    }));
  });

  it('keep nothing of removed rows', () => {
    let rows = emptyRows<Row>();
    for (let id = 0; id < 5_000; id += 1) rows = rows.with(rowOf(id, 'x'.repeat(10))).without(refOf(String(id - 10)));
    expect(JSON.stringify(Reflect.get(rows, 'root')).length).toBeLessThan(5_000);
  });

  it('are an array in JSON', () => {
    expect(JSON.parse(JSON.stringify({ tasks: filled(2) }))).toEqual({ tasks: [rowOf(0), rowOf(1)] });
  });

  it('can be read again, and from several readers at once', () => {
    const rows = filled(100);
    const reader = rows[Symbol.iterator]();
    expect(reader.next().value).toEqual(rowOf(0));
    expect([...rows]).toHaveLength(100);
    expect(reader.next().value).toEqual(rowOf(1));
    expect([...rows.with(rowOf(5, 'new'))][5]).toEqual(rowOf(5, 'new'));
    expect([...rows][5]).toEqual(rowOf(5));
  });

  it('copy O(log n) slots for a change, not all of them', () => {
    let slots = 0;
    const slice = Array.prototype.slice;
    for (const count of [10, 1_000, 30_000]) {
      const rows = filled(count);
      slots = 0;
      const spy = vi.spyOn(Array.prototype, 'slice').mockImplementation(function copy(this: unknown[], ...range) {
        const copied = slice.apply(this, range);
        slots += copied.length;
        return copied;
      });
      const changed = rows.with(rowOf(Math.floor(count / 2), 'new'));
      changed.with(rowOf('one more'));
      spy.mockRestore();
      expect(slots).toBeGreaterThan(0); // otherwise rows are copied in another way, and this test proves nothing
      expect(slots).toBeLessThanOrEqual(2 * 32 * Math.ceil(Math.log(count + 1) / Math.log(32)));
    }
  });

  it('do not read other rows for a change', () => {
    const touched = new Set<string>();
    const watched = (id: number): Row => new Proxy(rowOf(id), { get: (row, name: keyof Row) => (touched.add(row.task.id), row[name]) });
    const rows = Array.from({ length: 10_000 }, (_, id) => watched(id)).reduce((done, row) => done.with(row), emptyRows<Row>());
    touched.clear();
    rows.with(rowOf(5_000, 'new')).with(rowOf('one more')).get(refOf('77'));
    expect(touched.size).toBe(0);
  });

  it('keep ten thousand versions of ten thousand rows, which copies of all rows would not', () => {
    let rows = filled(10_000);
    const versions = Array.from({ length: 10_000 }, (_, id) => (rows = rows.with(rowOf(id, 'new'))));
    expect(versions[4_999]?.get(refOf('4999'))).toEqual(rowOf(4_999, 'new'));
    expect(versions[4_999]?.get(refOf('5000'))).toEqual(rowOf(5_000));
  });
});
