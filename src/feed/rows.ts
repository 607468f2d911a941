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
  /** The same rows without that of a task. A task that returns comes last. */
  readonly without: (task: TaskRef) => GrowingRows<Row>;
  /** The number of changes since the empty version. */
  readonly change: number;
  /** Identifies the version chain: all versions of a chain share it. */
  readonly chain: object;
}

type Node<Row> = readonly (Row | Node<Row> | undefined)[];

const bits = 5;
const mask = 2 ** bits - 1;

/** What the versions of a chain share. A place is never given to another task. */
interface Chain {
  readonly places: Map<string, number>;
  changes: number;
  hasRemoved: boolean;
}

/** The empty version of a new chain. */
export const emptyRows = <Row extends { readonly task: TaskRef }>(): GrowingRows<Row> =>
  new Version<Row>([], 0, 0, 0, { places: new Map(), changes: 0, hasRemoved: false });

class Version<Row extends { readonly task: TaskRef }> implements GrowingRows<Row> {
  readonly change: number;

  /** @param length the number of places, those of removed rows included */
  constructor(
    private readonly root: Node<Row>,
    private readonly height: number,
    private readonly length: number,
    readonly size: number,
    readonly chain: Chain,
  ) {
    chain.changes += 1;
    this.change = chain.changes;
  }

  get(task: TaskRef): Row | undefined {
    return this.rowOf(taskKey(task));
  }

  with(row: Row): Version<Row> {
    const key = taskKey(row.task);
    const isNew = this.rowOf(key) === undefined;
    const place = isNew ? this.length : (this.chain.places.get(key) ?? this.length);
    this.chain.places.set(key, place);
    const isFull = place >>> (bits * (this.height + 1)) > 0;
    const [root, height] = isFull ? [[this.root], this.height + 1] : [this.root, this.height];
    return new Version(replaced(root, height, place, row) ?? [], height, Math.max(this.length, place + 1), this.size + Number(isNew), this.chain);
  }

  without(task: TaskRef): Version<Row> {
    const key = taskKey(task);
    const place = this.chain.places.get(key);
    if (place === undefined) return this;
    this.chain.places.delete(key);
    this.chain.hasRemoved = true;
    return new Version(replaced(this.root, this.height, place, undefined) ?? [], this.height, this.length, this.size - 1, this.chain);
  }

  [Symbol.iterator](): Iterator<Row, undefined> {
    return rowsOf(this.root, this.height);
  }

  /** The rows, as JSON has them. */
  toJSON(): readonly Row[] {
    return [...this];
  }

  private rowOf(key: string): Row | undefined {
    const place = this.chain.places.get(key) ?? this.length;
    const row = place < this.length ? rowAt(this.root, this.height, place) : undefined;
    if (row !== undefined || this.change === this.chain.changes || !this.chain.hasRemoved) return row;
    // A later version may have removed the task, and its place from the index.
    for (const older of this) if (taskKey(older.task) === key) return older;
    return undefined;
  }
}

/** Whether two versions of one chain are one change apart. */
export const isNextVersion = (older: Rows<unknown>, newer: Rows<unknown>): boolean =>
  isVersion(older) && isVersion(newer) && newer.chain === older.chain && newer.change === older.change + 1;

const isVersion = (rows: Rows<unknown>): rows is GrowingRows<unknown> => 'chain' in rows;

const rowAt = <Row>(node: Node<Row>, height: number, place: number): Row | undefined => {
  const child = node[(place >>> (bits * height)) & mask];
  if (child === undefined || height === 0) return child as Row | undefined; // the height determines the type of a child
  return rowAt(child as Node<Row>, height - 1, place); // as above
};

/** A copy of a node with another row at a place; undefined if nothing is left in it. */
const replaced = <Row>(node: Node<Row>, height: number, place: number, row: Row | undefined): Node<Row> | undefined => {
  const at = (place >>> (bits * height)) & mask;
  const copy = node.slice();
  copy[at] = height === 0 ? row : replaced((node[at] ?? []) as Node<Row>, height - 1, place, row); // as above
  return row === undefined && copy.every((child) => child === undefined) ? undefined : copy;
};

function *rowsOf<Row>(node: Node<Row>, height: number): Generator<Row, undefined> {
  for (const child of node) {
    if (child === undefined) continue;
    if (height === 0) yield child as Row; // as above
    else yield* rowsOf(child as Node<Row>, height - 1);
  }
}
