/**
 * What has changed in a feed, task by task: for each the number of the change that last touched its row. Knows no reader, no
 * clock and no text but its own ids.
 */
import { taskKey } from '../task/snapshot.js';
import { type Feed, isNextAfter, type TaskRow } from '../feed/feed.js';

/** One task: its latest row, and which change brought it. */
export interface Entry {
  readonly row: TaskRow;
  readonly change: number;
}

/** Some entries, or `all`: the feed is another than the one that was known. */
export type Changes = readonly Entry[] | 'all';

/** The changes of one subscription to a feed. */
export interface ChangeLog {
  /** Takes a newer feed, and gives the entries that it changed. An entry stays the same object, with the latest row. */
  readonly take: (feed: Feed) => Changes;
  /** What has changed since an id of this log; all, for any other text. */
  readonly since: (id: string | null) => Changes;
  /** Every row, in the order of the feed. */
  readonly rows: () => readonly TaskRow[];
  /** `<epoch>-<number>`: where the log stands. */
  readonly id: () => string;
}

/**
 * A log that knows no feed yet.
 *
 * @param createEpoch a text that no other log has
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

  /** A feed only ever grows: where a task is gone or in another place, it is another feed. */
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
