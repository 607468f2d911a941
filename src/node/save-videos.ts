/**
 * From a feed to files: every task that ends is saved, or it is said why not. Knows no provider.
 */
import { join } from 'node:path';
import { asyncScheduler, catchError, connect, filter, isObservable, merge, mergeAll, mergeMap, type Observable, of, type OperatorFunction } from 'rxjs';
import { checkCount } from '../checks.js';
import type { TaskRef } from '../task/snapshot.js';
import type { TransitionTo } from '../task/transition.js';
import type { FeedEvent } from '../feed/feed.js';
import { checkedOptions, type DownloadOptions, type DownloadProgress, downloadWith } from './download.js';
import { diskError, type DownloadError, isDownloadError } from './download-error.js';
import { extensionOf, taskFileName } from './file-name.js';
import { savedVideo, writeRecord } from './video-record.js';

/** What becomes of the video of one task: any number of `download`, then one of `saved` and `unsaved`. */
export type SaveEvent =
  | { readonly kind: 'download'; readonly task: TaskRef; readonly progress: DownloadProgress }
  /** `isNew` is false when the video was there already, from an earlier run. */
  | { readonly kind: 'saved'; readonly task: TaskRef; readonly path: string; readonly bytes: number; readonly isNew: boolean }
  | { readonly kind: 'unsaved'; readonly task: TaskRef; readonly reason: UnsavedReason; readonly error: Error | null };

/**
 * `failed`, `cancelled`, `expired` the task ended so · `errored` it could not be followed to its end · `no-video` it succeeded, and its
 * response holds no link · `download` the file did not come, or could not be kept: the error is a `DownloadError`.
 */
export type UnsavedReason = 'failed' | 'cancelled' | 'expired' | 'errored' | 'no-video' | 'download';

/** Where the videos go. Those of `download` that are not of one file hold for each. */
export interface SaveVideosOptions extends Pick<DownloadOptions, 'directory' | 'client' | 'retry' | 'giveUpAfterMs' | 'stallMs' | 'agent'> {
  /** Downloads at once; default: 4. The others stand in line. */
  readonly concurrency?: number | undefined;
}

/**
 * Saves the video of each task that succeeds as `<provider>-<id>.mp4`, with a record of the task beside it, `<provider>-<id>.json`.
 *
 *     events    a: transition   b: transition   a: succeeded   b: failed
 *     result                                    a: download… a: saved   b: unsaved
 *
 * A video that is there with its record is not fetched again. An error of one task leaves the others alone.
 * Errors: those of the source. `RangeError` or `TypeError` at once for a bad option.
 * @example refs$.pipe(watchTasks(client), saveVideos({ directory: 'videos', client })).subscribe(console.log)
 */
export const saveVideos = ({ concurrency = 4, ...options }: SaveVideosOptions): OperatorFunction<FeedEvent, SaveEvent> => {
  checkCount('concurrency', concurrency);
  checkedOptions(options);
  return (events) =>
    events.pipe(
      mergeMap((event) => outcomeOf(event, options)),
      connect((outcomes) =>
        merge(
          outcomes.pipe(filter((outcome): outcome is SaveEvent => !isObservable(outcome))),
          outcomes.pipe(filter((outcome): outcome is Observable<SaveEvent> => isObservable(outcome)), mergeAll(concurrency)),
        ),
      ),
    );
};

/** What follows at once, or a download that waits for its turn. */
type Outcome = SaveEvent | Observable<SaveEvent>;

const outcomeOf = (event: FeedEvent, options: DownloadOptions): readonly Outcome[] => {
  if (event.kind === 'error') return [unsaved(event.task, 'errored', event.error)];
  if (event.kind !== 'transition') return [];
  const { transition } = event;
  switch (transition.to) {
    case 'succeeded':
      return [videoOf(transition, options)];
    case 'failed':
    case 'cancelled':
    case 'expired':
      return [unsaved(event.task, transition.to, null)];
    case 'queued':
    case 'running':
    case 'unknown':
      return [];
  }
};

const unsaved = (task: TaskRef, reason: UnsavedReason, error: Error | null): SaveEvent => ({ kind: 'unsaved', task, reason, error });

const videoOf = ({ task, snapshot }: TransitionTo<'succeeded'>, options: DownloadOptions): Outcome => {
  const { directory } = options;
  const name = taskFileName(task);
  const recordPath = join(directory, `${name}.json`);
  const failed = (error: unknown): SaveEvent => unsaved(task, 'download', asDownloadError(error, task, options));
  try {
    const there = savedVideo(recordPath, directory);
    if (there !== null) return { kind: 'saved', task, ...there, isNew: false };
    if (snapshot.video === null) return unsaved(task, 'no-video', null);
    const fileName = `${name}${extensionOf(snapshot.video.url)}`;
    const keepRecord = (bytes: number): void => {
      // Before the file has its name: a video without a record would be a stranger's to the next run.
      writeRecord(recordPath, { version: 1, task, file: fileName, bytes, savedAtMs: asyncScheduler.now(), snapshot });
    };
    return downloadWith(snapshot, { ...options, fileName }, keepRecord).pipe(
      mergeMap((progress): readonly SaveEvent[] => {
        const { path, receivedBytes: bytes, done } = progress;
        const event = { kind: 'download', task, progress } as const;
        return done ? [event, { kind: 'saved', task, path, bytes, isNew: true }] : [event];
      }),
      catchError((error: unknown) => of(failed(error))),
    );
  } catch (error) {
    return failed(error);
  }
};

/** What is thrown while a record is read or written is the disk's. */
const asDownloadError = (error: unknown, task: TaskRef, { directory }: DownloadOptions): DownloadError =>
  isDownloadError(error) ? error : diskError(join(directory, taskFileName(task)), error);
