/**
 * Numbers the changes of a feed, so that a reader that reconnects gets only the rows that changed since.
 */
import { taskKey } from '../task/snapshot.js';
import { type Feed, isNextAfter, type TaskRow } from '../feed/feed.js';

/** One task: its latest row, and the number of the change that set it. */
export interface Entry {
  readonly row: TaskRow;
  readonly change: number;
}

/** The entries that changed; `all` when a different feed replaced the known one. */
export type Changes = readonly Entry[] | 'all';

/** The changes of one subscription to a feed. */
export interface ChangeLog {
  /** Takes a newer feed and returns the entries that it changed. An entry stays the same object and holds the latest row. */
  readonly take: (feed: Feed) => Changes;
  /** The changes since an id of this log; `all` for any other string. */
  readonly since: (id: string | null) => Changes;
  /** Every row, in the order of the feed. */
  readonly rows: () => readonly TaskRow[];
  /** `<epoch>-<number>` of the latest change. */
  readonly id: () => string;
}

/**
 * Creates an empty log.
 *
 * @param createEpoch returns a string that is unique to a log
 */
export const createChangeLog = (createEpoch: () => string): ChangeLog => {
  let epoch = createEpoch();
  let last: Feed | null = null;
  let change = 0;
  let entries: { row: TaskRow; change: number }[] = [];
  let byTask = new Map<string, (typeof entries)[number]>();

  const touch = (row: TaskRow): Entry => {
    change += 1;
    const key = taskKey(row.task);
    const known = byTask.get(key);
    if (known !== undefined) return Object.assign(known, { row, change });
    const entry = { row, change };
    byTask.set(key, entry);
    entries.push(entry);
    return entry;
  };

  /** A feed only grows: if a task is missing or has moved, it is a different feed. */
  const isContinuedBy = (rows: readonly TaskRow[]): boolean =>
    entries.every(({ row }, place) => row === rows[place] || (rows[place] !== undefined && taskKey(row.task) === taskKey(rows[place].task)));

  return {
    take: (feed) => {
      const before = last;
      last = feed;
      if (before !== null && feed.changed !== null && isNextAfter(before, feed)) return [touch(feed.changed)];
      const rows = [...feed.tasks];
      if (before !== null && isContinuedBy(rows)) return rows.filter((row, place) => row !== entries[place]?.row).map(touch);
      if (before !== null) epoch = createEpoch();
      entries = [];
      byTask = new Map();
      change = 0;
      rows.forEach(touch);
      return 'all';
    },
    since: (id) => {
      const [, ownEpoch, number] = /^(.*)-(\d+)$/s.exec(id ?? '') ?? [];
      const isKnown = last !== null && ownEpoch === epoch && Number(number) <= change;
      return isKnown ? entries.filter((entry) => entry.change > Number(number)) : 'all';
    },
    rows: () => entries.map(({ row }) => row),
    id: () => `${epoch}-${change}`,
  };
};
