/**
 * Saves the video of each task of a feed, or reports why it is not saved.
 */
import { join } from 'node:path';
import { asyncScheduler, catchError, connect, defer, filter, isObservable, merge, mergeAll, mergeMap, type Observable, of, type OperatorFunction } from 'rxjs';
import { checkCount } from '../checks.js';
import type { TaskRef } from '../task/snapshot.js';
import type { TransitionTo } from '../task/transition.js';
import type { FeedEvent } from '../feed/watch-tasks.js';
import { checkedOptions, type DownloadOptions, type DownloadProgress, downloadWith } from './download.js';
import { diskError, type DownloadError, isDownloadError } from './download-error.js';
import { extensionOf, taskFileName } from './file-name.js';
import { createPlaces, type Places } from './places.js';
import { savedVideo, writeRecord } from './video-record.js';

/** An event about the video of a task: any number of `download`, then one `saved` or `not-saved`. */
export type SaveEvent =
  | { readonly kind: 'download'; readonly task: TaskRef; readonly progress: DownloadProgress }
  /** `isNew` is false when an earlier run has saved the video. */
  | { readonly kind: 'saved'; readonly task: TaskRef; readonly path: string; readonly bytes: number; readonly isNew: boolean }
  | { readonly kind: 'not-saved'; readonly task: TaskRef; readonly reason: NotSavedReason; readonly error: Error | null };

/**
 * `failed`, `cancelled`, `expired` the status of the task · `errored` the task could not be followed to its end · `no-video` the task
 * succeeded, but its response has no link · `download` the download failed: `error` is a `DownloadError`.
 */
export type NotSavedReason = 'failed' | 'cancelled' | 'expired' | 'errored' | 'no-video' | 'download';

/** Options of `saveVideos`. Those of `download` apply to each video. */
export interface SaveVideosOptions
  extends Pick<DownloadOptions, 'directory' | 'client' | 'retry' | 'giveUpAfterMs' | 'idleTimeoutMs' | 'minBytesPerSecond' | 'speedWindowMs' | 'maxBytes' | 'agent' | 'allowPrivateHosts'> {
  /** The maximum number of concurrent downloads; the others are queued. One that waits for its next connection gives its place to another. Default: 4. */
  readonly concurrency?: number | undefined;
}

/**
 * Saves the video of each task that succeeds as `<provider>-<id>.mp4`, with a record of the task beside it, `<provider>-<id>.json`.
 *
 *     events    a: transition   b: transition   a: succeeded   b: failed
 *     result                                    a: download… a: saved   b: not-saved
 *
 * A video that exists with its record is not downloaded again. An error of one task does not affect the others.
 * Errors: those of the source. Throws `RangeError` or `TypeError` at once for an invalid option.
 * @example refs$.pipe(watchTasks(client), saveVideos({ directory: 'videos', client })).subscribe(console.log)
 */
export const saveVideos = ({ concurrency = 4, ...options }: SaveVideosOptions): OperatorFunction<FeedEvent, SaveEvent> => {
  checkCount('concurrency', concurrency);
  checkedOptions(options);
  return (events) => defer(() => {
    const places = createPlaces(concurrency);
    return events.pipe(
      mergeMap((event) => resultOf(event, options, places)),
      connect((results) =>
        merge(
          results.pipe(filter((result): result is SaveEvent => !isObservable(result))),
          results.pipe(filter((result): result is Observable<SaveEvent> => isObservable(result)), mergeAll(startedPerPlace * concurrency)),
        ),
      ),
    );
  });
};

/** How many downloads may be started for each place: those that wait for their next connection keep a file open. */
const startedPerPlace = 8;

/** An event to emit at once, or a download to queue. */
type Result = SaveEvent | Observable<SaveEvent>;

const resultOf = (event: FeedEvent, options: DownloadOptions, places: Places): readonly Result[] => {
  if (event.kind === 'error') return [notSaved(event.task, 'errored', event.error)];
  if (event.kind !== 'transition') return [];
  const { transition } = event;
  switch (transition.to) {
    case 'succeeded':
      return [videoOf(transition, options, places)];
    case 'failed':
    case 'cancelled':
    case 'expired':
      return [notSaved(event.task, transition.to, null)];
    case 'queued':
    case 'running':
    case 'unknown':
      return [];
  }
};

const notSaved = (task: TaskRef, reason: NotSavedReason, error: Error | null): SaveEvent => ({ kind: 'not-saved', task, reason, error });

const videoOf = ({ task, snapshot }: TransitionTo<'succeeded'>, options: DownloadOptions, places: Places): Result => {
  const { directory } = options;
  const name = taskFileName(task);
  const recordPath = join(directory, `${name}.json`);
  const failed = (error: unknown): SaveEvent => notSaved(task, 'download', asDownloadError(error, task, options));
  try {
    const existing = savedVideo(recordPath, directory);
    if (existing !== null) return { kind: 'saved', task, ...existing, isNew: false };
    if (snapshot.video === null) return notSaved(task, 'no-video', null);
    const fileName = `${name}${extensionOf(snapshot.video.url)}`;
    const keepRecord = (bytes: number): void => {
      // Before the file gets its name: the next run would not recognize a video without a record.
      writeRecord(recordPath, { version: 1, task, file: fileName, bytes, savedAtMs: asyncScheduler.now(), snapshot });
    };
    return downloadWith(snapshot, { ...options, fileName }, keepRecord, places).pipe(
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

/** Errors of reading or writing a record become errors of kind `disk`. */
const asDownloadError = (error: unknown, task: TaskRef, { directory }: DownloadOptions): DownloadError =>
  isDownloadError(error) ? error : diskError(join(directory, taskFileName(task)), error);
