/**
 * Numbers the changes of a feed, so that a reader that reconnects gets only the rows that changed since.
 */
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { type Feed, isNextAfter, type TaskRow } from '../feed/feed.js';

/** One task: its latest row, or null once it was removed, and the number of the change that made it so. */
export interface Entry {
  readonly task: TaskRef;
  readonly row: TaskRow | null;
  readonly change: number;
}

/** The entries that changed; `all` when a different feed replaced the known one. */
export type Changes = readonly Entry[] | 'all';

/** The changes of one subscription to a feed. */
export interface ChangeLog {
  /** Takes a newer feed and returns the entries that it changed. An entry stays the same object and holds the latest row. */
  readonly take: (feed: Feed) => Changes;
  /** The changes since an id of this log; `all` for any other string, and for an id from before more removals than are kept. */
  readonly since: (id: string | null) => Changes;
  /** Every row, in the order of the feed. */
  readonly rows: () => readonly TaskRow[];
  /** `<epoch>-<number>` of the latest change. */
  readonly id: () => string;
}

/** How many removals a log keeps for readers that reconnect. */
const mostRemovals = 1_000;

/**
 * Creates an empty log.
 *
 * @param createEpoch returns a string that is unique to a log
 */
export const createChangeLog = (createEpoch: () => string): ChangeLog => {
  let epoch = createEpoch();
  let last: Feed | null = null;
  let change = 0;
  let entries = new Map<string, { task: TaskRef; row: TaskRow | null; change: number }>();
  let removals = new Map<string, Entry>();
  /** The number of the latest removal that was dropped. */
  let forgotten = 0;

  const touch = (row: TaskRow): Entry => {
    change += 1;
    const key = taskKey(row.task);
    const known = entries.get(key);
    if (known !== undefined) return Object.assign(known, { row, change });
    const entry = { task: row.task, row, change };
    entries.set(key, entry);
    return entry;
  };

  const discard = (key: string): readonly Entry[] => {
    const known = entries.get(key);
    if (known === undefined) return [];
    change += 1;
    const removal = Object.assign(known, { row: null, change });
    entries.delete(key);
    // The oldest come first. A removal stays when its task returns, because the task has then changed its place.
    removals.delete(key);
    removals.set(key, removal);
    for (const [oldest, entry] of removals) {
      if (removals.size <= mostRemovals) break;
      removals.delete(oldest);
      forgotten = entry.change;
    }
    return [removal];
  };

  /** The changes to a later feed, also if there were others between: removals, and rows that differ. Null for a different feed. */
  const between = (feed: Feed): readonly Entry[] | null => {
    const rows = [...feed.tasks];
    const kept = [...entries].filter(([, { task }]) => feed.tasks.get(task) !== undefined);
    const isContinued = (kept.length > 0 || entries.size === 0) && kept.every(([key], place) => rows[place] !== undefined && taskKey(rows[place].task) === key);
    if (!isContinued) return null;
    const gone = [...entries].filter(([, { task }]) => feed.tasks.get(task) === undefined);
    return [...gone.flatMap(([key]) => discard(key)), ...rows.filter((row) => entries.get(taskKey(row.task))?.row !== row).map(touch)];
  };

  return {
    take: (feed) => {
      const before = last;
      last = feed;
      if (before !== null && isNextAfter(before, feed)) {
        if (feed.changed !== null) return [touch(feed.changed)];
        if (feed.removed !== null) return discard(taskKey(feed.removed.task));
      }
      const changes = before === null ? null : between(feed);
      if (changes !== null) return changes;
      if (before !== null) epoch = createEpoch();
      entries = new Map();
      removals = new Map();
      change = 0;
      forgotten = 0;
      for (const row of feed.tasks) touch(row);
      return 'all';
    },
    since: (id) => {
      const [, ownEpoch, number] = /^(.*)-(\d+)$/s.exec(id ?? '') ?? [];
      const isKnown = last !== null && ownEpoch === epoch && Number(number) >= forgotten && Number(number) <= change;
      return isKnown ? [...removals.values(), ...entries.values()].filter((entry) => entry.change > Number(number)) : 'all';
    },
    rows: () => [...entries.values()].flatMap(({ row }) => row ?? []),
    id: () => `${epoch}-${change}`,
  };
};
