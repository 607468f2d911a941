/**
 * The state of a run, folded from its events. The board, the summary and the exit code are derived from it.
 */
import { combineLatest, connect, defer, map, type OperatorFunction, scan, startWith } from 'rxjs';
import { taskKey } from '../task/snapshot.js';
import { type Feed, toFeed } from '../feed/feed.js';
import type { DownloadProgress } from '../node/index.js';
import { type Ending, feedEvents, isSuccess, type RunEvent } from './run-events.js';
import { type Count, countsOf, endStanding } from './standing.js';

/** The state beside the feed. Its collections are updated in place: read them, do not keep them. */
export interface RunDetails {
  /** Downloads in progress. */
  readonly downloads: ReadonlyMap<string, DownloadProgress>;
  /** The finished tasks, in the order in which they finished. */
  readonly endings: ReadonlyMap<string, Ending>;
  /** How many lines of stdin were invalid. */
  readonly refused: number;
}

/** The state of a run. */
export interface Run extends RunDetails {
  readonly feed: Feed;
}

/** Folds events into the states of a run, the empty one first. */
export const toRun = (): OperatorFunction<RunEvent, Run> =>
  connect((events) => combineLatest([events.pipe(feedEvents(), toFeed()), events.pipe(toDetails())]).pipe(map(([feed, details]) => ({ feed, ...details }))));

const toDetails = (): OperatorFunction<RunEvent, RunDetails> => (events) =>
  defer(() => {
    const downloads = new Map<string, DownloadProgress>();
    const endings = new Map<string, Ending>();
    const empty: RunDetails = { downloads, endings, refused: 0 };
    return events.pipe(
      scan((details, item) => {
        switch (item.kind) {
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
            return { ...details, refused: details.refused + 1 };
          case 'added':
          case 'removed':
          case 'transition':
          case 'progress':
          case 'retry':
          case 'error':
            break;
        }
        return { ...details };
      }, empty),
      startWith(empty),
    );
  });

/** How many tasks there are, how many are finished, and how they ended. */
export interface Tally {
  readonly tasks: number;
  readonly finished: number;
  /** The finished tasks: each counts once. */
  readonly counts: readonly Count[];
  readonly saved: number;
  readonly savedBytes: number;
  /** The tasks that did not succeed or were not saved, in the order in which they finished. */
  readonly problems: readonly Ending[];
  /** The successful tasks whose videos are not saved. */
  readonly unsaved: readonly Ending[];
}

/** Counts a run. */
export const tallyOf = ({ feed, endings }: Pick<Run, 'feed' | 'endings'>): Tally => {
  const all = [...endings.values()];
  const saved = all.filter(({ path }) => path !== null);
  return {
    tasks: feed.tasks.size,
    finished: all.length,
    counts: countsOf(all.map(endStanding)),
    saved: saved.length,
    savedBytes: saved.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    problems: all.filter((ending) => !isSuccess(ending)),
    unsaved: all.filter((ending) => isSuccess(ending) && ending.path === null),
  };
};
