/**
 * Numbers the changes of a feed, so that a reader gets the whole feed first and then only the rows that changed. Both come in slices of
 * bounded size. A slice of the whole feed is encoded once for all readers.
 */
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { type Feed, isNextAfter, type TaskRow } from '../feed/feed.js';
import { encodeRef, encodeRow, encodeRows } from './wire-form.js';

/** The data of one event. */
export interface Slice {
  /** The whole `feed`, or the `first` part of it, another `part`, and the `last` one; or changed `rows`. */
  readonly name: 'feed' | 'first' | 'part' | 'last' | 'rows';
  /** The id from which a reader of this slice resumes; null for one that cannot resume yet. */
  readonly id: string | null;
  /** UTF-8. Shared: copy it, and do not change it. */
  readonly data: Uint8Array;
}

/** The changes of one subscription to a feed. */
export interface ChangeLog {
  /** Takes a newer feed. */
  readonly take: (feed: Feed) => void;
  /**
   * The changes since an id, as one slice, or null without changes. `all` for an id of another log, and for one before more changes than are
   * kept: read the whole feed.
   */
  readonly since: (id: string | null) => Slice | 'all' | null;
  /**
   * The whole feed, as slices. Each is encoded when it is taken, so changes meanwhile may be missing: read them by the last slice's id.
   * Ends without a last slice when another feed replaces this one.
   */
  readonly whole: () => Iterator<Slice, void>;
}

/** One task: its latest row, or null once it was removed. */
interface Entry {
  readonly task: TaskRef;
  readonly block: Block;
  row: TaskRow | null;
}

/** Tasks that are encoded together. A task stays in its block. */
interface Block {
  readonly entries: Set<Entry>;
  /** The change that began the block. */
  readonly change: number;
  /** Null after a change. */
  slices: readonly Uint8Array[] | null;
}

/** The limits of a log. */
export interface ChangeLogLimits {
  /** The most rows in a slice. */
  readonly mostRows: number;
  /** The most characters in a slice of several rows: a longer row is a slice by itself. */
  readonly mostCharacters: number;
  /** How many changes a reader may be behind before it gets the whole feed. */
  readonly mostChanges: number;
}

const defaultLimits: ChangeLogLimits = { mostRows: 100, mostCharacters: 131_072, mostChanges: 1_000 };

/**
 * Creates an empty log.
 *
 * @param createEpoch returns a string that is unique to a log
 */
