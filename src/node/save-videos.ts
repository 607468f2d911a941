/**
 * Saves the video of each task of a feed, or reports why it is not saved.
 */
import { join } from 'node:path';
import { asyncScheduler, catchError, connect, defer, filter, isObservable, last, map, merge, mergeAll, mergeMap, type Observable, of, type OperatorFunction } from 'rxjs';
import { checkBoolean, checkCount } from '../checks.js';
import type { TaskRef } from '../task/snapshot.js';
import type { TransitionTo } from '../task/transition.js';
import type { FeedEvent } from '../feed/watch-tasks.js';
import { checkedOptions, type DownloadOptions, type DownloadProgress } from './download-options.js';
import { diskError, type DownloadError, isDownloadError } from './download-error.js';
import { downloadFile, lastFrameOf, videoOf } from './file-download.js';
import { taskFileName } from './file-name.js';
import { tidyPart } from './part-file.js';
import { createPlaces, type Places } from './places.js';
import { addLastFrame, savedVideo, type SavedVideo, writeRecord } from './video-record.js';

/** An event about the video of a task: any number of `download`, then one `saved` or `not-saved`. */
export type SaveEvent =
  | { readonly kind: 'download'; readonly task: TaskRef; readonly progress: DownloadProgress }
  /** `isNew` is false when an earlier run has saved the video. `error` says why its last frame is not saved. */
  | SavedVideo & { readonly kind: 'saved'; readonly task: TaskRef; readonly isNew: boolean; readonly error: DownloadError | null }
  | { readonly kind: 'not-saved'; readonly task: TaskRef; readonly reason: NotSavedReason; readonly error: Error | null };

/**
 * `failed`, `cancelled`, `expired` the status of the task · `errored` the task could not be followed to its end · `no-video` the task
 * succeeded, but its response has no link · `download` the download failed: `error` is a `DownloadError`.
 */
export type NotSavedReason = 'failed' | 'cancelled' | 'expired' | 'errored' | 'no-video' | 'download';

/** Options of `saveVideos`. Those of `download` apply to each video. */
export interface SaveVideosOptions
  extends Pick<DownloadOptions, 'directory' | 'sink' | 'client' | 'retry' | 'giveUpAfterMs' | 'idleTimeoutMs' | 'minBytesPerSecond' | 'speedWindowMs' | 'maxBytes' | 'agent' | 'allowPrivateHosts'> {
  /** The maximum number of concurrent downloads; the others are queued. One that waits for its next connection gives its place to another. Default: 4. */
  readonly concurrency?: number | undefined;
  /**
   * Whether to save the last frame of each video, too, as `<provider>-<id>.last.png`. Some tasks have none: it is an option of the request that
   * creates a task. Default: false.
   */
  readonly lastFrame?: boolean | undefined;
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
export const saveVideos = ({ concurrency = 4, lastFrame = false, ...options }: SaveVideosOptions): OperatorFunction<FeedEvent, SaveEvent> => {
  checkCount('concurrency', concurrency);
  checkBoolean('lastFrame', lastFrame);
  checkedOptions(options);
  return (events) => defer(() => {
    const places = createPlaces(concurrency);
    return events.pipe(
      mergeMap((event) => resultOf(event, { ...options, lastFrame }, places)),
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

const resultOf = (event: FeedEvent, options: SaveVideosOptions, places: Places): readonly Result[] => {
  if (event.kind === 'error') return [notSaved(event.task, 'errored', event.error)];
  if (event.kind !== 'transition') return [];
  const { transition } = event;
  switch (transition.to) {
    case 'succeeded':
      return [resultOfSuccess(transition, options, places)];
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

const savedEvent = (task: TaskRef, video: SavedVideo, isNew: boolean, error: DownloadError | null = null): SaveEvent => ({ kind: 'saved', task, ...video, isNew, error });

const resultOfSuccess = ({ task, snapshot }: TransitionTo<'succeeded'>, options: SaveVideosOptions, places: Places): Result => {
  const { directory } = options;
  const isSent = options.sink !== undefined;
  const recordPath = join(directory, `${taskFileName(task)}.json`);
  const found = (): SavedVideo | null => savedVideo(recordPath, directory, isSent);
  const failed = (error: unknown): SaveEvent => notSaved(task, 'download', asDownloadError(error, task, options));
  const video = videoOf(task, snapshot);
  const lastFrame = lastFrameOf(task, snapshot);
  const wantsLastFrame = options.lastFrame === true && lastFrame.url !== null;

  const saveVideo = (): Observable<SaveEvent | SavedVideo> => {
    const onComplete = (bytes: number): void => {
      // Before the file gets its name: the next run would not recognize a video without a record.
      writeRecord(recordPath, { version: 1, task, file: video.name, bytes, savedAtMs: asyncScheduler.now(), isSent, lastFrame: null, snapshot });
    };
    return downloadFile(video, options, { onComplete, places }).pipe(
      mergeMap((progress): readonly (SaveEvent | SavedVideo)[] => {
        const { path, receivedBytes: bytes, done } = progress;
        const event = { kind: 'download', task, progress } as const;
        return done ? [event, { path, bytes, lastFrame: null }] : [event];
      }),
    );
  };

  /** Saves the last frame of a saved video. If that fails, the video is saved all the same, and the next run tries again. */
  const saveLastFrame = (saved: SavedVideo, isNew: boolean): Observable<SaveEvent> => {
    if (!wantsLastFrame || saved.lastFrame !== null) return of(savedEvent(task, saved, isNew));
    const onComplete = (bytes: number): void => { addLastFrame(recordPath, { file: lastFrame.name, bytes }); };
    return downloadFile(lastFrame, options, { onComplete, places }).pipe(
      last(),
      map(({ path, receivedBytes: bytes }) => savedEvent(task, { ...saved, lastFrame: { path, bytes } }, isNew)),
      catchError((error: unknown) => of(savedEvent(task, saved, isNew, asDownloadError(error, task, options)))),
    );
  };

  try {
    const existing = found();
    if (existing !== null) {
      if (!isSent) tidyPart(existing.path);
      return wantsLastFrame && existing.lastFrame === null ? saveLastFrame(existing, false) : savedEvent(task, existing, false);
    }
    if (video.url === null) return notSaved(task, 'no-video', null);
    return saveVideo().pipe(
      mergeMap((result) => ('kind' in result ? of(result) : saveLastFrame(result, true))),
      catchError((error: unknown) => {
        // Another program may have saved it in the meantime.
        const saved = isDownloadError(error, 'exists') ? found() : null;
        return saved === null ? of(failed(error)) : saveLastFrame(saved, false);
      }),
    );
  } catch (error) {
    return failed(error);
  }
};

/** Errors of reading or writing a record become errors of kind `disk`. */
const asDownloadError = (error: unknown, task: TaskRef, { directory }: DownloadOptions): DownloadError =>
  isDownloadError(error) ? error : diskError(join(directory, taskFileName(task)), error);
