/**
 * What a run of `watch` is made of: one stream of news that everything it shows is folded from. Knows no terminal.
 */
import { connect, defer, filter, from, map, merge, mergeMap, type Observable, type OperatorFunction } from 'rxjs';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { isTerminal, type TerminalStatus } from '../task/status.js';
import { type FeedEvent, watchTasks, type WatchTasksOptions } from '../feed/feed.js';
import type { TaskClient } from '../client/task-client.js';
import { type SaveEvent, saveVideos } from '../node/index.js';
import type { ListLine } from './task-refs.js';

/** What became of a task, in the end: told once, when nothing about it is under way any more. */
export interface Ending {
  readonly task: TaskRef;
  readonly end: TerminalStatus | 'errored';
  /** Where the video is. */
  readonly path: string | null;
  /** The video's own link. */
  readonly link: string | null;
  /** Why it is no success, or not saved; null when all is well. */
  readonly reason: string | null;
}

/** Everything that can happen in a run. */
export type News =
  | FeedEvent
  | SaveEvent
  /** A line of stdin is no task. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'ended'; readonly ending: Ending };

/** How tasks are watched. */
export interface NewsOptions extends WatchTasksOptions {
  /** Where videos are saved; null: they are not. */
  readonly download: string | null;
}

/**
 * Watches tasks and saves their videos.
 *
 * Cold: each subscription watches anew, and shares one watch of each task between the news and the files.
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

/** After the last news of each task: what became of it. */
const withEndings =
  (isSaving: boolean) =>
  (news: Observable<News>): Observable<News> =>
    defer(() => {
      const unsaved = new Map<string, Ending>();
      return news.pipe(
        mergeMap((item) => {
          const ended = endedBy(item);
          if (ended !== null && isSaving) unsaved.set(taskKey(ended.task), ended);
          const ending = isSaving ? keptBy(item, unsaved) : ended;
          return from(ending === null ? [item] : [item, { kind: 'ended' as const, ending }]);
        }),
      );
    });

/** The end of a task, as its watch sees it. */
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
      return { ...base, end: 'cancelled', reason: 'somebody cancelled it' };
    case 'expired':
      return { ...base, end: 'expired', reason: 'the provider gave it up' };
    case 'queued':
    case 'running':
    case 'unknown':
      return null;
  }
};

/** The end of a task of which the video is saved, or cannot be. */
const keptBy = (news: News, unsaved: Map<string, Ending>): Ending | null => {
  if (news.kind !== 'saved' && news.kind !== 'not-saved') return null;
  const ending = unsaved.get(taskKey(news.task));
  unsaved.delete(taskKey(news.task));
  if (ending === undefined) return null;
  if (news.kind === 'saved') return { ...ending, path: news.path };
  return { ...ending, reason: ending.reason ?? whyUnsaved(news) };
};

/** Why the video of a task that succeeded is not saved. */
export const whyUnsaved = ({ error, reason }: Extract<SaveEvent, { readonly kind: 'not-saved' }>): string =>
  error?.message ?? (reason === 'no-video' ? 'the answer holds no link to a video' : reason);

/** How a task ended, for people. */
export const endWord = (end: Ending['end']): string => (end === 'errored' ? 'lost' : end);

/** Whether all is well with a task. */
export const isSuccess = ({ end, reason }: Ending): boolean => end === 'succeeded' && reason === null;

const isFeedEvent = (news: News): news is FeedEvent =>
  news.kind === 'added' || news.kind === 'transition' || news.kind === 'progress' || news.kind === 'retry' || news.kind === 'error';

const isSaveEvent = (news: News): news is SaveEvent => news.kind === 'download' || news.kind === 'saved' || news.kind === 'not-saved';

/** The news that are events of the feed. */
export const feedEvents = (): OperatorFunction<News, FeedEvent> => filter(isFeedEvent);

/** The news that others may read: events of the feed and of the files. */
export const publicEvents = (): OperatorFunction<News, FeedEvent | SaveEvent> =>
  filter((news): news is FeedEvent | SaveEvent => isFeedEvent(news) || isSaveEvent(news));

/** What became of the tasks. */
export const endings = (): OperatorFunction<News, Ending> => (news) =>
  news.pipe(
    filter((item) => item.kind === 'ended'),
    map(({ ending }) => ending),
  );
