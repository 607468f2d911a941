/**
 * The whole of a run at one moment, folded from its news: what the board draws, and what the summary and the exit code are read off.
 */
import { asyncScheduler, combineLatest, connect, defer, map, type OperatorFunction, scan, startWith, type TimestampProvider } from 'rxjs';
import { taskKey } from '../task/snapshot.js';
import { type Feed, toFeed } from '../feed/feed.js';
import type { DownloadProgress } from '../node/index.js';
import { type Ending, feedEvents, isSuccess, type News } from './news.js';

/** What is known beside the feed. Its collections grow in place: read them, do not keep them. */
export interface Ledger {
  /** Since when each task is watched. */
  readonly sinceMs: ReadonlyMap<string, number>;
  /** Files under way. */
  readonly downloads: ReadonlyMap<string, DownloadProgress>;
  /** What became of tasks, in the order of their ends. */
  readonly endings: ReadonlyMap<string, Ending>;
  /** How many lines of stdin are no task. */
  readonly refused: number;
}

/** One moment of a run. */
export interface Run extends Ledger {
  readonly feed: Feed;
}

/**
 * Folds news into runs, the empty one first.
 *
 * @param clock the time of the providers; default: real time
 */
export const toRun = (clock: TimestampProvider = asyncScheduler): OperatorFunction<News, Run> =>
  connect((news) =>
    combineLatest([news.pipe(feedEvents(), toFeed()), news.pipe(toLedger(clock))]).pipe(map(([feed, ledger]) => ({ feed, ...ledger }))),
  );

const toLedger = (clock: TimestampProvider): OperatorFunction<News, Ledger> => (news) =>
  defer(() => {
    const sinceMs = new Map<string, number>();
    const downloads = new Map<string, DownloadProgress>();
    const endings = new Map<string, Ending>();
    const empty: Ledger = { sinceMs, downloads, endings, refused: 0 };
    return news.pipe(
      scan((ledger, item) => {
        switch (item.kind) {
          case 'added':
            sinceMs.set(taskKey(item.task), clock.now());
            break;
          case 'download':
            downloads.set(taskKey(item.task), item.progress);
            break;
          case 'saved':
          case 'not-saved':
            downloads.delete(taskKey(item.task));
            break;
          case 'ended':
            endings.set(taskKey(item.ending.task), item.ending);
            break;
          case 'refused':
            return { ...ledger, refused: ledger.refused + 1 };
          case 'transition':
          case 'progress':
          case 'retry':
          case 'error':
            break;
        }
        return { ...ledger };
      }, empty),
      startWith(empty),
    );
  });

/** How many tasks there are, how many are over, and how. */
export interface Tally {
  readonly tasks: number;
  readonly over: number;
  readonly succeeded: number;
  readonly saved: number;
  /** Failed, cancelled or expired. */
  readonly otherwise: number;
  /** Could not be followed to their ends. */
  readonly errored: number;
  /** What is not as it should be, in the order of the ends. */
  readonly unwell: readonly Ending[];
}

/** Counts a run. */
export const tallyOf = ({ feed, endings }: Pick<Run, 'feed' | 'endings'>): Tally => {
  const all = [...endings.values()];
  const succeeded = all.filter(({ end }) => end === 'succeeded').length;
  const errored = all.filter(({ end }) => end === 'errored').length;
  return {
    tasks: feed.tasks.size,
    over: all.length,
    succeeded,
    saved: all.filter(({ path }) => path !== null).length,
    otherwise: all.length - succeeded - errored,
    errored,
    unwell: all.filter((ending) => !isSuccess(ending)),
  };
};
