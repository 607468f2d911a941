/**
 * The events of a run of `watch`. Everything that it shows is folded from them.
 */
import type { Agent } from 'node:http';
import { connect, defer, filter, from, map, merge, mergeMap, type Observable, type OperatorFunction } from 'rxjs';
import { taskKey, type TaskRef } from '../task/snapshot.js';
import { isTerminal, type TerminalStatus } from '../task/status.js';
import { type FeedEvent, watchTasks, type WatchTasksOptions } from '../feed/watch-tasks.js';
import type { TaskClient } from '../client/task-client.js';
import { type SaveEvent, saveVideos } from '../node/index.js';
import type { ListLine } from './task-refs.js';

/** How a task ended. There is one for each task, after its watch and its download are done. */
export interface Ending {
  readonly task: TaskRef;
  readonly end: TerminalStatus | 'errored';
  /** The path of the saved video. */
  readonly path: string | null;
  /** The size of the saved video. */
  readonly bytes: number | null;
  /** The link to the video. */
  readonly link: string | null;
  /** Why the task did not succeed, or its video is not saved; null on success. */
  readonly reason: string | null;
}

/** An event of a run. */
export type RunEvent =
  | FeedEvent
  | SaveEvent
  /** A line of stdin is invalid. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'ended'; readonly ending: Ending };

/** How tasks are watched. */
export interface RunEventsOptions extends WatchTasksOptions {
  /** The directory for videos; null to save none. */
  readonly download: string | null;
  /** Whether to save the last frames, too. */
  readonly lastFrame?: boolean | undefined;
  /** The agent for downloads. Default: Node's global agents. */
  readonly agent?: Agent | undefined;
}

/**
 * Watches tasks and saves their videos.
 *
 * Cold: each subscription watches the tasks, and shares one watch of each task between the feed and the downloads.
 * Errors: those of the lines.
 * @example from(lines).pipe(toRunEvents(client, { download: 'videos' })).subscribe(console.log)
 */
export const toRunEvents =
  (client: TaskClient, { download, lastFrame, agent, ...options }: RunEventsOptions): OperatorFunction<ListLine, RunEvent> =>
    (lines) =>
      lines.pipe(
        connect((each) =>
          merge(
            each.pipe(filter((line) => line.kind === 'refused')),
            each.pipe(
              mergeMap((line) => (line.kind === 'task' ? [line.task] : [])),
              watchTasks(client, options),
              connect((events) => (download === null ? events : merge(events, events.pipe(saveVideos({ directory: download, lastFrame, client, agent }))))),
            ),
          ),
        ),
        withEndings(download !== null),
      );

/** Adds an `ended` event after the last event of each task. */
const withEndings =
  (isSaving: boolean) =>
    (events: Observable<RunEvent>): Observable<RunEvent> =>
      defer(() => {
        const notSaved = new Map<string, Ending>();
        return events.pipe(
          mergeMap((item) => {
            const ended = endedBy(item);
            if (ended !== null && isSaving) notSaved.set(taskKey(ended.task), ended);
            const ending = isSaving ? savedBy(item, notSaved) : ended;
            return from(ending === null ? [item] : [item, { kind: 'ended' as const, ending }]);
          }),
        );
      });

/** The message of an error, without the task that begins it: its row or line names the task already. */
export const messageWithoutTask = ({ task, error }: Pick<Extract<RunEvent, { readonly kind: 'error' }>, 'task' | 'error'>): string => {
  const prefix = `${task.provider}/${task.id}: `;
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
};

/** The end of a task that an event of its watch reports. */
const endedBy = (event: RunEvent): Ending | null => {
  if (event.kind === 'error') return { task: event.task, end: 'errored', path: null, bytes: null, link: null, reason: messageWithoutTask(event) };
  if (event.kind !== 'transition' || !isTerminal(event.transition.to)) return null;
  const { task, transition } = event;
  const base = { task, path: null, bytes: null, link: null, reason: null };
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
const savedBy = (event: RunEvent, notSaved: Map<string, Ending>): Ending | null => {
  if (event.kind !== 'saved' && event.kind !== 'not-saved') return null;
  const ending = notSaved.get(taskKey(event.task));
  notSaved.delete(taskKey(event.task));
  if (ending === undefined) return null;
  if (event.kind === 'saved') return { ...ending, path: event.path, bytes: event.bytes };
  return { ...ending, reason: ending.reason ?? whyNotSaved(event) };
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

const isFeedEvent = (event: RunEvent): event is FeedEvent =>
  event.kind === 'added' || event.kind === 'transition' || event.kind === 'progress' || event.kind === 'retry' || event.kind === 'error';

const isSaveEvent = (event: RunEvent): event is SaveEvent => event.kind === 'download' || event.kind === 'saved' || event.kind === 'not-saved';

/** Only the events of the feed. */
export const feedEvents = (): OperatorFunction<RunEvent, FeedEvent> => filter(isFeedEvent);

/** Only the events that other programs may read: those of the feed and of the files. */
export const publicEvents = (): OperatorFunction<RunEvent, FeedEvent | SaveEvent> =>
  filter((event): event is FeedEvent | SaveEvent => isFeedEvent(event) || isSaveEvent(event));

/** Only how the tasks ended. */
export const endings = (): OperatorFunction<RunEvent, Ending> => (events) =>
  events.pipe(
    filter((item) => item.kind === 'ended'),
    map(({ ending }) => ending),
  );