export const createChangeLog = (createEpoch: () => string, { mostRows, mostCharacters, mostChanges } = defaultLimits): ChangeLog => {
  let last: Feed | null = null;
  let epoch = '';
  let change = 0;
  let entries = new Map<string, Entry>();
  let blocks = new Set<Block>();
  let newest: Block | null = null;
  /** The entry of each of the latest changes, the oldest first. */
  let recent: Entry[] = [];
  /** The slice of changes that was read last: readers that keep up all read the same one. */
  let latest: { readonly seen: number; readonly slice: Slice } | null = null;

  const restart = (): void => {
    epoch = createEpoch();
    change = 0;
    entries = new Map();
    blocks = new Set();
    newest = null;
    recent = [];
  };

  const idOf = (number: number): string => `${epoch}-${number}`;

  const changed = (entry: Entry, row: TaskRow | null): void => {
    entry.row = row;
    entry.block.slices = null;
    change += 1;
    recent.push(entry);
    if (recent.length >= 2 * mostChanges) recent = recent.slice(-mostChanges);
    latest = null;
  };

  const added = (task: TaskRef): Entry => {
    if (newest === null || newest.entries.size >= mostRows) {
      newest = { entries: new Set(), change: change + 1, slices: null };
      blocks.add(newest);
    }
    const entry: Entry = { task, block: newest, row: null };
    entries.set(taskKey(task), entry);
    newest.entries.add(entry);
    return entry;
  };

  const touch = (row: TaskRow): void => { changed(entries.get(taskKey(row.task)) ?? added(row.task), row); };

  const discard = (task: TaskRef): void => {
    const entry = entries.get(taskKey(task));
    if (entry === undefined) return;
    const { block } = entry;
    entries.delete(taskKey(task));
    block.entries.delete(entry);
    if (block.entries.size === 0 && block !== newest) blocks.delete(block);
    changed(entry, null);
  };

  /** Whether a feed has the known tasks in the same order, but for removed ones, and new ones only at its end. */
  const isContinuedBy = ({ tasks }: Feed): boolean => {
    const rows = [...tasks];
    const kept = [...entries.values()].filter(({ task }) => tasks.get(task) !== undefined);
    return (kept.length > 0 || entries.size === 0) && kept.every(({ task }, place) =>
      rows[place] !== undefined && taskKey(rows[place].task) === taskKey(task));
  };

  const dataOf = (block: Block): readonly Uint8Array[] => (block.slices ??= encoded(block.entries, mostCharacters));

  function *whole(): Generator<Slice, void> {
    const [own, id, before] = [blocks, idOf(change), change];
    let isFirst = true;
    let data: Uint8Array | null = null;
    for (const block of own) {
      if (block.change > before) break; // its rows are changes after the id
      for (const next of dataOf(block)) {
        if (data !== null) {
          yield { name: isFirst ? 'first' : 'part', id: null, data };
          isFirst = false;
          if (blocks !== own) return;
        }
        data = next;
      }
    }
    yield { name: isFirst ? 'feed' : 'last', id, data: data ?? noRows };
  }

  /** The changes after a number: each task once, with its latest row, at the place of its first change. */
  const changesAfter = (seen: number): Slice => {
    const taken = new Set<Entry>();
    const removed: string[] = [];
    const rows: string[] = [];
    let characters = 0;
    let number = seen;
    for (const entry of recent.slice(seen - change)) {
      if (!taken.has(entry)) {
        const text = entry.row === null ? encodeRef(entry.task) : encodeRow(entry.row);
        characters += text.length;
        if (taken.size > 0 && (taken.size === mostRows || characters > mostCharacters)) break;
        taken.add(entry);
        (entry.row === null ? removed : rows).push(text);
      }
      number += 1;
    }
    return { name: 'rows', id: idOf(number), data: bytesOf(encodeRows(removed, rows)) };
  };

  return {
    take: (feed) => {
      const before = last;
      last = feed;
      if (before !== null && isNextAfter(before, feed)) {
        if (feed.changed !== null) touch(feed.changed);
        else if (feed.removed !== null) discard(feed.removed.task);
        return;
      }
      if (before === null || !isContinuedBy(feed)) restart();
      for (const { task } of [...entries.values()]) if (feed.tasks.get(task) === undefined) discard(task);
      for (const row of feed.tasks) if (entries.get(taskKey(row.task))?.row !== row) touch(row);
    },
    since: (id) => {
      const [, ownEpoch, digits] = /^(.*)-(\d+)$/s.exec(id ?? '') ?? [];
      const seen = Number(digits);
      if (last === null || ownEpoch !== epoch || seen > change || change - seen > mostChanges) return 'all';
      if (seen === change) return null;
      if (latest?.seen !== seen) latest = { seen, slice: changesAfter(seen) };
      return latest.slice;
    },
    whole,
  };
};

const encoder = /* @__PURE__ */ new TextEncoder();

/** A text in UTF-8. */
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

const noRows = /* @__PURE__ */ bytesOf(/* @__PURE__ */ encodeRows([], []));

const encoded = (entries: Iterable<Entry>, mostCharacters: number): readonly Uint8Array[] => {
  const slices: Uint8Array[] = [];
  let rows: string[] = [];
  let characters = 0;
  const close = (): void => {
    if (rows.length > 0) slices.push(bytesOf(encodeRows([], rows)));
    rows = [];
    characters = 0;
  };
  for (const { row } of entries) {
    if (row === null) continue;
    const text = encodeRow(row);
    if (characters + text.length > mostCharacters) close();
    rows.push(text);
    characters += text.length;
  }
  close();
  return slices;
};
