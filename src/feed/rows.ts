/**
 * An immutable collection of rows in insertion order: a radix tree with 32 children per node. A change copies one path and costs
 * O(log n). Older versions stay as they were.
 */
import { taskKey, type TaskRef } from '../task/snapshot.js';

/** Rows by task, in the order in which the tasks were added. Immutable. */
export interface Rows<Row> extends Iterable<Row> {
  readonly size: number;
  readonly get: (task: TaskRef) => Row | undefined;
}

/** Rows that can be changed. Change only the newest version of a chain. */
export interface GrowingRows<Row> extends Rows<Row> {
  readonly with: (row: Row) => GrowingRows<Row>;
  /** The number of changes since the empty version. */
  readonly change: number;
  /** Identifies the version chain: all versions of a chain share it. */
  readonly chain: object;
}

type Node<Row> = readonly (Row | Node<Row>)[];

const bits = 5;
const mask = 2 ** bits - 1;

/** The empty version of a new chain. All versions of a chain share one index of the tasks' positions. */
export const emptyRows = <Row extends { readonly task: TaskRef }>(): GrowingRows<Row> => {
  const places = new Map<string, number>();

  const version = (root: Node<Row>, height: number, size: number, change: number): GrowingRows<Row> => ({
    size,
    change,
    chain: places,
    get: (task) => {
      const place = places.get(taskKey(task)) ?? size;
      return place < size ? rowAt(root, height, place) : undefined;
    },
    with: (row) => {
      const key = taskKey(row.task);
      const place = places.get(key) ?? size;
      places.set(key, place);
      const isFull = place >>> (bits * (height + 1)) > 0;
      const [roof, newHeight] = isFull ? [[root], height + 1] : [root, height];
      return version(replaced(roof, newHeight, place, row), newHeight, Math.max(size, place + 1), change + 1);
    },
    [Symbol.iterator]: () => rowsOf(root, height),
  });

  return version([], 0, 0, 0);
};

/** Whether two versions of one chain are one change apart. */
export const isNextVersion = (older: Rows<unknown>, newer: Rows<unknown>): boolean =>
  isVersion(older) && isVersion(newer) && newer.chain === older.chain && newer.change === older.change + 1;

const isVersion = (rows: Rows<unknown>): rows is GrowingRows<unknown> => 'chain' in rows;

const rowAt = <Row>(node: Node<Row>, height: number, place: number): Row => {
  const child = node[(place >>> (bits * height)) & mask];
  return height === 0 ? (child as Row) : rowAt(child as Node<Row>, height - 1, place); // the height determines the type of a child
};

const replaced = <Row>(node: Node<Row>, height: number, place: number, row: Row): Node<Row> => {
  const at = (place >>> (bits * height)) & mask;
  const copy = node.slice();
  copy[at] = height === 0 ? row : replaced((node[at] ?? []) as Node<Row>, height - 1, place, row); // as above
  return copy;
};

function *rowsOf<Row>(node: Node<Row>, height: number): Generator<Row, undefined> {
  for (const child of node) {
    if (height === 0) yield child as Row; // as above
    else yield* rowsOf(child as Node<Row>, height - 1);
  }
}
