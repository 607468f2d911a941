/**
 * The events of a run of `watch`. Everything that it shows is folded from them.
 */
import { connect, defer, filter, from, map, merge, mergeMap, type Observable, type OperatorFunction } from 'rxjs';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { isTerminal, type TerminalStatus } from '../task/status.js';
import { type FeedEvent, watchTasks, type WatchTasksOptions } from '../feed/feed.js';
import type { TaskClient } from '../client/task-client.js';
import { type SaveEvent, saveVideos } from '../node/index.js';
import type { ListLine } from './task-refs.js';

/** How a task ended. There is one for each task, after its watch and its download are done. */
export interface Ending {
  readonly task: TaskRef;
  readonly end: TerminalStatus | 'errored';
  /** The path of the saved video. */
  readonly path: string | null;
  /** The link to the video. */
  readonly link: string | null;
  /** Why the task did not succeed, or its video is not saved; null on success. */
  readonly reason: string | null;
}

/** An event of a run. */
export type News =
  | FeedEvent
  | SaveEvent
  /** A line of stdin is invalid. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'ended'; readonly ending: Ending };

/** How tasks are watched. */
export interface NewsOptions extends WatchTasksOptions {
  /** The directory for videos; null to save none. */
  readonly download: string | null;
}

/**
 * Watches tasks and saves their videos.
 *
 * Cold: each subscription watches the tasks, and shares one watch of each task between the feed and the downloads.
 * Errors: those of the lines.
 * @example from(lines).pipe(toNews(client, { download: 'videos' })).subscribe(tell)
 */
export const toNews =
  (client: TaskClient, { download, ...options }: NewsOptions): OperatorFunction<ListLine, News> =>
  (lines) =>
    lines.pipe(
      connect((each) =>
        merge(
          each.pipe(filter((line) => line.kind === 'refused')),
          each.pipe(
            mergeMap((line) => (line.kind === 'task' ? [line.task] : [])),
            watchTasks(client, options),
            connect((events) => (download === null ? events : merge(events, events.pipe(saveVideos({ directory: download, client }))))),
          ),
        ),
      ),
      withEndings(download !== null),
    );

/** Adds an `ended` event after the last event of each task. */
const withEndings =
  (isSaving: boolean) =>
  (news: Observable<News>): Observable<News> =>
    defer(() => {
      const notSaved = new Map<string, Ending>();
      return news.pipe(
        mergeMap((item) => {
          const ended = endedBy(item);
          if (ended !== null && isSaving) notSaved.set(taskKey(ended.task), ended);
          const ending = isSaving ? savedBy(item, notSaved) : ended;
          return from(ending === null ? [item] : [item, { kind: 'ended' as const, ending }]);
        }),
      );
    });

/** The end of a task that an event of its watch reports. */
const endedBy = (news: News): Ending | null => {
  if (news.kind === 'error') return { task: news.task, end: 'errored', path: null, link: null, reason: news.error.message };
  if (news.kind !== 'transition' || !isTerminal(news.transition.to)) return null;
  const { task, transition } = news;
  const base = { task, path: null, link: null, reason: null };
  switch (transition.to) {
    case 'succeeded':
      return { ...base, end: 'succeeded', link: transition.snapshot.video?.url ?? null };
    case 'failed':
      return { ...base, end: 'failed', reason: `${transition.snapshot.failure.reason}: ${transition.snapshot.failure.message}` };
    case 'cancelled':
      return { ...base, end: 'cancelled', reason: 'cancelled' };
    case 'expired':
      return { ...base, end: 'expired', reason: 'expired' };
    case 'queued':
    case 'running':
    case 'unknown':
      return null;
  }
};

/** The end of a task whose video is saved, or cannot be. */
const savedBy = (news: News, notSaved: Map<string, Ending>): Ending | null => {
  if (news.kind !== 'saved' && news.kind !== 'not-saved') return null;
  const ending = notSaved.get(taskKey(news.task));
  notSaved.delete(taskKey(news.task));
  if (ending === undefined) return null;
  if (news.kind === 'saved') return { ...ending, path: news.path };
  return { ...ending, reason: ending.reason ?? whyNotSaved(news) };
};

/** Why a video is not saved. */
export const whyNotSaved = ({ error, reason }: Extract<SaveEvent, { readonly kind: 'not-saved' }>): string =>
  error?.message ?? (reason === 'no-video' ? 'the response has no link to a video' : reason);

/** How a task ended, for people. */
export const endWord = (end: Ending['end']): string => (end === 'errored' ? 'could not be followed' : end);

/** The reason, unless it only repeats how the task ended. */
export const reasonToShow = ({ end, reason }: Ending): string | null => (reason === end ? null : reason);

/** Whether a task succeeded and, if it should be, is saved. */
export const isSuccess = ({ end, reason }: Ending): boolean => end === 'succeeded' && reason === null;

const isFeedEvent = (news: News): news is FeedEvent =>
  news.kind === 'added' || news.kind === 'transition' || news.kind === 'progress' || news.kind === 'retry' || news.kind === 'error';

const isSaveEvent = (news: News): news is SaveEvent => news.kind === 'download' || news.kind === 'saved' || news.kind === 'not-saved';

/** Only the events of the feed. */
export const feedEvents = (): OperatorFunction<News, FeedEvent> => filter(isFeedEvent);

/** Only the events that other programs may read: those of the feed and of the files. */
export const publicEvents = (): OperatorFunction<News, FeedEvent | SaveEvent> =>
  filter((news): news is FeedEvent | SaveEvent => isFeedEvent(news) || isSaveEvent(news));

/** Only how the tasks ended. */
export const endings = (): OperatorFunction<News, Ending> => (news) =>
  news.pipe(
    filter((item) => item.kind === 'ended'),
    map(({ ending }) => ending),
  );
